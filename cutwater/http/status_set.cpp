#include "cutwater/http/status_set.hpp"

#include <charconv>
#include <optional>
#include <stdexcept>

namespace cutwater {

namespace {

constexpr std::string_view allowed = "codes from 100 to 599 and ranges of them, such as 429,500-504";

bool is_status(unsigned code) noexcept { return code >= status_set::lowest && code <= status_set::highest; }

std::optional<unsigned> parse_code(std::string_view text) {
    unsigned code = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), code);
    if (failed != std::errc{} || end != text.data() + text.size() || !is_status(code)) return {};
    return code;
}

/// One code, or two with a dash between them; adds them to `codes`.
bool parse_range(std::string_view text, status_set& codes) {
    const auto dash = text.find('-');
    const auto first = parse_code(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_code(text.substr(dash + 1));
    if (!first || !last || *first > *last) return false;
    codes.add(*first, *last);
    return true;
}

}  // namespace

status_set& status_set::add(unsigned first, unsigned last) {
    if (!is_status(first) || !is_status(last)) throw std::out_of_range{"status_set: a code is from 100 to 599"};
    for (unsigned code = first; code <= last; ++code) codes_.set(code);
    return *this;
}

std::expected<status_set, std::string> status_set::parse(std::string_view list) {
    status_set codes;
    for (std::string_view rest = list;;) {
        const auto comma = rest.find(',');
        const std::string_view part = rest.substr(0, comma);
        if (!parse_range(part, codes))
            return std::unexpected{"\"" + std::string{part} + "\" is none of: " + std::string{allowed}};
        if (comma == std::string_view::npos) return codes;
        rest.remove_prefix(comma + 1);
    }
}

std::string status_set::text() const {
    std::string list;
    for (unsigned code = lowest; code <= highest; ++code) {
        if (!contains(code)) continue;
        unsigned last = code;
        while (contains(last + 1)) ++last;
        list.append(list.empty() ? "" : ", ").append(std::to_string(code));
        if (last > code) list.append("-").append(std::to_string(last));
        code = last;
    }
    return list.empty() ? "none" : list;
}

status_set transient_statuses() { return {408, 425, 429, 502, 503, 504}; }

}  // namespace cutwater
