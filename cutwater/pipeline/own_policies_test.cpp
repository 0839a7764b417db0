// A user's own policies are first-class: one of each kind, in both kinds of pipeline, on both drivers.

#include "cutwater/pipeline/own_policies_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::fails_with;
using testing::has_value;
using testing::is_degraded;
using testing::spoken_by;

TEST(own_policies, a_gate_admits_and_is_told_how_it_went) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        own::door gate{"door", book};
        auto guarded = compose(ref(gate));
        on.dependency.returns(7).fails(std::errc::connection_reset).throws(std::runtime_error{"x"});
        EXPECT_THAT(on.play(guarded), has_value(7));
        EXPECT_THAT(on.play(guarded), fails_with(std::errc::connection_reset));
        EXPECT_THAT(on.play(guarded), fails_with(errc::failed));
        EXPECT_THAT(book, ElementsAre("door admitted", "door settled success", "door admitted",
                                      "door settled transient", "door admitted", "door settled permanent"));
        EXPECT_EQ(gate.inside(), 0);
    });
}

TEST(own_policies, a_gate_refuses_and_nothing_is_sent) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        own::door gate{"door", book, 0};
        auto guarded = compose(ref(gate));
        on.dependency.returns(7);
        const auto refused = on.play(guarded, {.operation = "get"});
        EXPECT_THAT(refused, AllOf(fails_with(errc::refused), fails_with(condition::never_sent), spoken_by("door")));
        EXPECT_EQ(refused.error().operation(), name{"get"});
        EXPECT_EQ(refused.error().retry_after(), 3s);
        EXPECT_EQ(refused.error().limit(), 7ms);
        EXPECT_EQ(on.dependency.calls(), 0U);
    });
}

TEST(own_policies, a_gate_may_make_a_call_wait_until_it_is_woken) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        own::turnstile gate{"turnstile", book};
        gate.block();
        on.time.after(50ms, [&] { gate.next(); });
        auto guarded = compose(ref(gate));
        on.dependency.returns(7);
        EXPECT_THAT(on.play(guarded), has_value(7));
        EXPECT_EQ(on.time.elapsed(), 50ms);
        EXPECT_FALSE(gate.is_taken());
        EXPECT_THAT(book, ElementsAre("queued"));
    });
}

TEST(own_policies, a_wait_ends_at_the_deadline) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        own::turnstile gate{"turnstile", book};
        gate.block();
        auto guarded = compose(ref(gate));
        on.dependency.returns(7);
        const auto refused = on.play(guarded, {.deadline = on.time.in(50ms)});
        EXPECT_THAT(refused, AllOf(fails_with(errc::wait_timed_out), spoken_by("turnstile")));
        EXPECT_EQ(on.time.elapsed(), 50ms);
        EXPECT_EQ(gate.queued(), 0U);
        EXPECT_EQ(on.dependency.calls(), 0U);
    });
}

TEST(own_policies, T43_a_wait_ends_when_its_caller_cancels) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        own::turnstile gate{"turnstile", book};
        gate.block();
        auto guarded = compose(ref(gate));
        on.dependency.returns(7);
        on.cancels_after(20ms);
        EXPECT_THAT(on.play(guarded), AllOf(fails_with(errc::cancelled), spoken_by("turnstile")));
        EXPECT_EQ(on.time.elapsed(), 20ms);
        EXPECT_THAT(book, ElementsAre("queued", "left"));
        EXPECT_EQ(on.dependency.calls(), 0U);
    });
}

TEST(own_policies, a_loop_goes_again_and_gives_up) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(own::persistence{3, 10ms});
        on.dependency.fails(std::errc::connection_reset, 1ms);
        const auto failed = on.play(guarded);
        EXPECT_THAT(failed, fails_with(std::errc::connection_reset));
        EXPECT_EQ(failed.error().words(), "after 3 tries");
        EXPECT_EQ(on.dependency.calls(), 3U);
        EXPECT_EQ(on.time.elapsed(), 23ms);
    });
}

TEST(own_policies, a_loop_is_done_with_the_first_success) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(own::persistence{5, 10ms});
        on.dependency.fails(std::errc::connection_reset).returns(7);
        EXPECT_THAT(on.play(guarded), has_value(7));
        EXPECT_EQ(on.dependency.calls(), 2U);
    });
}

TEST(own_policies, T72_a_loops_delay_ends_when_its_caller_cancels) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(own::persistence{3, 100ms});
        on.dependency.fails(std::errc::connection_reset);
        on.cancels_after(30ms);
        EXPECT_THAT(on.play(guarded), AllOf(fails_with(errc::cancelled), spoken_by("persistence")));
        EXPECT_EQ(on.time.elapsed(), 30ms);
        EXPECT_EQ(on.dependency.calls(), 1U);
    });
}

TEST(own_policies, loops_inside_loops_multiply) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        own::door gate{"door", book};
        auto guarded = compose(own::persistence{2, 10ms}, ref(gate), own::persistence{3, 1ms});
        on.dependency.fails(std::errc::connection_reset);
        (void)on.play(guarded);
        EXPECT_EQ(on.dependency.calls(), 6U);
        EXPECT_EQ(on.time.elapsed(), 14ms);
        EXPECT_EQ(gate.given(), 2) << "what is between them is entered by the outer one only";
        EXPECT_EQ(gate.inside(), 0);
    });
}

TEST(own_policies, a_frame_bounds_the_time_and_names_itself) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(own::patience{"outer", 100ms}, own::patience{"inner", 30ms});
        on.dependency.hangs();
        const auto failed = on.play(guarded);
        EXPECT_THAT(failed, AllOf(fails_with(errc::timed_out), spoken_by("inner")));
        EXPECT_EQ(failed.error().limit(), 30ms);
        EXPECT_EQ(on.time.elapsed(), 30ms);
    });
}

TEST(own_policies, a_frame_puts_something_in_a_failures_place) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(own::number_instead{42});
        on.dependency.fails(std::errc::connection_reset).returns(7);
        EXPECT_THAT(on.play(guarded), AllOf(has_value(42), is_degraded("instead")));
        EXPECT_THAT(on.play(guarded), AllOf(has_value(7), ::testing::Not(is_degraded("instead"))));
    });
}

TEST(own_policies, a_frame_watches_what_passes_it) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        auto guarded = compose(own::watchman{"outside", book}, own::persistence{2, 1ms}, own::watchman{"inside", book});
        on.dependency.fails(std::errc::connection_reset).returns(7);
        EXPECT_THAT(on.play(guarded), has_value(7));
        EXPECT_THAT(book, ElementsAre("outside before", "inside before", "inside after transient attempts 1..1",
                                      "inside before", "inside after success attempts 2..2",
                                      "outside after success attempts 1..2"));
    });
}

/// All three abilities of a frame in one.
class everything_frame {
public:
    explicit everything_frame(own::ledger& book) : book_{&book} {}

    [[nodiscard]] name layer_name() const { return "everything"; }
    [[nodiscard]] duration limit() const { return 50ms; }
    [[nodiscard]] instant deadline_for(call_context&, instant now) const { return add(now, limit()); }
    void on_timeout(call_context&) const { book_->emplace_back("timed out"); }
    [[nodiscard]] bool handles(const observation& seen) const { return seen.failure != nullptr; }
    void substitute(outcome<int>& out, call_context&) const {
        book_->push_back("substitutes for " + out.failure().code().message());
        out = outcome<int>{std::in_place, 42};
    }
    [[nodiscard]] int before(call_context&) const { return book_->emplace_back("before"), 0; }
    void after(int, const observation& seen, call_context&) const {
        book_->push_back("after " + std::string{to_text(seen.meaning())});
    }

private:
    own::ledger* book_;
};

TEST(own_policies, a_frame_that_can_do_all_does_one_after_the_other) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        auto guarded = compose(everything_frame{book});
        on.dependency.hangs();
        EXPECT_THAT(on.play(guarded), has_value(42));
        EXPECT_THAT(book,
                    ElementsAre("before", "timed out", "substitutes for the time limit was reached", "after success"));
    });
}

/// Takes `instant` and says nothing of itself but its name: the least that is a gate.
struct least_gate {
    struct ticket {};
    [[nodiscard]] name layer_name() const { return "least"; }
    admission<ticket> admit(call_context&, instant) { return ticket{}; }
    void settle(ticket&, const observation&, call_context&, instant) {}
    void abandon(ticket&) noexcept {}
};

TEST(own_policies, a_policy_given_by_value_belongs_to_the_pipeline) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded = compose(least_gate{}, own::persistence{2, 1ms});
        on.dependency.fails(std::errc::connection_reset).returns(7);
        EXPECT_THAT(on.play(guarded), has_value(7));
    });
}

TEST(own_policies, one_instance_serves_several_pipelines) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        own::door gate{"door", book, 1};
        auto reads = compose(ref(gate));
        auto writes = compose(ref(gate));
        on.dependency.returns(7);
        EXPECT_THAT(on.play(reads), has_value(7));
        EXPECT_THAT(on.play(writes), fails_with(errc::refused));
    });
}

// ---- acquire all, or give all back ----

TEST(own_policies, T17_what_a_later_gate_refuses_gives_back_all_that_was_admitted) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        own::door first{"first", book};
        own::door second{"second", book};
        own::door third{"third", book, 0};
        own::door fourth{"fourth", book};
        auto guarded = compose(ref(first), ref(second), ref(third), ref(fourth));
        on.dependency.returns(7);
        EXPECT_THAT(on.play(guarded), spoken_by("third"));
        EXPECT_THAT(book, ElementsAre("first admitted", "second admitted", "third refused", "second settled rejected",
                                      "first settled rejected"));
        EXPECT_EQ(first.inside() + second.inside(), 0);
    });
}

TEST(own_policies, what_waits_in_a_later_queue_holds_what_it_has) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        own::door first{"first", book};
        own::turnstile second{"second", book};
        second.block();
        int held = -1;
        on.time.after(10ms, [&] { held = first.inside(); });
        on.cancels_after(20ms);
        auto guarded = compose(ref(first), ref(second));
        on.dependency.returns(7);
        EXPECT_THAT(on.play(guarded), fails_with(errc::cancelled));
        EXPECT_EQ(held, 1);
        EXPECT_THAT(book, ElementsAre("first admitted", "queued", "left", "first settled cancelled"));
        EXPECT_EQ(first.inside(), 0);
    });
}

TEST(own_policies, each_attempt_of_a_loop_asks_the_gates_inside_it_again) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        own::door gate{"door", book, 2};
        auto guarded = compose(own::persistence{3, 1ms}, ref(gate));
        on.dependency.fails(std::errc::connection_reset);
        EXPECT_THAT(on.play(guarded), fails_with(errc::refused));
        EXPECT_THAT(book, ElementsAre("door admitted", "door settled transient", "door admitted",
                                      "door settled transient", "door refused"));
    });
}

// ---- a call that is woken for nothing ----

/// A gate that wakes its waiter twice, of which the first says nothing.
class nervous_gate {
public:
    struct ticket {};
    [[nodiscard]] name layer_name() const { return "nervous"; }
    admission<ticket> admit(call_context&, instant) { return wait_until{}; }
    admission<ticket> enqueue(waiter&, call_context& call, instant) {
        waiting_ = &call.parked();
        return wait_until{};
    }
    admission<ticket> resume(waiter&, call_context&, instant) {
        if (++asked_ < 3) return wait_until{};
        return ticket{};
    }
    void leave(waiter&) noexcept {}
    void settle(ticket&, const observation&, call_context&, instant) {}
    void abandon(ticket&) noexcept {}

    void wake() const { waiting_->wake(); }
    [[nodiscard]] int asked() const { return asked_; }

private:
    waker* waiting_ = nullptr;
    int asked_ = 0;
};

TEST(own_policies, a_call_that_is_woken_for_nothing_waits_on) {
    own::everywhere([](auto& on, auto compose) {
        nervous_gate gate;
        for (const duration d : {10ms, 20ms, 30ms}) on.time.after(d, [&] { gate.wake(); });
        auto guarded = compose(ref(gate));
        on.dependency.returns(7);
        EXPECT_THAT(on.play(guarded), has_value(7));
        EXPECT_EQ(gate.asked(), 3);
        EXPECT_EQ(on.time.elapsed(), 30ms);
    });
}

TEST(own_policies, a_wake_that_comes_while_nobody_waits_does_not_cut_a_later_delay_short) {
    own::everywhere([](auto& on, auto compose) {
        nervous_gate gate;
        for (const duration d : {10ms, 20ms, 30ms, 40ms}) on.time.after(d, [&] { gate.wake(); });
        auto guarded = compose(ref(gate), own::persistence{2, 100ms});
        on.dependency.fails(std::errc::connection_reset, 1ms);
        (void)on.play(guarded);
        EXPECT_EQ(on.time.elapsed(), 30ms + 1ms + 100ms + 1ms);
        EXPECT_EQ(on.dependency.calls(), 2U);
    });
}

}  // namespace
}  // namespace cutwater
