#include "test/soak/windows.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace cutwater::soak {

namespace {

using grants = std::vector<grant>;

/// With P permits given before the i-th and r of them a nanosecond, what a window from i to j holds beyond r·t is
/// (P_j + w_j - r·t_j) - (P_i - r·t_i): its greatest is found in one pass.
void check_rolling(const grants& given, const rate_limiter_options& o, std::string_view where, findings& found) {
    const double rate = o.permits / static_cast<double>(o.per.count());
    double least = std::numeric_limits<double>::max();
    double before = 0;
    for (const grant& g : given) {
        const double back = rate * static_cast<double>(between(given.front().at, g.at).count());
        least = std::min(least, before - back);
        before += g.weight;
        found.expect(before - back - least <= o.burst + 1e-6, where,
                     "in some time it admits more than burst + rate * t");
    }
}

void check_fixed(const grants& given, const rate_limiter_options& o, std::string_view where, findings& found) {
    std::map<std::uint64_t, unsigned> used;  // by window
    for (const grant& g : given) used[g.mark] += g.weight;
    for (const auto& [window, weight] : used)
        found.expect(weight <= o.permits, where, "in one window it admits more than its permits");
}

void check_sliding(const grants& given, const rate_limiter_options& o, std::string_view where, findings& found) {
    auto oldest = given.begin();
    std::uint64_t inside = 0;
    for (const grant& g : given) {
        inside += g.weight;
        for (; between(oldest->at, g.at) >= o.per; ++oldest) inside -= oldest->weight;
        found.expect(inside <= o.permits, where, "in some window it admits more than its permits");
    }
}

}  // namespace

void check_windows(grants given, const rate_limiter_options& limit, std::string_view where, findings& found) {
    std::erase_if(given, [](const grant& g) { return g.given_back; });
    std::ranges::sort(given, {}, &grant::at);
    switch (limit.window) {
        case rate_window::rolling: return check_rolling(given, limit, where, found);
        case rate_window::fixed: return check_fixed(given, limit, where, found);
        case rate_window::sliding: return check_sliding(given, limit, where, found);
    }
}

}  // namespace cutwater::soak
