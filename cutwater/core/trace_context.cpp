#include "cutwater/core/trace_context.hpp"

#include <algorithm>
#include <ranges>
#include <vector>

namespace cutwater {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view blank = " \t";

void append_hex(std::string& out, std::uint64_t value, unsigned digits) {
    while (digits-- > 0) out += hex_digits[value >> (4 * digits) & 0xfU];
}

/// So many digits, lower case, and nothing else.
std::optional<std::uint64_t> parse_hex(std::string_view text) noexcept {
    std::uint64_t value = 0;
    for (const char c : text) {
        const std::size_t digit = hex_digits.find(c);
        if (digit == std::string_view::npos) return {};
        value = value << 4U | digit;
    }
    return value;
}

// --- traceparent: where each part begins -------------------------------------------------------------------------------

constexpr std::size_t whole = 55;  // of version 00
constexpr std::size_t trace_at = 3;
constexpr std::size_t span_at = 36;
constexpr std::size_t flags_at = 53;
constexpr std::uint64_t forbidden_version = 0xff;

bool has_dashes(std::string_view text) noexcept {
    return text[trace_at - 1] == '-' && text[span_at - 1] == '-' && text[flags_at - 1] == '-';
}

/// What is after the parts that we know: nothing in our version, in a later one whatever a dash begins.
bool may_end_so(std::string_view text, std::uint64_t version) noexcept {
    return text.size() == whole || (version > 0 && text[whole] == '-');
}

// --- tracestate ---------------------------------------------------------------------------------------------------------

constexpr std::size_t max_part = 256;     // characters of a key, and of a value
constexpr std::size_t long_member = 128;  // what is longer is left out first

bool is_letter_or_digit(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_key(std::string_view key) noexcept {
    const auto may_follow = [](char c) {
        return is_letter_or_digit(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
    };
    return !key.empty() && key.size() <= max_part && is_letter_or_digit(key.front()) &&
           std::ranges::all_of(key, may_follow);
}

/// Its last character is no space: that would have been taken for white space after it.
bool is_value(std::string_view value) noexcept {
    const auto is_allowed = [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; };
    return !value.empty() && value.size() <= max_part && std::ranges::all_of(value, is_allowed);
}

std::string_view without_blanks_round(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string_view key_of(std::string_view member) noexcept { return member.substr(0, member.find('=')); }

bool is_member(std::string_view member) noexcept {
    const std::size_t at = member.find('=');
    return at != std::string_view::npos && is_key(member.substr(0, at)) && is_value(member.substr(at + 1));
}

using members = std::vector<std::string_view>;

/// Nothing where one is malformed, stands twice, or there are too many.
std::optional<members> members_of(std::string_view list) {
    members all;
    for (const auto part : std::views::split(list, ',')) {
        const std::string_view member = without_blanks_round(std::string_view{part.begin(), part.end()});
        if (member.empty()) continue;
        const auto is_same = [&](std::string_view other) { return key_of(other) == key_of(member); };
        if (!is_member(member) || all.size() == trace_state::max_members || std::ranges::any_of(all, is_same))
            return {};
        all.push_back(member);
    }
    return all;
}

std::size_t size_of(const members& all) noexcept {
    std::size_t size = all.empty() ? 0 : all.size() - 1;
    for (const std::string_view member : all) size += member.size();
    return size;
}

void shorten(members& all) {
    while (size_of(all) > trace_state::max_text) {
        const auto is_long = [](std::string_view member) { return member.size() > long_member; };
        const auto last_long = std::ranges::find_if(all.rbegin(), all.rend(), is_long);
        if (last_long == all.rend())
            all.pop_back();
        else
            all.erase(std::next(last_long).base());
    }
}

std::string joined(const members& all) {
    std::string text;
    for (const std::string_view member : all) text.append(text.empty() ? "" : ",").append(member);
    return text;
}

}  // namespace

trace_id trace_id::random(random_source& from) noexcept {
    trace_id made;
    while (made.is_zero()) made = {from(), from()};
    return made;
}

span_id span_id::random(random_source& from) noexcept {
    span_id made;
    while (made.is_zero()) made = {from()};
    return made;
}

std::string to_text(const trace_id& id) {
    std::string text;
    append_hex(text, id.high, 16);
    append_hex(text, id.low, 16);
    return text;
}

std::string to_text(const span_id& id) {
    std::string text;
    append_hex(text, id.value, 16);
    return text;
}

std::optional<trace_state> trace_state::parse(std::string_view list) {
    std::optional<members> all = members_of(list);
    if (!all) return {};
    shorten(*all);
    trace_state made;
    if (!all->empty()) made.text_ = std::make_shared<const std::string>(joined(*all));
    return made;
}

std::optional<std::string_view> trace_state::find(std::string_view key) const noexcept {
    for (std::string_view rest = text(); !rest.empty();) {
        const std::string_view member = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), member.size() + 1));
        if (key_of(member) == key) return member.substr(key.size() + 1);
    }
    return {};
}

std::optional<trace_context> parse_traceparent(std::string_view text) noexcept {
    if (text.size() < whole || !has_dashes(text)) return {};
    const auto version = parse_hex(text.substr(0, 2));
    if (!version || *version == forbidden_version || !may_end_so(text, *version)) return {};
    const auto high = parse_hex(text.substr(trace_at, 16));
    const auto low = parse_hex(text.substr(trace_at + 16, 16));
    const auto span = parse_hex(text.substr(span_at, 16));
    const auto flags = parse_hex(text.substr(flags_at, 2));
    if (!high || !low || !span || !flags) return {};
    trace_context read{.trace = {*high, *low}, .span = {*span}};
    read.flags = static_cast<std::uint8_t>(*flags & (trace_context::sampled | trace_context::random));
    if (read.trace.is_zero() || read.span.is_zero()) return {};
    return read;
}

std::string to_traceparent(const trace_context& context) {
    std::string text{"00-"};
    text.append(to_text(context.trace)).append("-").append(to_text(context.span)).append("-");
    append_hex(text, context.flags, 2);
    return text;
}

}  // namespace cutwater
