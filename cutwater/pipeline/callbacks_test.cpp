// What a policy's own code throws fails its call, says which layer it was, and leaks nothing: whatever the place.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/pipeline/own_policies_test.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::fails_with;
using testing::has_value;
using testing::spoken_by;

struct bug : std::runtime_error {
    bug() : std::runtime_error{"a bug"} {}
};

/// The places in which a policy's code is called.
enum class place : std::uint8_t {
    admit,
    enqueue,
    resume,
    settle,
    begin,
    after_attempt,
    explain,
    deadline_for,
    on_timeout,
    handles,
    substitute,
    before,
    after,
};

/// Throws in one place.
class trap {
public:
    explicit trap(place where) : where_{where} {}
    void pass(place here) const {
        if (here == where_) throw bug{};
    }

private:
    place where_;
};

class trapped_gate {
public:
    struct ticket {};
    explicit trapped_gate(place where) : trap_{where} {}
    [[nodiscard]] name layer_name() const { return "trapped"; }

    admission<ticket> admit(call_context&, instant) {
        trap_.pass(place::admit);
        return wait_until{};
    }
    admission<ticket> enqueue(waiter& w, call_context& call, instant) {
        queue_.push(w);
        trap_.pass(place::enqueue);
        call.parked().wake();
        return wait_until{};
    }
    admission<ticket> resume(waiter&, call_context&, instant) {
        trap_.pass(place::resume);
        return ticket{};
    }
    void leave(waiter& w) noexcept { queue_.remove(w); }
    void settle(ticket&, const observation&, call_context&, instant) const { trap_.pass(place::settle); }
    void abandon(ticket&) noexcept {}

    [[nodiscard]] std::size_t queued() const { return queue_.size(); }

private:
    trap trap_;
    waiter_queue queue_;
};

class trapped_loop {
public:
    explicit trapped_loop(place where) : trap_{where} {}
    [[nodiscard]] name layer_name() const { return "trapped"; }

    struct session {
        const trap* held;
        loop_step after(const observation&, call_context&, instant) const {
            held->pass(place::after_attempt);
            return loop_step::give_up();
        }
        void explain(error&) const { held->pass(place::explain); }
    };
    [[nodiscard]] session begin(call_context&, instant) const {
        trap_.pass(place::begin);
        return {.held = &trap_};
    }

private:
    trap trap_;
};

class trapped_frame {
public:
    explicit trapped_frame(place where) : trap_{where} {}
    [[nodiscard]] name layer_name() const { return "trapped"; }
    [[nodiscard]] duration limit() const { return 50ms; }
    [[nodiscard]] instant deadline_for(call_context&, instant now) const {
        trap_.pass(place::deadline_for);
        return add(now, limit());
    }
    void on_timeout(call_context&) const { trap_.pass(place::on_timeout); }
    [[nodiscard]] bool handles(const observation&) const {
        trap_.pass(place::handles);
        return true;
    }
    void substitute(outcome<int>&, call_context&) const { trap_.pass(place::substitute); }
    [[nodiscard]] int before(call_context&) const {
        trap_.pass(place::before);
        return 0;
    }
    void after(int, const observation&, call_context&) const { trap_.pass(place::after); }

private:
    trap trap_;
};

/// A call through `trapped` with a gate on each side of it; the dependency fails after 10ms, or hangs.
template <class Trapped>
void expect_a_failed_callback(place where, bool hangs = false) {
    SCOPED_TRACE("place " + std::to_string(static_cast<int>(where)));
    own::everywhere([&](auto& on, auto compose) {
        own::ledger book;
        own::door outside{"outside", book};
        own::door inside{"inside", book};
        Trapped trapped{where};
        auto guarded = compose(ref(outside), ref(trapped), ref(inside));
        on.dependency.fails(std::errc::connection_reset, hangs ? forever : duration{10ms});
        const auto failed = on.play(guarded, {.operation = "get"});
        EXPECT_THAT(failed, AllOf(fails_with(errc::callback_failed), spoken_by("trapped")));
        EXPECT_EQ(failed.error().message(), "trapped: get: a bug");
        EXPECT_THROW(failed.error().raise(), bug);
        EXPECT_EQ(outside.inside() + inside.inside(), 0);
        EXPECT_EQ(book.back(), "outside settled ignored") << "a bug of ours says nothing about the dependency";
        if constexpr (queueing_gate<Trapped>) {
            EXPECT_EQ(trapped.queued(), 0U);
        }
    });
}

TEST(callbacks, a_gate_that_throws_fails_its_call) {
    for (const place p : {place::admit, place::enqueue, place::resume, place::settle})
        expect_a_failed_callback<trapped_gate>(p);
}

TEST(callbacks, a_loop_that_throws_fails_its_call) {
    for (const place p : {place::begin, place::after_attempt, place::explain})
        expect_a_failed_callback<trapped_loop>(p);
}

TEST(callbacks, a_frame_that_throws_fails_its_call) {
    for (const place p : {place::deadline_for, place::handles, place::substitute, place::before, place::after})
        expect_a_failed_callback<trapped_frame>(p);
    expect_a_failed_callback<trapped_frame>(place::on_timeout, true);
}

TEST(callbacks, a_rule_that_throws_fails_its_call) {
    own::everywhere([](auto& on, auto compose) {
        own::ledger book;
        own::door gate{"door", book};
        auto guarded = compose(ref(gate), classify{transient(value([](int i) -> bool {
                                   if (i == 7) throw bug{};
                                   return false;
                               }))});
        on.dependency.returns(7).returns(8);
        const auto failed = on.play(guarded, {.operation = "get"});
        EXPECT_THAT(failed, AllOf(fails_with(errc::callback_failed), spoken_by("classify")));
        EXPECT_EQ(failed.error().message(), "classify: get: a bug");
        EXPECT_THAT(book, ElementsAre("door admitted", "door settled ignored"));
        EXPECT_THAT(on.play(guarded), has_value(8)) << "the next call is not concerned";
    });
}

TEST(callbacks, a_rule_that_throws_of_an_error_keeps_what_it_threw) {
    own::everywhere([](auto& on, auto compose) {
        auto guarded =
            compose(own::persistence{2, 1ms}, classify{[]<class T>(const outcome<T>& out) -> std::optional<judgement> {
                        if (!out.has_value() && out.failure().code() == std::errc::io_error) throw 42;
                        return {};
                    }});
        on.dependency.fails(std::errc::io_error).returns(7);
        EXPECT_THAT(on.play(guarded), has_value(7)) << "a loop may try again: it is told that the outcome is ignored";
    });
}

TEST(callbacks, a_listener_that_throws_is_not_heard_of) {
    struct throws final : listener {
        void on_event(const event&) override { throw bug{}; }
    };
    own::everywhere([](auto& on, auto compose) {
        throws audience;
        auto guarded = compose(observe{audience}, retry{{.base_delay = 1ms}});
        on.dependency.fails(std::errc::connection_reset).returns(7);
        EXPECT_THAT(on.play(guarded), has_value(7));
    });
}

TEST(callbacks, what_the_hooks_of_our_own_policies_throw_names_the_policy) {
    const auto throws = [](auto&&...) -> bool { throw bug{}; };
    own::everywhere([&](auto& on, auto compose) {
        auto guarded = compose(retry{{.name = "r", .should_retry = throws}});
        on.dependency.fails(std::errc::connection_reset);
        EXPECT_THAT(on.play(guarded), AllOf(fails_with(errc::callback_failed), spoken_by("r")));
    });
    own::everywhere([&](auto& on, auto compose) {
        auto guarded = compose(fallback{fallback_options{.name = "f", .should_handle = throws}, tier("zero", 0)});
        on.dependency.fails(std::errc::connection_reset);
        EXPECT_THAT(on.play(guarded), AllOf(fails_with(errc::callback_failed), spoken_by("f")));
    });
}

/// A gate that queues a call and then fails, the first time.
class stumbles_in_its_queue {
public:
    struct ticket {};
    [[nodiscard]] name layer_name() const { return "stumbles"; }
    [[nodiscard]] admission<ticket> admit(call_context&, moment&) const { return wait_until{}; }
    [[nodiscard]] admission<ticket> enqueue(waiter& w, call_context&, moment&) {
        if (stumbled_) return ticket{};
        queue_.push(w);
        stumbled_ = true;
        throw std::runtime_error{"after it was queued"};
    }
    [[nodiscard]] admission<ticket> resume(waiter&, call_context&, moment&) const { return ticket{}; }
    void leave(waiter& w) noexcept { queue_.remove(w); }
    void settle(ticket&, const observation&, call_context&, moment&) const {}
    void abandon(ticket&) const noexcept {}
    [[nodiscard]] bool is_empty() const { return queue_.empty(); }

private:
    waiter_queue queue_{};
    bool stumbled_ = false;
};
static_assert(queueing_gate<stumbles_in_its_queue>);

TEST(callbacks, a_gate_that_throws_when_it_has_queued_a_call_has_it_in_its_queue_no_more) {
    testing::virtual_time time;
    stumbles_in_its_queue gate;
    pipeline once{ref(gate)};
    EXPECT_EQ(time.run(once, [] { return 7; }).error().code(), errc::callback_failed);
    EXPECT_TRUE(gate.is_empty());

    stumbles_in_its_queue again;
    pipeline persistent{retry{{.base_delay = 1ms, .should_retry = [](const observation&) { return true; }}},
                        ref(again)};
    (void)time.run(persistent, [&] {
        EXPECT_TRUE(again.is_empty());
        return 7;
    });
    EXPECT_TRUE(again.is_empty());
}

}  // namespace
}  // namespace cutwater
