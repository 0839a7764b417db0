#include "cutwater/sim/send.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/mock_dependency.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater::sim {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using script = std::deque<testing::mock_step<int>>;

/// Does what a mock dependency does, in a simulated world; says nothing where a step takes forever.
struct scripted {
    world& here;
    script steps;
    unsigned calls = 0;

    void operator()(const attempt&, reply<int> answer) {
        ++calls;
        testing::mock_step<int> next = steps.front();
        if (steps.size() > 1) steps.pop_front();
        if (next.fault) std::rethrow_exception(next.fault);
        if (next.takes == forever) return;
        std::expected<int, error> what = next.value.value_or(0);
        if (next.code) what = std::unexpected{error{next.code}};
        if (next.takes <= duration::zero())
            answer.give(what);
        else
            here.after(next.takes, [=] { answer.give(what); });
    }
};

std::string in_words(const result<int>& r) { return r ? std::to_string(*r) : r.error().message(); }

class sim_send : public ::testing::Test {
protected:
    template <class Pipeline>
    void send_through(Pipeline& through, const call_options& said = nothing_said) {
        send<int>(here, through, said, std::ref(callee), [this](const result<int>& r) {
            results.push_back(in_words(r));
            ended.push_back(here.elapsed());
        });
    }

    world here;
    scripted callee{here, {}};
    std::vector<std::string> results;
    std::vector<duration> ended;
};

TEST_F(sim_send, takes_as_long_as_the_callee) {
    callee.steps = {{.takes = 10ms, .value = 7}};
    pipeline plain{retry{}};
    send_through(plain);
    here.run();
    EXPECT_THAT(results, ElementsAre("7"));
    EXPECT_THAT(ended, ElementsAre(10ms));
}

TEST_F(sim_send, an_answer_may_come_at_once) {
    callee.steps = {{.value = 7}};
    pipeline plain{retry{}};
    send_through(plain);
    here.run();
    EXPECT_THAT(results, ElementsAre("7"));
}

TEST_F(sim_send, what_the_callee_throws_is_how_the_attempt_failed) {
    callee.steps = {{.fault = std::make_exception_ptr(std::runtime_error{"broken"})}, {.takes = 1ms, .value = 7}};
    pipeline tries{retry{{.base_delay = 5ms, .jitter = jitter::none}}};
    send_through(tries);
    here.run();
    EXPECT_EQ(callee.calls, 1U);  // an unknown exception is not tried again
    EXPECT_THAT(results, ElementsAre(HasSubstr("broken")));
}

TEST_F(sim_send, an_attempt_is_interrupted_at_its_deadline_and_its_answer_comes_too_late) {
    callee.steps = {{.takes = 30ms, .value = 1}, {.takes = 2ms, .value = 2}};
    pipeline tries{retry{{.base_delay = 5ms, .jitter = jitter::none}}, timeout{10ms}};
    send_through(tries);
    here.run();
    EXPECT_THAT(results, ElementsAre("2"));
    EXPECT_THAT(ended, ElementsAre(17ms));
}

TEST_F(sim_send, a_queue_is_left_when_a_permit_comes) {
    callee.steps = {{.takes = 10ms, .value = 7}};
    pipeline narrow{bulkhead{{.max_concurrent = 1, .max_queue = 2, .max_wait = 15ms}}};
    for (int i = 0; i < 4; ++i) send_through(narrow);
    here.run();
    EXPECT_THAT(results, ElementsAre(HasSubstr("full"), "7", HasSubstr("no permit"), "7"));
    EXPECT_THAT(ended, ElementsAre(0ms, 10ms, 15ms, 20ms));
}

TEST_F(sim_send, the_caller_cancels_an_attempt_a_wait_and_a_place_in_a_queue) {
    std::stop_source stop;
    callee.steps = {{.takes = 100ms, .code = make_error_code(std::errc::connection_reset)}};
    pipeline narrow{bulkhead{{.max_concurrent = 1, .max_queue = 9}}, retry{{.base_delay = 1s, .jitter = jitter::none}}};
    send_through(narrow, {.stop = stop.get_token()});
    send_through(narrow, {.stop = stop.get_token()});
    here.after(150ms, [&] { stop.request_stop(); });
    here.run();
    EXPECT_THAT(results, ElementsAre(HasSubstr("cancelled"), HasSubstr("cancelled")));
    EXPECT_THAT(ended, ElementsAre(150ms, 150ms));
}

TEST_F(sim_send, the_end_of_the_world_gives_permits_back) {
    bulkhead gate{{.max_concurrent = 1, .max_queue = 1}};
    {
        pipeline narrow{ref(gate)};
        world short_lived;
        const auto nothing = [](const attempt&, const reply<int>&) {};
        const auto never_heard = [](const result<int>&) { FAIL(); };
        send<int>(short_lived, narrow, {}, nothing, never_heard);
        send<int>(short_lived, narrow, {}, nothing, never_heard);
        short_lived.run_for(10ms);
        EXPECT_EQ(gate.in_use(), 1U);
        EXPECT_EQ(gate.queued(), 1U);
    }
    EXPECT_EQ(gate.in_use(), 0U);
    EXPECT_EQ(gate.queued(), 0U);
}

TEST_F(sim_send, a_reply_answers_once) {
    std::optional<reply<int>> kept;
    pipeline plain{retry{}};
    send<int>(
        here, plain, {}, [&](const attempt&, reply<int> r) { kept = r; },
        [&](const result<int>& r) { results.push_back(in_words(r)); });
    EXPECT_TRUE(kept->is_awaited());
    EXPECT_TRUE(kept->give(1));
    EXPECT_FALSE(kept->is_awaited());
    EXPECT_FALSE(kept->give(2));
    EXPECT_THAT(results, ElementsAre("1"));
}

TEST_F(sim_send, an_answer_from_within_the_callee_is_the_only_one) {
    std::optional<reply<int>> kept;
    bool first = false;
    bool awaited = true;
    bool second = true;
    pipeline plain{retry{}};
    send<int>(
        here, plain, {},
        [&](const attempt&, reply<int> r) {
            first = r.give(1);
            awaited = r.is_awaited();
            second = r.give(2);
            kept = r;
        },
        [&](const result<int>& r) { results.push_back(in_words(r)); });
    EXPECT_FALSE(kept->give(3));
    here.run();
    EXPECT_TRUE(first);
    EXPECT_FALSE(awaited);
    EXPECT_FALSE(second);
    EXPECT_FALSE(kept->give(4));
    EXPECT_THAT(results, ElementsAre("1"));
}

TEST_F(sim_send, an_answer_that_was_given_stands_whatever_the_callee_throws_then) {
    bool given = false;
    pipeline plain{retry{}};
    send<int>(
        here, plain, {},
        [&](const attempt&, const reply<int>& r) {
            given = r.give(1);
            throw std::runtime_error{"while tidying up"};
        },
        [&](const result<int>& r) { results.push_back(in_words(r)); });
    here.run();
    EXPECT_TRUE(given);
    EXPECT_THAT(results, ElementsAre("1"));
}

TEST_F(sim_send, an_answer_that_was_given_stands_whoever_cancels_then) {
    std::stop_source stop;
    pipeline plain{retry{}};
    bool given = false;
    send<int>(
        here, plain, {.stop = stop.get_token()},
        [&](const attempt&, const reply<int>& r) {
            stop.request_stop();
            given = r.give(1);
        },
        [&](const result<int>& r) { results.push_back(in_words(r)); });
    here.run();
    EXPECT_TRUE(given);
    EXPECT_THAT(results, ElementsAre("1"));
}

/// What a call looked like from outside.
struct story {
    std::vector<std::string> results;
    std::vector<testing::recorded_event> events;
    duration elapsed{};
    friend bool operator==(const story&, const story&) = default;
};

testing::mock_step<int> random_step() {
    const duration takes{*rc::gen::element<std::int64_t>(0, 1'000'000, 20'000'000, 80'000'000, 500'000'000)};
    switch (*rc::gen::inRange(0, 4)) {
        case 0:
        case 1: return {.takes = takes, .value = *rc::gen::inRange(0, 100)};
        case 2: return {.takes = takes, .code = make_error_code(std::errc::connection_reset)};
        default: return {.takes = forever, .code = make_error_code(std::errc::timed_out)};
    }
}

/// The same layers in either world.
auto layers(testing::event_recorder& heard) {
    return pipeline{
        observe{heard},
        timeout{{.name = "total", .after = 2s}},
        retry{{.max_attempts = 4, .base_delay = 10ms}},
        circuit_breaker{{.window = breaker_window::count, .window_calls = 8, .minimum_calls = 3, .open_for = 100ms}},
        rate_limiter{{.permits = 97, .per = 1s, .burst = 1, .max_queue = 1, .max_wait = 15ms}},
        timeout{{.name = "attempt", .after = 50ms}}};
}

RC_GTEST_PROP(sim_parity, the_simulated_driver_does_as_the_blocking_one, ()) {
    script steps;
    const int count = *rc::gen::inRange(1, 12);
    for (int i = 0; i < count; ++i) steps.push_back(random_step());
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    constexpr int calls = 6;

    story simulated;
    {
        testing::event_recorder heard;
        auto through = layers(heard);
        world here{seed};
        scripted callee{here, steps};
        for (int i = 0; i < calls; ++i) {
            bool done = false;
            send<int>(here, through, {}, std::ref(callee), [&](const result<int>& r) {
                simulated.results.push_back(in_words(r));
                done = true;
            });
            while (!done) here.step();
        }
        simulated.events = heard.all();
        simulated.elapsed = here.elapsed();
    }
    story blocking;
    {
        testing::event_recorder heard;
        auto through = layers(heard);
        testing::virtual_time time{seed};
        testing::mock_dependency<int> mock{time};
        for (const auto& step : steps) mock.then(step);
        for (int i = 0; i < calls; ++i) blocking.results.push_back(in_words(time.run(through, mock.blocking())));
        blocking.events = heard.all();
        blocking.elapsed = time.elapsed();
    }
    RC_ASSERT(simulated == blocking);
}

}  // namespace
}  // namespace cutwater::sim
