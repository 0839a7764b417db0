#include "cutwater/policy/fault/when.hpp"

#include "cutwater/core/text.hpp"

namespace cutwater {

bool fault_when::fires(std::uint64_t nth, double chance) const noexcept {
    switch (way_) {
        case way::share: return chance < share_;
        case way::first: return nth <= n_;
        case way::every: return nth % n_ == 0;
        case way::steps: break;
    }
    if (then_ == fault_repeat::once && nth > steps_.size()) return false;
    return steps_[(nth - 1) % steps_.size()] == fault_step::inject;
}

std::string fault_when::problem() const {
    const bool is_share = share_ >= 0.0 && share_ <= 1.0;  // false for NaN
    if (way_ == way::share && !is_share) return "a share from 0 to 1";
    if (way_ == way::every && n_ == 0) return "every 1 or more";
    if (way_ == way::steps && steps_.empty()) return "one step or more";
    return {};
}

std::string fault_when::text() const {
    switch (way_) {
        case way::share: return share_ == 1.0 ? "always" : "share " + to_text(share_);
        case way::first: return "first " + to_text(n_);
        case way::every: return "every " + to_text(n_);
        case way::steps: break;
    }
    std::string line = "steps ";
    for (const fault_step s : steps_) line += s == fault_step::inject ? 'x' : '.';
    return then_ == fault_repeat::cycle ? line + " repeated" : line;
}

}  // namespace cutwater
