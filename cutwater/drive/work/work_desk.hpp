// What a work queue is, whoever runs its tasks: places, a line, a rate, and who is told. Threads and coroutines share it.
//
// A task takes a place when it is posted and has it until it has ended, however often it pauses: so a retry never finds its own
// queue full. Whoever runs tasks takes one at a time, has it take a `turn`, and is told by `stir_locked` that there may be another.
//
// Who has not begun may make room for another: displaced, or past its deadline. Its place goes to the other at once, and then its end is
// told. What its end has leave in its turn is told by whoever tells that already, one after the other: no stack grows with them. As many
// may be untold as there are places; then nobody makes room. What an end that is told so posts displaces nobody.
//
// Locks: a gate that wakes a task does so under its own lock, and the desk's is taken inside of it. So nothing of a gate's, and
// no user code, is called under the desk's. Thread safety: every public member, from any thread. Lifetime: outlives the turns
// of its tasks.
#pragma once

#include <atomic>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "cutwater/core/error.hpp"
#include "cutwater/core/outcome.hpp"
#include "cutwater/drive/work/events.hpp"
#include "cutwater/drive/work/kernel.hpp"
#include "cutwater/drive/work/queued_task.hpp"
#include "cutwater/queue/shared_permits.hpp"

namespace cutwater {

/// A place that a task is to have: a free one, or that of another.
class work_place {
public:
    work_place(shared_permits* free, environment& lent) noexcept : free_{free}, lent_{&lent} {}
    work_place(work_place&& other) noexcept : free_{std::exchange(other.free_, nullptr)}, lent_{other.lent_} {}
    work_place(const work_place&) = delete;
    work_place& operator=(const work_place&) = delete;
    work_place& operator=(work_place&& other) noexcept {
        std::swap(free_, other.free_);
        std::swap(lent_, other.lent_);
        return *this;
    }
    ~work_place() {
        if (free_ == nullptr) return;
        moment now{[](void* lent) noexcept { return static_cast<environment*>(lent)->now(); }, lent_};
        free_->give_back(now);
    }

    [[nodiscard]] bool is_of_another() const noexcept { return free_ == nullptr; }
    /// It is the task's now.
    void keep() noexcept { free_ = nullptr; }

private:
    shared_permits* free_;
    environment* lent_;
};

class work_desk {
public:
    /// Throws `invalid_options`.
    work_desk(work_queue_options options, environment& lent, listener* hears);
    work_desk(const work_desk&) = delete;
    work_desk& operator=(const work_desk&) = delete;

    [[nodiscard]] const work_queue_options& options() const noexcept { return options_; }
    [[nodiscard]] environment& lent() const noexcept { return lent_; }
    [[nodiscard]] name layer_name() const noexcept { return layer_; }

    // --- for whoever posts
    /// At once: a place, or why there is none. Where none is free, one whose time is over leaves for it. Nothing where one may wait for it: see `place_wait`.
    [[nodiscard]] std::optional<std::expected<work_place, error>> find_place(const call_options& said);
    /// The task is in the queue, or the error says why not; it is dropped then.
    [[nodiscard]] std::expected<void, error> enter(task_handle task, work_place place, const call_options& said);
    [[nodiscard]] error refuse(errc why, const call_options& said);

    // --- for tasks
    /// A turn has ended in a pause. The task may be gone when this returns.
    void pause(queued_task& task, instant until) noexcept;
    /// A turn has ended, and with it the task: after its end was told.
    void ended() noexcept;
    void wake(queued_task& task) noexcept;
    void call_off(queued_task& task) noexcept;
    /// A turn sent nothing: what it paid comes back.
    void pay_back(queued_task& task) noexcept;
    [[nodiscard]] std::stop_token stop_token() const noexcept { return stop_.get_token(); }
    /// The first turn of a task is its last as well where nobody wants it any more: why.
    [[nodiscard]] std::optional<errc> begin(queued_task& task) noexcept;
    [[nodiscard]] bool is_watched() const noexcept { return hears_ != nullptr; }
    /// One that had begun has ended.
    void tell_ended(const queued_task& task, unsigned sent, const observation& seen) noexcept;

    // --- its end
    /// Takes no more; whoever waits for a place is told so.
    void close() noexcept;
    /// Closes, cancels what waits or has paused, and asks what runs to stop.
    void stop() noexcept;

    /// Each for itself.
    [[nodiscard]] unsigned held() const noexcept;
    [[nodiscard]] unsigned waiting() const noexcept;
    [[nodiscard]] unsigned running() const noexcept;

protected:
    ~work_desk() = default;

    /// For the destructor of whoever this is a part of: tasks that go may have a gate wake others.
    void drop_all() noexcept;
    /// Somebody may be ready, or will be sooner than was thought. Under the lock: only schedules.
    virtual void stir_locked() noexcept = 0;
    /// A turn has ended; whoever ran it looks for the next one by itself, or does so now.
    virtual void freed_locked() noexcept {}
    /// `is_over_locked` has become true.
    virtual void over_locked() noexcept {}
    /// One has made room for another: its end is told here, by `tell_left`, or where ends are told.
    virtual void has_left(queued_task& task) noexcept;
    /// The task is gone then.
    void tell_left(queued_task& task) noexcept;
    /// While there is one, this thread tells the ends of those who have left `of`.
    class telling {
    public:
        explicit telling(const work_desk& of) noexcept;
        telling(const telling&) = delete;
        telling& operator=(const telling&) = delete;
        ~telling();
        /// Null: none.
        [[nodiscard]] static telling* here(const work_desk& of) noexcept;
        leaving_tasks next;

    private:
        const work_desk& of_;
        telling* const outer_;
        static thread_local telling* innermost;
    };

    /// Who is to take a turn now; null: nobody.
    [[nodiscard]] queued_task* take_locked(moment& now);
    /// When somebody may be ready, if nobody says so earlier.
    [[nodiscard]] instant next_look_locked() const noexcept;
    /// Nobody will be next any more, but who takes a turn already.
    [[nodiscard]] bool is_over_locked() const noexcept {
        return closed_ && (held_ == 0 || (held_ == running_ && stop_.stop_requested()));
    }
    [[nodiscard]] bool has_waiting_locked() const noexcept { return line_.has_waiting(); }
    [[nodiscard]] moment present() noexcept {
        return moment{[](void* lent) noexcept { return static_cast<environment*>(lent)->now(); }, &lent_};
    }
    [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }

private:
    friend class place_wait;
    friend class drain_wait;

    [[nodiscard]] std::optional<work_place> free_place() noexcept;
    bool has_expired_leave() noexcept;
    [[nodiscard]] queued_task* take_expired() noexcept;
    [[nodiscard]] bool may_leave_locked() const noexcept { return untold_ < options_.max_length; }
    [[nodiscard]] queued_task& leaves_locked(work_item& item, errc why) noexcept;
    /// What is to be told of one that enters, or is refused.
    struct entry {
        std::optional<errc> refused;
        queued_task* displaced = nullptr;
        unsigned held = 0;
    };
    [[nodiscard]] entry take_in_locked(const queued_task& task, work_place& place);
    void line_up_locked(queued_task& task) noexcept;
    void have_watchers_look_locked() noexcept;
    /// Those that are held, and those that have left and are not told yet.
    [[nodiscard]] unsigned untold() const noexcept;
    void vacate_locked() noexcept;
    void look_for_end_locked() noexcept;
    [[nodiscard]] std::optional<errc> why_unwanted(const call_options& said) noexcept;
    void tell_unbegun(const queued_task& task, errc why) noexcept;

    template <class Build>
    void tell(const call_options& said, Build&& build) noexcept {
        if (hears_ == nullptr) return;
        try {
            const auto body = build();
            hears_->on_event(
                event{{.layer = layer_, .operation = said.operation, .call_id = said.id, .at = lent_.now()}, body});
        } catch (...) {  // NOLINT(bugprone-empty-catch): watching a queue must not fail it
        }
    }

    const work_queue_options options_;
    const name layer_;
    environment& lent_;
    listener* const hears_;
    shared_permits places_;
    std::optional<rate_limiter> rate_;
    std::stop_source stop_;
    mutable std::mutex mutex_;
    work_line line_;
    std::vector<waker*> for_the_end_;
    waiter_queue watch_expiries_;  // who waits for a place: to be told where one passes earlier than they know
    std::atomic<instant> may_expire_at_ = never;  // the first of those that have not begun: never later than it is
    instant rate_allows_at_ = never;              // while somebody waits for that
    unsigned held_ = 0;
    unsigned running_ = 0;
    unsigned untold_ = 0;  // have made room
    bool closed_ = false;
};

}  // namespace cutwater
