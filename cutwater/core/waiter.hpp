// A place in a gate's queue.
//
// A call that a gate lets wait leaves a `waiter` with it: an intrusive node that lives in the call itself, so that
// queueing allocates nothing and leaving is O(1). The gate grants by unlinking the waiter and waking it; whoever
// destroys a queued waiter unlinks it first (the gate's state in the call does so).
//
// Thread safety: every member is guarded by the lock of the gate that holds the waiter. `waker::wake` is called under
// that lock, so it must only schedule: never run user code, never block, never throw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "cutwater/core/criticality.hpp"
#include "cutwater/core/errc.hpp"
#include "cutwater/core/instant.hpp"

namespace cutwater {

/// How a driver is told that the call it has parked can go on.
class waker {
public:
    virtual void wake() noexcept = 0;

protected:
    ~waker() = default;
};

/// Makes a waker when a call is about to wait; most calls never do.
class parking {
public:
    [[nodiscard]] virtual waker& prepare() = 0;

protected:
    ~parking() = default;
};

class waiter {
public:
    explicit waiter(waker& owner) noexcept : owner_{&owner} {}
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;
    ~waiter() = default;

    // set by the gate
    instant until = never;                         ///< when waiting is over
    instant since{};                               ///< when it began
    instant granted_at{};                          ///< where that matters later: when it was given what it waited for
    unsigned weight = 1;                           ///< how much of it this one waits for
    criticality importance = criticality::normal;  ///< how much it matters
    std::uint32_t group = 0;                       ///< which of the lines in front of it this one is in
    std::uint64_t mark = 0;                        ///< its place in line; once granted, what it was given
    void* of = nullptr;                            ///< which of several it waits for, where the gate is many in one

    [[nodiscard]] bool is_queued() const noexcept { return queued_; }

    /// Whether it was granted what it waits for; once.
    [[nodiscard]] bool take_grant() noexcept { return std::exchange(granted_, false); }
    /// Why it was put out of the queue, if it was.
    [[nodiscard]] std::optional<errc> turned_away() const noexcept { return turned_away_; }

private:
    friend class waiter_queue;
    waker* owner_;
    waiter* previous_ = nullptr;
    waiter* next_ = nullptr;
    bool queued_ = false;
    bool granted_ = false;
    std::optional<errc> turned_away_;
};

/// First in, first out; every operation O(1).
class waiter_queue {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    void push(waiter& w) noexcept {
        w.previous_ = last_;
        w.next_ = nullptr;
        (last_ != nullptr ? last_->next_ : first_) = &w;
        last_ = &w;
        w.queued_ = true;
        ++size_;
    }

    void remove(waiter& w) noexcept {
        if (!w.queued_) return;
        (w.previous_ != nullptr ? w.previous_->next_ : first_) = w.next_;
        (w.next_ != nullptr ? w.next_->previous_ : last_) = w.previous_;
        w.queued_ = false;
        --size_;
    }

    [[nodiscard]] bool is_first(const waiter& w) const noexcept { return first_ == &w; }
    [[nodiscard]] waiter* first() const noexcept { return first_; }  ///< the oldest; null where nobody waits
    [[nodiscard]] waiter* last() const noexcept { return last_; }
    [[nodiscard]] static waiter* after(const waiter& w) noexcept { return w.next_; }

    /// Has the oldest waiter look again whether its wait is over, if there is one.
    void wake_first() noexcept {
        if (first_ != nullptr) first_->owner_->wake();
    }

    /// Gives one of its waiters what it waits for.
    void grant(waiter& w) noexcept {
        remove(w);
        w.granted_ = true;
        w.owner_->wake();
    }
    /// The oldest. Not to be called on an empty queue.
    void grant_first() noexcept { grant(*first_); }

    /// Puts one of its waiters out of the queue, without what it waits for.
    void turn_away(waiter& w, errc why) noexcept {
        remove(w);
        w.turned_away_ = why;
        w.owner_->wake();
    }

private:
    waiter* first_ = nullptr;
    waiter* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace cutwater
