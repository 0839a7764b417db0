// One table of what happens to tasks, for threads and for coroutines: the same decisions at the same instants. One worker, in
// virtual time; tasks that are posted later are posted while another runs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "cutwater/asio.hpp"
#include "cutwater/drive/work/by_hand_test.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/others.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using testing::driver;
using enum criticality;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

/// A queue with one dependency behind it, and a list of what was told of its tasks.
class work_stage {
public:
    work_stage(driver played_by, work_queue_options options) {
        options.name = "queue";
        options.workers = 1;
        if (played_by == driver::blocking)
            by_hand_.emplace(time, options, &heard);
        else
            async_.emplace(loop_.context().get_executor(), options, heard);
    }

    testing::virtual_time time;
    testing::mock_dependency<int> dependency{time};
    testing::event_recorder heard;
    std::vector<std::string> told;
    std::vector<std::string> never_sent;

    template <class Pipeline>
    void post(Pipeline& guarded, const std::string& called, call_options said = {}) {
        said.operation = name{called};
        const auto done = [this, called](const result<int>& r) { tell(called, r); };
        const auto taken = by_hand_ ? by_hand_->post(said, ref(guarded), dependency.blocking(), done)
                                    : async_->post(said, ref(guarded), loop_.coroutine(dependency), done);
        if (!taken) tell(called, result<int>{std::unexpect, taken.error()});
    }
    template <class Pipeline>
    void post_after(duration d, Pipeline& guarded, const std::string& called, call_options said = {}) {
        time.after(d, [this, &guarded, called, said] { post(guarded, called, said); });
    }
    std::vector<std::string> run() {
        if (by_hand_)
            by_hand_->run_all();
        else
            loop_.run_all();
        return told;
    }

    [[nodiscard]] unsigned held() const { return by_hand_ ? by_hand_->held() : async_->held(); }
    void stop() { by_hand_ ? by_hand_->stop() : async_->stop(); }
    void close() {
        if (by_hand_) return by_hand_->close();
        boost::asio::co_spawn(loop_.context(), async_->async_drain(1h), [](const std::exception_ptr&, unsigned) {});
        loop_.context().poll();
    }

private:
    void tell(const std::string& called, const result<int>& r) {
        told.push_back(called + ": " + (r ? std::to_string(*r) : r.error().message()) + ", after " +
                       to_text(time.elapsed()));
        if (!r && r.error().code() == condition::never_sent) never_sent.push_back(called);
    }

    testing::virtual_asio loop_{time};
    std::optional<testing::by_hand> by_hand_;
    std::optional<async_work_queue> async_;
};

const retry_options once_more{.max_attempts = 2, .base_delay = 10ms, .jitter = jitter::none};

struct work_on : ::testing::TestWithParam<driver> {
    pipeline<retry> retries{retry{once_more}};
    bulkhead wide{{.max_concurrent = 100}};
    pipeline<reference<bulkhead>> plain{ref(wide)};
};
INSTANTIATE_TEST_SUITE_P(flavours, work_on, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(work_on, S112_tasks_are_done_one_after_the_other_as_they_came) {
    work_stage on{GetParam(), {}};
    on.dependency.returns(7, 5ms).fails(std::errc::permission_denied, 5ms).throws(std::runtime_error{"boom"});
    for (const auto* name : {"a", "b", "c"}) on.post(plain, name);
    EXPECT_EQ(on.held(), 3U);
    EXPECT_THAT(on.told, IsEmpty());
    EXPECT_THAT(on.run(),
                ElementsAre("a: 7, after 5ms", "b: b: Permission denied, after 10ms", "c: c: boom, after 10ms"));
    EXPECT_EQ(on.held(), 0U);
    EXPECT_EQ(on.dependency.most_at_once(), 1U);
}

TEST_P(work_on, S86_a_retry_goes_back_into_the_queue_and_others_run_in_its_delay) {
    work_stage on{GetParam(), {}};
    on.dependency.fails(std::errc::connection_reset, 1ms).returns(7, 2ms).returns(8, 1ms);
    on.post(retries, "a");
    on.post(retries, "b");
    EXPECT_THAT(on.run(), ElementsAre("b: 7, after 3ms", "a: 8, after 12ms"));
}

TEST_P(work_on, S86_a_retry_that_is_due_stands_by_the_time_that_it_was_posted) {
    work_stage on{GetParam(), {}};
    on.dependency.fails(std::errc::connection_reset, 1ms).returns(7, 20ms).returns(8, 1ms);
    for (const auto* name : {"a", "b", "c"}) on.post(retries, name);
    EXPECT_THAT(on.run(), ElementsAre("b: 7, after 21ms", "a: 8, after 22ms", "c: 8, after 23ms"));
}

TEST_P(work_on, S86_a_retry_keeps_its_place_however_full_the_queue_is) {
    work_stage on{GetParam(), {.max_length = 2}};
    on.dependency.fails(std::errc::connection_reset, 1ms).returns(7, 20ms).returns(8, 1ms);
    on.post(retries, "a");
    on.post(retries, "b");
    on.post_after(2ms, retries, "c");  // a has paused, b runs
    EXPECT_THAT(on.run(),
                ElementsAre("c: queue: c: the queue is full, after 2ms", "b: 7, after 21ms", "a: 8, after 22ms"));
    EXPECT_EQ(on.heard.last("work_refused").field("when_full"), "refuse");
    EXPECT_EQ(on.heard.last("work_refused").field("closed"), "false");
}

TEST_P(work_on, S125_what_matters_more_is_next) {
    work_stage on{GetParam(), {}};
    on.dependency.returns(7, 1ms);
    on.post(plain, "running");
    on.post_after(500us, plain, "job", {.importance = best_effort});
    on.post_after(500us, plain, "page");
    on.post_after(500us, plain, "payment", {.importance = critical});
    EXPECT_THAT(on.run(), ElementsAre("running: 7, after 1ms", "payment: 7, after 2ms", "page: 7, after 3ms",
                                      "job: 7, after 4ms"));
}

TEST_P(work_on, S125_the_oldest_of_what_matters_least_makes_room_and_is_told_so) {
    work_stage on{GetParam(), {.max_length = 3, .when_full = queue_overflow::drop_oldest}};
    on.dependency.returns(7, 10ms);
    on.post(plain, "running");
    on.post_after(1ms, plain, "job", {.importance = best_effort});
    on.post_after(1ms, plain, "old");
    on.post_after(2ms, plain, "new");
    on.post_after(3ms, plain, "newer");
    on.post_after(4ms, plain, "late job", {.importance = best_effort});
    EXPECT_THAT(on.run(), ElementsAre("job: queue: job: another call took its place in the queue, after 2ms",
                                      "old: queue: old: another call took its place in the queue, after 3ms",
                                      "late job: queue: late job: the queue is full, after 4ms",
                                      "running: 7, after 10ms", "new: 7, after 20ms", "newer: 7, after 30ms"));
    EXPECT_EQ(on.heard.count("work_displaced"), 2U);
    EXPECT_EQ(on.heard.last("work_displaced").field("queued_for"), "2ms");
    const auto names = on.heard.names();
    EXPECT_THAT(std::vector<std::string>(names.begin() + 4, names.begin() + 8),
                ElementsAre("work_displaced", "work_queued", "work_displaced", "work_queued"))
        << "room is made before it is taken";
}

TEST_P(work_on, what_has_begun_is_not_displaced) {
    work_stage on{GetParam(), {.max_length = 1, .when_full = queue_overflow::drop_oldest}};
    on.dependency.fails(std::errc::connection_reset, 1ms).returns(7);
    on.post(retries, "a", {.importance = best_effort});
    on.post_after(5ms, retries, "b", {.importance = critical});
    EXPECT_THAT(on.run(), ElementsAre("b: queue: b: the queue is full, after 5ms", "a: 7, after 11ms"));
}

TEST_P(work_on, T46_what_passes_its_deadline_in_the_queue_never_runs) {
    work_stage on{GetParam(), {}};
    on.dependency.returns(7, 20ms);
    on.post(plain, "slow");
    on.post(plain, "late", {.deadline = on.time.in(10ms)});
    (void)on.run();
    EXPECT_EQ(on.dependency.calls(), 1U);
    ASSERT_EQ(on.told.size(), 2U);
    EXPECT_THAT(on.never_sent, ElementsAre("late"));
    EXPECT_EQ(on.heard.count("work_expired"), 1U);
    EXPECT_EQ(on.heard.count("work_started"), 1U);
}

TEST_P(work_on, T46_a_pipeline_hears_nothing_of_what_never_began) {
    work_stage on{GetParam(), {}};
    on.dependency.returns(7);
    testing::event_recorder calls;
    pipeline watched{observe{calls}, ref(wide)};
    on.post(watched, "late", {.deadline = on.time.present()});
    EXPECT_THAT(on.run(), ElementsAre("late: queue: late: the deadline passed before it had begun, after 0s"));
    EXPECT_THAT(calls.names(), IsEmpty());
    on.post(watched, "in time");
    (void)on.run();
    EXPECT_THAT(calls.names(), Not(IsEmpty()));
}

TEST_P(work_on, T46_what_has_begun_and_paused_is_not_told_as_never_sent) {
    work_stage on{GetParam(), {}};
    on.dependency.fails(std::errc::connection_reset, 1ms).returns(7, 20ms);
    on.post(retries, "paused", {.deadline = on.time.in(15ms)});
    on.post(retries, "runs");
    (void)on.run();
    EXPECT_EQ(on.told.size(), 2U);
    EXPECT_THAT(on.never_sent, IsEmpty());
}

TEST_P(work_on, T46_what_is_past_its_deadline_leaves_a_full_queue_before_anybody_is_turned_away) {
    work_stage on{GetParam(), {.max_length = 2}};
    on.dependency.returns(7, 20ms);
    on.post(plain, "in time", {.deadline = on.time.in(1h)});
    on.post(plain, "late", {.deadline = on.time.present()});
    on.post(plain, "new");
    on.post(plain, "newer");
    EXPECT_THAT(on.heard.names(),
                ElementsAre("work_queued", "work_queued", "work_expired", "work_queued", "work_refused"));
    EXPECT_EQ(on.held(), 2U);
    EXPECT_THAT(on.run(), UnorderedElementsAre("late: queue: late: the deadline passed before it had begun, after 0s",
                                               "newer: queue: newer: the queue is full, after 0s",
                                               "in time: 7, after 20ms", "new: 7, after 40ms"));
    EXPECT_THAT(on.never_sent, UnorderedElementsAre("late", "newer"));
    EXPECT_EQ(on.held(), 0U);
}

TEST_P(work_on, T46_what_is_past_its_deadline_makes_room_before_anybody_is_displaced) {
    work_stage on{GetParam(), {.max_length = 2, .when_full = queue_overflow::drop_oldest}};
    on.dependency.returns(7, 20ms);
    on.post(plain, "job", {.importance = best_effort});
    on.post(plain, "late", {.deadline = on.time.present(), .importance = critical});
    on.post(plain, "new");
    EXPECT_THAT(on.run(), ElementsAre("late: queue: late: the deadline passed before it had begun, after 0s",
                                      "new: 7, after 20ms", "job: 7, after 40ms"));
    EXPECT_EQ(on.heard.count("work_displaced"), 0U);
}

TEST_P(work_on, T46_what_is_late_already_leaves_before_anybody_is_served) {
    work_stage on{GetParam(), {}};
    on.dependency.returns(7, 20ms);
    on.post(plain, "vital", {.importance = critical});
    on.post(plain, "late", {.deadline = on.time.present()});
    EXPECT_THAT(on.run(), ElementsAre("late: queue: late: the deadline passed before it had begun, after 0s",
                                      "vital: 7, after 20ms"));
}

TEST_P(work_on, T47_a_timeout_of_the_pipelines_begins_when_a_worker_takes_the_task) {
    work_stage on{GetParam(), {}};
    on.dependency.returns(7, 20ms).returns(8, 10ms);
    pipeline bounded{timeout{15ms}};
    on.post(plain, "slow");
    on.post(bounded, "waits");
    EXPECT_THAT(on.run(), ElementsAre("slow: 7, after 20ms", "waits: 8, after 30ms"));
    EXPECT_EQ(on.heard.last("work_started").field("queued_for"), "20ms") << "and how long it waited is told apart";
}

TEST_P(work_on, an_attempt_that_runs_into_its_limit_is_interrupted_and_tried_again) {
    work_stage on{GetParam(), {}};
    on.dependency.hangs().returns(8, 1ms);
    pipeline bounded{retry{once_more}, timeout{5ms}};
    on.post(bounded, "a");
    EXPECT_THAT(on.run(), ElementsAre("a: 8, after 16ms"));
}

TEST_P(work_on, T72_a_caller_who_cancels_ends_a_pause_at_once) {
    work_stage on{GetParam(), {}};
    on.dependency.fails(std::errc::connection_reset, 1ms).returns(7);
    pipeline patient{retry{{.base_delay = 1h, .max_delay = 1h, .jitter = jitter::none}}};
    std::stop_source caller;
    on.post(patient, "a", {.stop = caller.get_token()});
    on.time.after(5ms, [&] { caller.request_stop(); });
    EXPECT_THAT(on.run(), ElementsAre("a: retry: a: the caller cancelled the call, after 5ms"));
    EXPECT_EQ(on.held(), 0U);
}

TEST_P(work_on, T43_what_is_cancelled_in_the_queue_never_runs) {
    work_stage on{GetParam(), {}};
    on.dependency.returns(7, 10ms);
    std::stop_source caller;
    std::stop_source long_ago;
    long_ago.request_stop();
    on.post(plain, "runs");
    on.post(plain, "waits", {.stop = caller.get_token()});
    on.post(plain, "cancelled before", {.stop = long_ago.get_token()});
    on.time.after(5ms, [&] { caller.request_stop(); });
    (void)on.run();
    EXPECT_EQ(on.dependency.calls(), 1U);
    EXPECT_EQ(on.told.size(), 3U);
    EXPECT_EQ(on.heard.count("work_withdrawn"), 2U);
    EXPECT_EQ(on.heard.last("work_withdrawn").field("reason"), "cancelled");
    EXPECT_THAT(on.never_sent, UnorderedElementsAre("waits", "cancelled before"));
    EXPECT_THAT(on.told, Contains("cancelled before: queue: cancelled before: the caller cancelled before it had "
                                  "begun, after 0s"));
}

TEST_P(work_on, a_caller_who_cancels_ends_an_attempt) {
    work_stage on{GetParam(), {}};
    on.dependency.hangs();
    std::stop_source caller;
    pipeline bounded{timeout{1h}};
    on.post(bounded, "a", {.stop = caller.get_token()});
    on.time.after(5ms, [&] { caller.request_stop(); });
    EXPECT_THAT(on.run(), ElementsAre("a: a: the caller cancelled the call, after 5ms"));
}

TEST_P(work_on, a_queue_that_is_stopped_cancels_what_waits_what_has_paused_and_what_runs) {
    work_stage on{GetParam(), {}};
    on.dependency.fails(std::errc::connection_reset, 1ms).hangs();
    std::stop_source nobody_stops;
    pipeline bounded{retry{once_more}, timeout{1h}};
    on.post(bounded, "pauses", {.stop = nobody_stops.get_token()});
    on.post(bounded, "runs");
    on.post(bounded, "waits");
    on.post_after(6ms, bounded, "late");
    on.time.after(5ms, [&] { on.stop(); });
    (void)on.run();
    EXPECT_THAT(on.told, UnorderedElementsAre("pauses: retry: pauses: the caller cancelled the call, after 5ms",
                                              "runs: runs: the caller cancelled the call, after 5ms",
                                              "waits: queue: waits: the queue takes no more, after 5ms",
                                              "late: queue: late: the queue takes no more, after 6ms"));
    EXPECT_EQ(on.dependency.calls(), 2U);
    EXPECT_EQ(on.held(), 0U);
    EXPECT_THAT(on.never_sent, UnorderedElementsAre("waits", "late")) << "of the others something may have been";
    EXPECT_EQ(on.heard.last("work_withdrawn").field("reason"), "stopped");
    EXPECT_EQ(on.heard.last("work_queue_stopped").field("held"), "3");
    EXPECT_EQ(on.heard.last("work_refused").field("closed"), "true");
}

TEST_P(work_on, a_queue_that_is_closed_finishes_what_it_holds_pauses_included) {
    work_stage on{GetParam(), {}};
    on.dependency.fails(std::errc::connection_reset, 1ms).returns(7, 1ms);
    on.post(retries, "a");
    on.post(retries, "b");
    on.close();
    on.post(retries, "c");
    EXPECT_THAT(on.run(),
                ElementsAre("c: queue: c: the queue takes no more, after 0s", "b: 7, after 2ms", "a: 7, after 12ms"));
}

TEST_P(work_on, S112_a_rate_spaces_the_attempts_retries_included) {
    work_stage on{GetParam(), {.rate = 1, .per = 20ms}};
    on.dependency.fails(std::errc::connection_reset).returns(7);
    on.post(retries, "a");
    on.post(retries, "b");
    EXPECT_THAT(on.run(), ElementsAre("a: 7, after 20ms", "b: 7, after 40ms"));
}

TEST_P(work_on, what_a_layer_refuses_costs_nothing_of_the_rate) {
    work_stage on{GetParam(), {.rate = 1, .per = 20ms}};
    on.dependency.returns(7);
    rate_limiter empty{{.name = "empty", .permits = 1, .per = 24h, .burst = 1}};
    ASSERT_TRUE(empty.try_acquire(on.time.present()));
    pipeline refuses{ref(empty)};
    on.post(refuses, "a");
    on.post(plain, "b");
    EXPECT_THAT(on.run(),
                ElementsAre("a: empty: a: the rate limit is reached, retry after 24h, after 0s", "b: 7, after 0s"));
}

TEST_P(work_on, what_is_late_or_cancelled_does_not_wait_for_the_rate) {
    work_stage on{GetParam(), {.rate = 1, .per = 1h}};
    on.dependency.returns(7);
    on.post(plain, "a");
    on.post(plain, "b", {.deadline = on.time.in(10ms)});
    EXPECT_THAT(on.run(),
                ElementsAre("a: 7, after 0s", "b: queue: b: the deadline passed before it had begun, after 10ms"));
}

TEST_P(work_on, a_task_that_waits_for_a_gates_permit_keeps_nobody_else_from_running) {
    work_stage on{GetParam(), {}};
    on.dependency.returns(7, 1ms);
    bulkhead narrow{{.name = "narrow", .max_concurrent = 1, .max_queue = 5, .max_wait = 1h}};
    testing::others those{narrow, on.time};
    those.come();
    pipeline through{ref(narrow)};
    on.post(through, "waits");
    on.post(plain, "passes");
    those.go_after(30ms);
    EXPECT_THAT(on.run(), ElementsAre("passes: 7, after 1ms", "waits: 7, after 31ms"));
    EXPECT_EQ(narrow.in_use(), 0U);
}

TEST_P(work_on, T80_a_task_that_is_given_a_permit_goes_before_what_matters_more) {
    work_stage on{GetParam(), {}};
    on.dependency.returns(7, 10ms);
    bulkhead narrow{{.name = "narrow", .max_concurrent = 1, .max_queue = 5, .max_wait = 1h}};
    testing::others those{narrow, on.time};
    those.come();
    pipeline through{ref(narrow)};
    on.post(through, "waits", {.importance = best_effort});
    on.post_after(1ms, plain, "runs");
    on.post_after(2ms, plain, "vital", {.importance = critical});
    those.go_after(5ms);
    EXPECT_THAT(on.run(), ElementsAre("runs: 7, after 11ms", "waits: 7, after 21ms", "vital: 7, after 31ms"));
}

TEST_P(work_on, T80_a_task_that_is_given_a_permit_does_not_wait_for_the_rate_and_owes_it) {
    work_stage on{GetParam(), {.rate = 1, .per = 20ms}};
    on.dependency.returns(7);
    bulkhead narrow{{.name = "narrow", .max_concurrent = 1, .max_queue = 5, .max_wait = 1h}};
    testing::others those{narrow, on.time};
    those.come();
    pipeline through{ref(narrow)};
    on.post(through, "waits");
    on.post(plain, "a");
    on.post(plain, "b");
    on.post(plain, "c");
    those.go_after(25ms);
    EXPECT_THAT(on.run(),
                ElementsAre("a: 7, after 0s", "b: 7, after 20ms", "waits: 7, after 25ms", "c: 7, after 60ms"));
}

TEST_P(work_on, T80_a_permit_that_is_waited_for_in_vain_leaves_nothing_behind) {
    work_stage on{GetParam(), {}};
    on.dependency.returns(7, 1ms);
    bulkhead narrow{{.name = "narrow", .max_concurrent = 1, .max_queue = 5, .max_wait = 20ms}};
    testing::others those{narrow, on.time};
    those.come();
    pipeline through{ref(narrow)};
    on.post(through, "waits");
    EXPECT_THAT(on.run(),
                ElementsAre("waits: narrow: waits: no permit or place became free in time (limit 20ms), after 20ms"));
    EXPECT_EQ(narrow.queued(), 0U);
    EXPECT_EQ(on.held(), 0U);
}

/// A gate that lets whoever comes wait, and lets it in before it has begun to.
struct hasty {
    struct ticket {};
    waiter_queue line;

    [[nodiscard]] static name layer_name() { return "hasty"; }
    [[nodiscard]] static admission<ticket> admit(call_context&, moment&) { return wait_until{}; }
    [[nodiscard]] admission<ticket> enqueue(waiter& w, call_context&, moment&) {
        line.push(w);
        line.grant_first();
        return wait_until{};
    }
    [[nodiscard]] static admission<ticket> resume(waiter& w, call_context&, moment&) {
        if (w.take_grant()) return ticket{};
        return wait_until{};
    }
    void leave(waiter& w) noexcept { line.remove(w); }
    static void settle(ticket&, const observation&, call_context&, moment&) {}
    static void abandon(ticket&) noexcept {}
};

TEST_P(work_on, a_task_that_is_let_in_before_it_has_paused_goes_on_at_once) {
    hasty gate;
    pipeline through{ref(gate)};
    work_stage on{GetParam(), {}};
    on.dependency.returns(7);
    on.post(through, "a");
    EXPECT_THAT(on.run(), ElementsAre("a: 7, after 0s"));
}

TEST_P(work_on, T72_a_caller_who_cancels_as_a_pause_begins_ends_it) {
    std::stop_source caller;
    pipeline patient{
        retry{{.base_delay = 1h, .max_delay = 1h, .jitter = jitter::none, .on_retry = [&](const retry_scheduled&) {
                   caller.request_stop();
               }}}};
    work_stage on{GetParam(), {}};
    on.dependency.fails(std::errc::connection_reset);
    on.post(patient, "a", {.stop = caller.get_token()});
    EXPECT_THAT(on.run(), ElementsAre("a: retry: a: the caller cancelled the call, after 0s"));
}

TEST_P(work_on, events_tell_what_becomes_of_tasks) {
    work_stage on{GetParam(), {}};
    on.dependency.returns(7, 5ms);
    on.post(plain, "a");
    on.post(plain, "b");
    (void)on.run();
    EXPECT_THAT(on.heard.names(), ElementsAre("work_queued", "work_queued", "work_started", "work_completed",
                                              "work_started", "work_completed"));
    EXPECT_EQ(on.heard.last("work_queued").field("held"), "2");
    EXPECT_EQ(on.heard.last("work_completed").field("took"), "5ms");
    EXPECT_EQ(on.heard.last("work_completed").field("meaning"), "success");
    EXPECT_EQ(on.heard.last("work_started").layer, "queue");
    EXPECT_EQ(on.heard.last("work_started").operation, "b");
    EXPECT_EQ(on.heard.last("work_started").field("queued_for"), "5ms");
}

TEST_P(work_on, a_failure_is_told_where_nobody_else_hears_of_it) {
    work_stage on{GetParam(), {}};
    on.dependency.fails(std::errc::connection_reset, 5ms);
    on.post(retries, "a");
    (void)on.run();
    const auto failed = on.heard.last("work_failed");
    EXPECT_EQ(failed.level, severity::warning);
    EXPECT_EQ(failed.operation, "a");
    EXPECT_EQ(failed.field("took"), "20ms") << "its pause included";
    EXPECT_EQ(failed.field("sent"), "2");
    EXPECT_EQ(failed.field("meaning"), "transient");
    EXPECT_EQ(failed.field("error_message"), "Connection reset by peer");
}

TEST_P(work_on, tasks_post_tasks) {
    work_stage on{GetParam(), {.max_length = 2}};
    on.dependency.returns(7, 5ms).on_call([&](unsigned call) {
        if (call < 3) on.post(plain, "next");
    });
    on.post(plain, "first");
    EXPECT_THAT(on.run(), ElementsAre("first: 7, after 5ms", "next: 7, after 10ms", "next: 7, after 15ms"));
}

}  // namespace
}  // namespace cutwater
