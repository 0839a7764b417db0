#include "cutwater/drive/sync/parker.hpp"

#include <utility>

namespace cutwater {

void parker::wake() noexcept {
    const std::scoped_lock lock{mutex_};
    woken_ = true;
    changed_.notify_one();  // under the lock: the parker may be gone as soon as the lock is free
}

bool parker::take_wake() noexcept {
    const std::scoped_lock lock{mutex_};
    return std::exchange(woken_, false);
}

wait_end parker::wait(instant until, const std::stop_token& stop) {
    const std::stop_callback on_stop{stop, [this] {
                                         const std::scoped_lock lock{mutex_};
                                         stopped_ = true;
                                         changed_.notify_one();
                                     }};
    std::unique_lock lock{mutex_};
    const auto ended = [this] { return woken_ || stopped_; };
    if (until == never)
        changed_.wait(lock, ended);
    else
        changed_.wait_until(lock, to_steady(until), ended);
    if (std::exchange(woken_, false)) return wait_end::woken;
    return stopped_ ? wait_end::cancelled : wait_end::time;
}

}  // namespace cutwater
