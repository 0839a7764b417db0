#include "cutwater/observe/trace/attributes.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace cutwater::detail {

std::string cut_off(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string{text};
    const auto goes_on = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; };
    std::size_t size = most;
    while (size > 0 && most - size < 4 && goes_on(text[size])) --size;
    return std::string{text.substr(0, size)};
}

std::string_view subject_of(std::string_view event) noexcept {
    const std::string_view first = event.substr(0, event.find('_'));
    return first == "timed" ? "timeout" : first;
}

double in_seconds(duration d) noexcept {
    if (d == forever) return std::numeric_limits<double>::infinity();
    return std::chrono::duration<double>{d}.count();
}

void add_server(span_attributes& to, std::string_view target, std::size_t max_text) {
    if (target.empty()) return;
    std::string_view host = target;
    std::uint16_t port = 0;
    const std::size_t colon = target.rfind(':');
    if (colon != std::string_view::npos && colon > 0) {
        const std::string_view digits = target.substr(colon + 1);
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
        const bool is_port = !digits.empty() && read.ec == std::errc{} && read.ptr == digits.data() + digits.size();
        const std::string_view before = target.substr(0, colon);
        const bool is_host =
            before.find(':') == std::string_view::npos || before.ends_with(']');  // else an IPv6 address
        if (is_port && is_host)
            host = before;
        else
            port = 0;
    }
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    to.push_back({"server.address", cut_off(host, max_text)});
    if (port != 0) to.push_back({"server.port", std::int64_t{port}});
}

void field_attributes::on_text(std::string_view field, std::string_view value) {
    if (field == "error_type")
        to_.push_back({"error.type", cut_off(value, max_text_)});
    else if (field == "error_message")
        to_.push_back({"error.message", cut_off(value, max_text_)});
    else
        to_.push_back({prefix_ + std::string{field}, cut_off(value, max_text_)});
}

}  // namespace cutwater::detail
