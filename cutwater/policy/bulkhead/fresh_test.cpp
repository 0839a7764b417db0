// When a bulkhead says that it differs in nothing from a new one, nobody can tell the two apart.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <list>

#include "cutwater/policy/bulkhead/bulkhead.hpp"
#include "cutwater/queue/shared_permits.hpp"

namespace cutwater {
namespace {

constexpr instant noon{12h};

class silent final : public waker {
public:
    void wake() noexcept override {}
};

/// A bulkhead's permits, who is inside and who waits.
class played {
public:
    played(unsigned limit, unsigned max_queue) : made_with_{limit}, permits_{limit, {.max_length = max_queue}} {}
    ~played() {
        for (waiter& w : waiting_) permits_.leave(w);
    }
    played(const played&) = delete;
    played& operator=(const played&) = delete;

    /// What can be seen of a step: what came of it, and how many are inside and wait then.
    using sight = std::tuple<int, unsigned, unsigned>;
    sight step(unsigned what, unsigned number) {
        int came = 0;
        switch (what) {
            case 0: came = permits_.try_take() != 0 ? (++inside_, 1) : 0; break;
            case 1: came = static_cast<int>(enter()); break;
            case 2:
                if (inside_ > 0) --inside_, permits_.give_back();
                break;
            case 3:
                if (!waiting_.empty()) permits_.leave(waiting_.front()), waiting_.pop_front();
                break;
            default: permits_.resize(1 + number % 3); break;
        }
        for (auto w = waiting_.begin(); w != waiting_.end();)
            w = permits_.look(*w) == shared_permits::wait_state::granted ? (++inside_, waiting_.erase(w))
                                                                         : std::next(w);
        return {came, permits_.in_use(), permits_.queued()};
    }
    /// Everybody goes, and the limit is as it was made.
    void go_home() {
        for (waiter& w : waiting_) permits_.leave(w);
        waiting_.clear();
        for (; inside_ > 0; --inside_) permits_.give_back();
        permits_.resize(made_with_);
    }
    [[nodiscard]] bool is_fresh() const { return permits_.is_idle(made_with_); }

private:
    shared_permits::answer enter() {
        waiter& w = waiting_.emplace_back(bell_);
        w.until = never;
        const auto given = permits_.take_or_queue(w, noon);
        if (given != shared_permits::answer::queued) waiting_.pop_back();
        if (given == shared_permits::answer::taken) ++inside_;
        return given;
    }

    unsigned made_with_;
    silent bell_;
    shared_permits permits_;
    std::list<waiter> waiting_;
    unsigned inside_ = 0;
};

RC_GTEST_PROP(bulkhead_fresh, nobody_can_tell_it_from_a_new_one, ()) {
    const unsigned limit = *rc::gen::inRange(1U, 4U);
    const unsigned max_queue = *rc::gen::inRange(0U, 3U);
    played old{limit, max_queue};
    const auto steps = [] {
        return *rc::gen::container<std::vector<std::pair<unsigned, unsigned>>>(
            rc::gen::pair(rc::gen::inRange(0U, 5U), rc::gen::inRange(0U, 3U)));
    };
    for (const auto& [what, number] : steps()) (void)old.step(what, number);
    old.go_home();
    RC_ASSERT(old.is_fresh());
    played made_now{limit, max_queue};
    for (const auto& [what, number] : steps()) RC_ASSERT(old.step(what, number) == made_now.step(what, number));
}

TEST(bulkhead_fresh, one_with_somebody_inside_or_another_limit_is_not) {
    bulkhead narrow{{.max_concurrent = 2}};
    EXPECT_TRUE(narrow.is_fresh(noon));
    narrow.resize(3);
    EXPECT_FALSE(narrow.is_fresh(noon));
    narrow.resize(2);
    EXPECT_TRUE(narrow.is_fresh(noon));
    shared_permits permits{1, {}};
    EXPECT_EQ(permits.try_take(), 1U);
    EXPECT_FALSE(permits.is_idle(1));
    permits.give_back();
    EXPECT_TRUE(permits.is_idle(1));
}

}  // namespace
}  // namespace cutwater
