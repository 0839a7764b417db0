#include "cutwater/http/idempotency/response_codec.hpp"

#include <algorithm>
#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>

#include "cutwater/http/field_value.hpp"

namespace cutwater {

namespace {

namespace http = boost::beast::http;

constexpr unsigned least_status = 100;
constexpr unsigned most_status = 999;

bool is_of_the_connection(std::string_view field) {
    constexpr std::array<std::string_view, 4> own{"connection", "keep-alive", "content-length", "transfer-encoding"};
    return std::ranges::any_of(own, [&](std::string_view o) { return same_field(o, field); });
}

/// Beast keeps a field's name and value in 16 bits of length each, with what stands between lines.
bool has_room(const http_field& field) {
    constexpr std::size_t most = 65'000;
    return field.name.size() <= most && field.value.size() <= most;
}

bool has_no_body(unsigned status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

wire_response to_wire(const http_response& response) {
    wire_response out;
    out.version(11);
    out.result(std::clamp(response.status, least_status, most_status));
    if (detail::is_field_value(response.reason)) out.reason(response.reason);
    for (const http_field& field : response.fields)
        if (has_room(field) && detail::is_token(field.name) && detail::is_field_value(field.value) &&
            !is_of_the_connection(field.name))
            out.insert(field.name, field.value);
    if (has_no_body(out.result_int())) return out;
    out.body() = response.body;
    out.content_length(response.body.size());
    return out;
}

std::string cell_codec<http_response>::encode(const http_response& response) {
    wire_response out = to_wire(response);
    http::serializer<false, http::string_body> writer{out};
    std::string bytes;
    boost::system::error_code failed;
    while (!writer.is_done() && !failed)
        writer.next(failed, [&](boost::system::error_code&, const auto& buffers) {
            for (auto each = boost::asio::buffer_sequence_begin(buffers);
                 each != boost::asio::buffer_sequence_end(buffers); ++each) {
                const boost::asio::const_buffer part = *each;
                bytes.append(static_cast<const char*>(part.data()), part.size());
            }
            writer.consume(boost::asio::buffer_size(buffers));
        });
    return bytes;
}

std::optional<http_response> cell_codec<http_response>::decode(std::string_view bytes) {
    http::response_parser<http::string_body> reader;
    reader.eager(true);
    reader.header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), UINT32_MAX)));
    reader.body_limit(bytes.size());
    boost::system::error_code failed;
    const std::size_t used = reader.put(boost::asio::buffer(bytes.data(), bytes.size()), failed);
    if (failed || used != bytes.size()) return std::nullopt;
    if (!reader.is_done()) reader.put_eof(failed);  // without a length nothing more belongs to it
    if (failed || !reader.is_done()) return std::nullopt;
    wire_response in = reader.release();
    http_response made{.status = in.result_int(), .reason = std::string{in.reason()}};
    for (const auto& field : in.base())
        if (!is_of_the_connection({field.name_string().data(), field.name_string().size()}))
            made.fields.add(std::string{field.name_string()}, std::string{field.value()});
    made.body = std::move(in.body());
    return made;
}

}  // namespace cutwater
