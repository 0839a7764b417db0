#include "cutwater/http/exchange.hpp"

#include <algorithm>
#include <array>

#include <boost/asio/error.hpp>

#include "cutwater/core/text.hpp"
#include "cutwater/http/field_value.hpp"

namespace cutwater {

namespace {

namespace http = boost::beast::http;

bool is_the_clients_own(std::string_view field) {
    constexpr std::array<std::string_view, 3> own{"connection", "content-length", "transfer-encoding"};
    return std::ranges::any_of(own, [&](std::string_view o) { return same_field(o, field); });
}

bool wants_length(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

void set_unless_given(wire_request& out, const http_fields& given, http::field which, std::string_view value) {
    const auto called = http::to_string(which);
    if (!value.empty() && !given.find({called.data(), called.size()})) out.set(which, {value.data(), value.size()});
}

}  // namespace

std::optional<std::string> problem_of(const http_request& request) {
    if (!detail::is_token(request.method)) return in_quotes(request.method) + " is no method, such as GET or PUT";
    for (const http_field& field : request.fields) {
        if (!detail::is_token(field.name)) return "a field's name is no token: \"" + field.name + "\"";
        if (!detail::is_field_value(field.value))
            return "the field " + field.name + " holds a line end or another control";
        if (is_the_clients_own(field.name)) return "the field " + field.name + " is set by the client itself";
    }
    return {};
}

wire_request to_wire(const exchange_plan& plan) {
    const http_request& request = *plan.request;
    wire_request out;
    out.version(11);
    out.method_string(request.method);
    out.target(request.url.target());
    set_unless_given(out, request.fields, http::field::host, request.url.authority());
    set_unless_given(out, request.fields, http::field::user_agent, plan.user_agent);
    set_unless_given(out, request.fields, http::field::accept, "*/*");
    for (const http_field& field : request.fields) out.insert(field.name, field.value);
    out.set(http::field::connection, "close");
    out.body() = {request.body.data(), request.body.size()};
    if (!request.body.empty() || wants_length(request.method)) out.content_length(request.body.size());
    return out;
}

http_response from_wire(wire_parser& parser) {
    auto in = parser.release();
    http_response response{.status = in.result_int(), .reason = std::string{in.reason()}};
    for (const auto& field : in.base())
        response.fields.add(std::string{field.name_string()}, std::string{field.value()});
    response.body = std::move(in.body());
    return response;
}

bool may_have_answered(const boost::system::error_code& sending) noexcept {
    return sending == boost::asio::error::broken_pipe || sending == boost::asio::error::connection_reset;
}

}  // namespace cutwater
