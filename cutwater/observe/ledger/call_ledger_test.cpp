#include "cutwater/observe/ledger/call_ledger.hpp"

#include <gmock/gmock.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/ledger/tell_attempts.hpp"
#include "cutwater/testing/asio/stage.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::SizeIs;

/// `at event`, of each entry.
std::vector<std::string> told_by(const call_ledger& kept) {
    std::vector<std::string> lines;
    for (const ledger_entry& e : kept.entries()) lines.push_back(to_text(e.at) + " " + e.event);
    return lines;
}

class a_ledger : public ::testing::TestWithParam<testing::driver> {
protected:
    testing::stage<int> on{GetParam()};
    call_ledger kept;
};

INSTANTIATE_TEST_SUITE_P(drivers, a_ledger, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(a_ledger, has_each_attempt_wait_and_end_of_a_call_with_its_time) {
    on.dependency.fails(std::errc::connection_reset, 20ms).returns(7, 30ms);
    pipeline guarded{observe{kept}, retry{{.base_delay = 100ms, .jitter = jitter::none}}, tell_attempts{}};
    EXPECT_EQ(on.play(guarded), 7);
    EXPECT_THAT(told_by(kept), ElementsAre("0s call_started", "20ms attempt_ended", "20ms retry_scheduled",
                                           "150ms attempt_ended", "150ms retry_rescued", "150ms call_completed"));
    const std::vector<ledger_entry> entries = kept.entries();
    const ledger_entry& first = entries.at(1);
    EXPECT_EQ(first.attempt, 1U);
    EXPECT_EQ(first.layer, "attempts");
    EXPECT_EQ(first.time("took"), 20ms);
    EXPECT_EQ(first.text("meaning"), "transient");
    EXPECT_EQ(first.text("outcome"), "Connection reset by peer");
    EXPECT_EQ(entries.at(2).time("delay"), 100ms);
    EXPECT_EQ(entries.at(3).attempt, 2U);
    EXPECT_EQ(entries.at(3).time("took"), 30ms);
    EXPECT_EQ(entries.at(3).text("meaning"), "success");
    EXPECT_EQ(entries.at(3).text("outcome"), "");
}

TEST_P(a_ledger, has_refusals_with_the_numbers_that_they_were_decided_by) {
    on.dependency.fails(std::errc::connection_reset);
    circuit_breaker inventory{
        {.name = "inventory", .window = breaker_window::consecutive, .consecutive_failures = 1, .open_for = 20s}};
    pipeline guarded{observe{kept}, ref(inventory), tell_attempts{}};
    (void)on.play(guarded);
    kept.clear();
    (void)on.play(guarded);
    EXPECT_THAT(told_by(kept), ElementsAre("0s call_started", "0s circuit_refused", "0s call_refused"));
    EXPECT_EQ(kept.entries().at(1).time("retry_after"), 20s);
    EXPECT_EQ(kept.entries().at(1).layer, "inventory");
}

TEST(call_ledger, tells_calls_apart_by_their_ids) {
    call_ledger kept;
    testing::virtual_time time;
    pipeline guarded{observe{kept}};
    for (const char* const id : {"b", "a", "", "b"}) (void)time.run(guarded, {.id = id}, [] { return 7; });
    EXPECT_THAT(kept.calls(), ElementsAre("b", "a", ""));
    EXPECT_THAT(kept.entries(), SizeIs(8));
}

TEST(call_ledger, writes_down_the_one_call_that_was_asked_for) {
    call_ledger kept{{.only_call = "order-7"}};
    testing::virtual_time time;
    pipeline guarded{observe{kept}};
    for (const char* const id : {"order-6", "order-7", ""}) {
        (void)time.run(guarded, {.id = id}, [] { return 7; });
        time.pass(1s);
    }
    EXPECT_THAT(kept.calls(), ElementsAre("order-7"));
    EXPECT_EQ(kept.began(), testing::virtual_time::start + 1s) << "and its time begins with it";
    EXPECT_EQ(kept.entries().front().at, 0s);
}

TEST(call_ledger, keeps_no_more_than_it_has_room_for_and_says_so) {
    call_ledger kept{{.max_entries = 3, .max_text = 4}};
    testing::virtual_time time;
    pipeline guarded{observe{kept}};
    for (int i = 0; i < 5; ++i) (void)time.run(guarded, {.id = "a long id"}, [] { return 7; });
    EXPECT_THAT(kept.entries(), SizeIs(3));
    EXPECT_EQ(kept.left_out(), 7U);
    EXPECT_THAT(kept.calls(), ElementsAre("a lo"));
    const ledger_book book = kept.book();
    EXPECT_EQ(book.about, "calls");
    EXPECT_EQ(book.left_out, 7U);
    EXPECT_EQ(book.entries, kept.entries());
    kept.clear();
    EXPECT_THAT(kept.entries(), SizeIs(0));
    EXPECT_EQ(kept.left_out(), 0U);
    EXPECT_EQ(kept.began(), std::nullopt);
}

struct throwing_event {
    static constexpr event_kind kind{"throwing_event", severity::info, "in these tests"};
    static void fields(auto&, auto&&) { throw std::runtime_error{"no field"}; }
};

TEST(call_ledger, counts_an_event_that_cannot_be_kept) {
    call_ledger kept;
    kept.on_event(event{{.layer = "retry", .at = instant{1s}}, throwing_event{}});
    EXPECT_EQ(kept.left_out(), 1U);
    EXPECT_THAT(kept.entries(), SizeIs(0));
}

TEST(tell_attempts, reads_no_clock_where_nobody_listens) {
    testing::virtual_time time;
    pipeline plain{tell_attempts{}};
    (void)time.run(plain, [] { return 7; });
    EXPECT_EQ(time.reads(), 0U);
}

TEST(tell_attempts, says_what_was_wrong_with_a_value) {
    call_ledger kept;
    testing::virtual_time time;
    const auto is_busy = classify{[](const outcome<int>& out) -> std::optional<judgement> {
        if (!out.has_value()) return {};
        return judgement{.meaning = verdict::transient, .reason = "HTTP 503"};
    }};
    pipeline guarded{observe{kept}, tell_attempts{"calls"}, is_busy};
    (void)time.run(guarded, {.target = "backend"}, [] { return 503; });
    const std::vector<ledger_entry> entries = kept.entries();
    const ledger_entry& told = entries.at(1);
    EXPECT_EQ(told.layer, "calls");
    EXPECT_EQ(told.text("outcome"), "the result was judged transient: HTTP 503");
    EXPECT_EQ(told.text("target"), "backend");
}

}  // namespace
}  // namespace cutwater
