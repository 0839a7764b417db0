#include "cutwater/sim/given.hpp"

#include <array>
#include <charconv>
#include <stdexcept>
#include <string>

#include "cutwater/core/text.hpp"

namespace cutwater::sim::detail {

namespace {

void refuse(std::string_view value, const culprit& who) {
    std::string text{"sim::"};
    text.append(who.where).append(": ").append(who.what).append(" is ").append(value);
    throw std::invalid_argument{text.append("; ").append(who.remedy)};
}

}  // namespace

void require(bool holds, double given, const culprit& who) {
    if (holds) return;
    std::array<char, 32> text{};
    const char* const end = std::to_chars(text.data(), text.data() + text.size(), given).ptr;
    refuse({text.data(), end}, who);
}

void require(bool holds, duration given, const culprit& who) {
    if (!holds) refuse(to_exact_text(given), who);
}

void require(bool holds, std::string_view given, const culprit& who) {
    if (!holds) refuse(given, who);
}

duration saturated(double nanoseconds) noexcept {
    constexpr auto most = static_cast<double>(forever.count());
    return nanoseconds < most ? duration{static_cast<duration::rep>(nanoseconds)} : forever;
}

}  // namespace cutwater::sim::detail
