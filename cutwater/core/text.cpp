#include "cutwater/core/text.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace cutwater {

namespace {

struct unit {
    duration::rep nanoseconds;
    std::string_view suffix;
};

constexpr std::array units{
    unit{3'600'000'000'000, "h"}, unit{60'000'000'000, "min"}, unit{1'000'000'000, "s"},
    unit{1'000'000, "ms"},        unit{1'000, "us"},           unit{1, "ns"},
};

/// Up to three decimals of `rest / whole`, without trailing zeros: `.5`, or nothing.
std::string decimals(duration::rep rest, duration::rep whole) {
    auto thousandths = static_cast<int>(static_cast<double>(rest) / static_cast<double>(whole) * 1000.0);
    if (thousandths == 0) return {};
    std::string digits = std::to_string(1000 + thousandths);
    digits.front() = '.';
    while (digits.back() == '0') digits.pop_back();
    return digits;
}

}  // namespace

std::string to_text(duration d) {
    if (d == forever) return "none";
    if (d < duration::zero()) return "-" + to_text(d <= -forever ? forever - duration{1} : -d);
    if (d == duration::zero()) return "0s";
    for (const unit& u : units)
        if (d.count() >= u.nanoseconds)
            return std::to_string(d.count() / u.nanoseconds) + decimals(d.count() % u.nanoseconds, u.nanoseconds) +
                   std::string{u.suffix};
    return "0s";
}

std::string in_quotes(std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    std::string shown{'"'};
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            shown.append({'\\', c});
        else if (c == '\n')
            shown += "\\n";
        else if (byte < ' ' || byte == 0x7f)
            shown.append("\\x").append({hex[byte / 16], hex[byte % 16]});
        else
            shown += c;
    }
    return shown + '"';
}

std::string to_text(double value) {
    if (std::isnan(value)) return "nan";
    std::array<char, 32> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    return {digits.data(), written.ptr};
}

}  // namespace cutwater
