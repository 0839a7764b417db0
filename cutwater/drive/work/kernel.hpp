// Who is next in a work queue, and who leaves without: what is right, without threads.
//
//     struct task : cw::work_item { using work_item::work_item; };
//     task first{cw::criticality::normal, cw::never};
//     cw::moment present{cw::instant{}};
//     cw::work_line line;
//     line.make_room(1);                            // before each that enters; the only thing that throws
//     line.enter(first);                            // it waits for the first time
//     cw::work_item* next = line.take(present);     // who is to be served; null: nobody
//     line.rest(*next, cw::never);                  // it has paused: until then, or until `come_back`
//
// - Whoever was called off, or is past its deadline, leaves before anybody is served.
// - Whoever has not begun and is past its deadline can be had out at any time, to make room.
// - Who is called back goes before all others: it holds what others wait for.
// - What matters more goes first; among those that matter alike, who came first. Who comes back by the time of its pause stands by the
//   time that it first came.
// - Who has begun is never displaced. Of those that have not, the oldest of what matters least is, and never by what matters less.
//
// Thread safety: none; guarded by the lock of the queue. Cost: entering, and leaving in order, O(1); pauses and deadlines O(log n).
#pragma once

#include <array>
#include <cstdint>

#include "cutwater/core/criticality.hpp"
#include "cutwater/core/moment.hpp"
#include "cutwater/drive/work/item_heap.hpp"

namespace cutwater {

/// What the line knows of a task.
class work_item {
public:
    work_item(criticality importance, instant deadline) noexcept : importance_{importance}, deadline_{deadline} {}
    work_item(const work_item&) = delete;
    work_item& operator=(const work_item&) = delete;

    [[nodiscard]] criticality importance() const noexcept { return importance_; }
    [[nodiscard]] instant deadline() const noexcept { return deadline_; }

protected:
    ~work_item() = default;

private:
    friend class work_line;
    enum class standing : std::uint8_t {
        outside,  ///< being served, or gone
        fresh,    ///< waits, and has never been served
        back,     ///< waits again, as its pause is over
        called,   ///< waits again, as it was called back
        resting,
        called_off,
    };
    struct stands_before {
        bool operator()(const work_item& a, const work_item& b) const noexcept {
            return a.importance_ != b.importance_ ? a.importance_ < b.importance_ : a.number_ < b.number_;
        }
    };
    struct rests_shorter {
        bool operator()(const work_item& a, const work_item& b) const noexcept {
            return a.rests_until_ < b.rests_until_;
        }
    };
    struct expires_earlier {
        bool operator()(const work_item& a, const work_item& b) const noexcept { return a.deadline_ < b.deadline_; }
    };

    criticality importance_;
    standing stands_ = standing::outside;
    std::uint64_t number_ = 0;  // in the order in which they came
    instant deadline_;
    instant rests_until_{};
    std::size_t at_ = 0;           // of those that are back, or rest
    std::size_t deadline_at_ = 0;  // of those that wait and have a deadline
    work_item* previous_ = nullptr;
    work_item* next_ = nullptr;
};

class work_line {
public:
    /// For as many in all; throws `std::bad_alloc`.
    void make_room(std::size_t items);

    void enter(work_item& w) noexcept;
    void rest(work_item& w, instant until) noexcept;
    /// Calls it back from its pause, if it has paused; whether it had.
    bool come_back(work_item& w) noexcept;
    /// It is to leave next, if it waits or has paused.
    void call_off(work_item& w) noexcept;
    void call_off_all() noexcept;

    /// Those whose pause is over wait again. Reads the time only where somebody rests.
    void let_come_back(moment& now) noexcept;
    /// One that is to leave: called off, or past its deadline. Reads the time only where somebody has one.
    [[nodiscard]] work_item* take_leaving(moment& now) noexcept;
    [[nodiscard]] bool has_waiting() const noexcept { return waiting_ > 0; }
    /// Whether the next in order was called back.
    [[nodiscard]] bool is_called_back_next() const noexcept { return called_.first != nullptr; }
    /// The next in order; null: nobody waits.
    [[nodiscard]] work_item* take() noexcept;
    /// All of that at once.
    [[nodiscard]] work_item* take(moment& now) noexcept;

    /// One that has not begun and is past its deadline; null: nobody. Whoever has begun must be served to leave.
    [[nodiscard]] work_item* take_expired(instant now) noexcept;
    /// When the next of them is; `never`: nobody has a deadline.
    [[nodiscard]] instant next_expiry() const noexcept { return first_deadline_of(fresh_deadlines_); }
    /// Whose place a newcomer takes that matters so much; null: nobody's.
    [[nodiscard]] work_item* take_displaced(criticality by) noexcept;

    /// Any of them, for one who clears the line.
    [[nodiscard]] work_item* take_any() noexcept;

    /// When the line changes by itself: a pause ends, or a deadline passes; `never` where neither is to come.
    [[nodiscard]] instant next_change() const noexcept;
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
    [[nodiscard]] std::size_t resting() const noexcept { return resting_.size(); }

private:
    using standing = work_item::standing;

    /// First in, first out, and out of the middle.
    struct chain {
        work_item* first = nullptr;
        work_item* last = nullptr;
        void push(work_item& w) noexcept;
        void remove(work_item& w) noexcept;
    };

    using by_deadline = item_heap<work_item, &work_item::deadline_at_, work_item::expires_earlier>;

    [[nodiscard]] static instant first_deadline_of(const by_deadline& some) noexcept {
        return some.empty() ? never : some.first().deadline_;
    }
    [[nodiscard]] by_deadline& deadlines_of(const work_item& w) noexcept {
        return w.stands_ == standing::fresh ? fresh_deadlines_ : back_deadlines_;
    }
    [[nodiscard]] chain& chain_of(const work_item& w) noexcept { return fresh_[level_of(w.importance_)]; }
    [[nodiscard]] work_item* first_fresh() const noexcept;
    void wait(work_item& w, standing how) noexcept;
    work_item& take_out(work_item& w) noexcept;

    std::array<chain, criticality_levels> fresh_;
    chain called_;
    chain called_off_;
    item_heap<work_item, &work_item::at_, work_item::stands_before> back_;
    item_heap<work_item, &work_item::at_, work_item::rests_shorter> resting_;
    by_deadline fresh_deadlines_;
    by_deadline back_deadlines_;
    std::size_t waiting_ = 0;
    std::uint64_t came_ = 0;
};

}  // namespace cutwater
