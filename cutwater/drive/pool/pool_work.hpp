// One attempt on another thread: shared by the call, which may give up on it, and the thread, which cannot.
//
// States: queued → running → done, each of which the call may find when it gives up. What it leaves behind when it gives
// up on running work (permits bound to the work) is released by the thread, when the work ends.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cutwater/core/capture.hpp"
#include "cutwater/core/runner.hpp"
#include "cutwater/core/trace_context.hpp"
#include "cutwater/core/waiter.hpp"
#include "cutwater/drive/pool/events.hpp"

namespace cutwater {

/// What does not depend on the type of the result.
class pool_work_base : public runnable, public orphan_work {
public:
    pool_work_base(call_runner& owner, call_context& call);
    pool_work_base(const pool_work_base&) = delete;
    pool_work_base& operator=(const pool_work_base&) = delete;

    /// Who is told when the work is done. It must live until `done` says so, or `give_up` has returned.
    void tell(waker& done) noexcept;
    [[nodiscard]] bool is_done() const override;

    enum class left : std::uint8_t { withdrawn, orphaned, done };
    /// The call waits no longer. Where the work is done already, it is done: a completed outcome wins.
    [[nodiscard]] left give_up();

    /// Takes it out of the queue; false where it has begun.
    [[nodiscard]] bool withdraw() noexcept { return owner_.withdraw(*this); }
    [[nodiscard]] instant submitted() const noexcept { return submitted_; }

    void keep(std::move_only_function<void()> release) override;

    /// The event of how it went; for the call's own thread.
    void report(call_context& call, left how);

protected:
    ~pool_work_base() = default;
    [[nodiscard]] attempt& seen() noexcept { return attempt_; }
    void began();
    void ended();

private:
    call_runner& owner_;
    environment& lent_;
    std::stop_source stop_;
    std::stop_token token_ = stop_.get_token();
    kept_trace trace_;   // of `said_`: the call may be over before this is
    std::string texts_;  // and these
    call_options said_;
    attempt attempt_;
    mutable std::mutex mutex_;
    waker* told_ = nullptr;
    bool done_ = false;
    bool orphaned_ = false;
    instant submitted_;
    instant started_ = never;
    instant ended_ = never;
    std::vector<std::move_only_function<void()>> kept_;
};

template <class T, class F>
class pool_work final : public pool_work_base {
public:
    pool_work(call_runner& owner, call_context& call, F f) : pool_work_base{owner, call}, f_{std::move(f)} {}

    void run() noexcept override {
        began();
        capture_into(out_, [&]() -> decltype(auto) { return call_with(f_, seen()); });
        ended();
    }

    /// Once it is done, and not before.
    [[nodiscard]] outcome_slot<T>& out() noexcept { return out_; }

private:
    F f_;
    outcome_slot<T> out_;
};

}  // namespace cutwater
