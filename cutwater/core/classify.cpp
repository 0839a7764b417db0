#include "cutwater/core/classify.hpp"

namespace cutwater {

namespace {

bool is_bug(const std::exception_ptr& cause) noexcept { return exception_cast<std::logic_error>(cause) != nullptr; }

}  // namespace

verdict default_verdict(const error& failure) noexcept {
    const std::error_code& code = failure.code();
    if (code == condition::refused) return verdict::rejected;
    if (code == condition::timeout || code == condition::network) return verdict::transient;
    if (code == errc::cancelled || code == errc::withdrawn) return verdict::cancelled;
    if (code == errc::callback_failed || is_bug(failure.cause())) return verdict::ignored;
    return verdict::permanent;
}

}  // namespace cutwater
