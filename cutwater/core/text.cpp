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
    const duration::rep thousandths = rest * 1000 / whole;
    if (thousandths == 0) return {};
    std::string digits = std::to_string(1000 + thousandths);
    digits.front() = '.';
    while (digits.back() == '0') digits.pop_back();
    return digits;
}

}  // namespace

namespace {

std::string in_unit(duration d, const unit& u) {
    return std::to_string(d.count() / u.nanoseconds) + decimals(d.count() % u.nanoseconds, u.nanoseconds) +
           std::string{u.suffix};
}

/// In the first unit that `fits`; the last always does.
template <class Fits>
std::string in_a_unit(duration d, const Fits& fits) {
    if (d == forever) return "none";
    if (d == duration::zero()) return "0s";
    if (d < duration::zero()) return "-" + in_a_unit(d <= -forever ? forever - duration{1} : -d, fits);
    const auto* u = units.begin();
    while (u + 1 != units.end() && (d.count() < u->nanoseconds || !fits(d.count() % u->nanoseconds, *u))) ++u;
    return in_unit(d, *u);
}

}  // namespace

std::string to_text(duration d) {
    return in_a_unit(d, [](duration::rep, const unit&) { return true; });
}

std::string to_exact_text(duration d) {
    return in_a_unit(d, [](duration::rep rest, const unit& u) {
        const duration::rep thousandth = u.nanoseconds / 1000;
        return thousandth == 0 || rest % thousandth == 0;
    });
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
