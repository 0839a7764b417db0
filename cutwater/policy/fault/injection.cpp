#include "cutwater/policy/fault/injection.hpp"

#include "cutwater/core/text.hpp"

namespace cutwater {

namespace {

std::shared_ptr<const error> injected(error what, std::string_view words) {
    return std::make_shared<const error>(what.with_text("injected: " + std::string{words}));
}

}  // namespace

injection::injection(fault_kind kind)
    : kind_{kind}, error_{injected(cutwater::error{make_error_code(std::errc::timed_out)}, to_text(kind))} {}

injection injection::failure(cutwater::error what) {
    injection made{fault_kind::error};
    const std::string words = what.words();
    made.error_ = injected(std::move(what), words);
    return made;
}

injection injection::hang() { return injection{fault_kind::hang}.after(fault_latency::constant(forever)); }

injection injection::refused(errc reason, std::optional<duration> retry_after) {
    injection made{fault_kind::refusal};
    made.why_ = {.reason = reason, .retry_after = retry_after};
    return made;
}

std::string injection::problem() const {
    if (const std::string wrong = delay_.problem(); !wrong.empty()) return wrong;
    if (kind_ == fault_kind::wrong_result && alter_ == nullptr) return "a function that changes the value";
    if (kind_ == fault_kind::error && !error_->code())
        return "a code other than 0, which says success: errc::failed, where there is none";
    if (kind_ != fault_kind::refusal) return {};
    if (!delay_.is_none()) return "no latency: a refusal comes at once";
    if (make_error_code(why_.reason) != condition::refused) return "a reason that is a refusal, as errc::rate_limited";
    if (why_.retry_after && *why_.retry_after < duration::zero()) return "a retry_after that is not negative";
    return {};
}

std::string injection::text() const {
    std::string line{to_text(kind_)};
    switch (kind_) {
        case fault_kind::latency: return line + " " + delay_.text();
        case fault_kind::hang: return line;
        case fault_kind::error: line += " " + in_quotes(error_->words()); break;
        case fault_kind::wrong_result: break;
        case fault_kind::refusal: line.append(" ").append(cutwater::to_text(why_.reason)); break;
        case fault_kind::none: break;
    }
    return delay_.is_none() ? line : line + " after " + delay_.text();
}

}  // namespace cutwater
