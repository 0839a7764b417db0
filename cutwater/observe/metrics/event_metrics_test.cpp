#include "cutwater/observe/metrics/event_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/metrics/metric_registry.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::mock_dependency;
using testing::virtual_time;

class counted_calls : public ::testing::Test {
protected:
    [[nodiscard]] double value(const metric& of, const metric_labels& which) const {
        return metric_value(registry.read(instant{}), of, which);
    }
    virtual_time time;
    metric_registry registry;
    event_metrics counts{registry};
    mock_dependency<int> stock{time};
};

TEST_F(counted_calls, a_call_counts_by_verdict_with_its_attempts_and_its_time) {
    pipeline inventory{observe{counts}, retry{{.max_attempts = 3, .jitter = jitter::none}}};
    stock.fails(std::errc::connection_reset).returns(7, 30ms).throws(std::logic_error{"a bug"});
    (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    EXPECT_EQ(value(metrics::calls, {.operation = "get", .detail = "success"}), 1);
    EXPECT_EQ(value(metrics::calls, {.operation = "get", .detail = "ignored"}), 1)
        << "a bug says nothing about who is called";
    EXPECT_EQ(value(metrics::attempts, {.operation = "get"}), 3);
    EXPECT_EQ(value(metrics::call_duration, {.operation = "get", .detail = "success"}), 1);
    EXPECT_EQ(value(metrics::retries, {.layer = "retry", .operation = "get"}), 1);
    EXPECT_EQ(value(metrics::rescued, {.layer = "retry", .operation = "get", .detail = "retry"}), 1);
    EXPECT_EQ(value(metrics::retries_ended, {.layer = "retry", .operation = "get", .detail = "not_transient"}), 1);
}

TEST_F(counted_calls, durations_are_seconds) {
    pipeline inventory{observe{counts}, retry{{.max_attempts = 2, .base_delay = 250ms, .jitter = jitter::none}}};
    stock.fails(std::errc::connection_reset).returns(7);
    (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    EXPECT_EQ(value(metrics::retry_delay, {.layer = "retry", .operation = "get"}), 0.25);
    const auto read = registry.read(instant{});
    const auto calls = std::ranges::find(read, &metrics::call_duration, &metric_family::of);
    ASSERT_NE(calls, read.end());
    EXPECT_EQ(calls->samples.at(0).counts.sum, 0.25);
}

/// The details of a metric's series.
std::vector<std::string> details_of(const std::vector<metric_family>& read, const metric& of) {
    std::vector<std::string> details;
    for (const metric_family& family : read)
        for (const metric_sample& each : family.samples)
            if (family.of == &of) details.push_back(each.detail);
    return details;
}

TEST_F(counted_calls, with_the_first_call_there_are_series_of_all_ends_that_users_see) {
    pipeline inventory{observe{counts}, rate_limiter{{.name = "partner", .permits = 1, .per = 1h, .burst = 1}}};
    stock.fails(std::errc::connection_reset);
    (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    const auto read = registry.read(instant{});
    EXPECT_THAT(details_of(read, metrics::calls),
                ElementsAre("ignored", "permanent", "rejected", "success", "transient"));
    EXPECT_THAT(details_of(read, metrics::call_duration), ElementsAre("success", "transient"))
        << "where the first success is growth, its time has to be as well";
    EXPECT_EQ(metric_total(read, metrics::calls), 1);
    EXPECT_EQ(metric_value(read, metrics::calls, {.operation = "get", .detail = "transient"}), 1);
}

TEST_F(counted_calls, what_was_there_at_zero_is_what_is_counted_later) {
    pipeline inventory{observe{counts}, rate_limiter{{.name = "partner", .permits = 2, .per = 1h, .burst = 2}}};
    stock.returns(7).fails(std::errc::connection_reset);
    for (int i = 0; i < 3; ++i) (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    const auto read = registry.read(instant{});
    EXPECT_THAT(details_of(read, metrics::calls),
                ElementsAre("ignored", "permanent", "rejected", "success", "transient"));
    for (const std::string_view each : {"success", "transient", "rejected"})
        EXPECT_EQ(metric_value(read, metrics::calls, {.operation = "get", .detail = each}), 1) << each;
}

TEST_F(counted_calls, refusals_have_a_reason_and_are_calls_that_were_rejected) {
    pipeline inventory{observe{counts}, rate_limiter{{.name = "partner", .permits = 1, .per = 1h, .burst = 1}}};
    stock.returns(7);
    (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    EXPECT_EQ(value(metrics::refusals, {.layer = "partner", .operation = "get", .detail = "rate"}), 1);
    EXPECT_EQ(value(metrics::calls, {.operation = "get", .detail = "rejected"}), 1);
}

TEST_F(counted_calls, a_flag_is_a_detail_and_a_wait_is_measured) {
    pipeline inventory{observe{counts}, bulkhead{{.max_concurrent = 1, .max_queue = 1, .max_wait = 200ms}}};
    (void)time.run(inventory, {.operation = "get"}, [&] {
        (void)time.run(inventory, {.operation = "get"},
                       [] { return 1; });  // waits for the permit of the call that it is in
        return 2;
    });
    const auto read = registry.read(instant{});
    const auto waits = std::ranges::find(read, &metrics::queue_wait, &metric_family::of);
    ASSERT_NE(waits, read.end());
    EXPECT_EQ(waits->samples.at(0).detail, "false") << "not admitted";
    EXPECT_EQ(waits->samples.at(0).counts.sum, 0.2);
}

TEST_F(counted_calls, degraded_results_say_where_they_are_from) {
    pipeline inventory{observe{counts}, fallback{0}};
    stock.fails(std::errc::connection_reset);
    (void)time.run(inventory, {.operation = "get"}, stock.blocking());
    EXPECT_EQ(value(metrics::degraded, {.layer = "fallback", .operation = "get", .detail = "default"}), 1);
}

struct stamp_licked {
    unsigned grams = 0;
    static constexpr metric stamps{"stamps_grams_total", metric_type::counter, "Stamps."};
    static constexpr measure measures[]{{.of = &stamps, .value_field = "grams"},
                                        {.of = &stamps, .value_field = "nothing of that name"}};
    static constexpr event_kind kind{"stamp_licked", severity::info, "now and then", measures};
    static void fields(auto& self, auto&& visit) { visit("grams", self.grams, "how much"); }
};

void lick(event_metrics& told, unsigned grams, std::string_view operation = {}) {
    const event_origin from{.layer = "post", .operation = operation, .call_id = {}, .attempt = 1, .at = {}};
    told.on_event(event{from, stamp_licked{grams}});
}

TEST_F(counted_calls, an_event_of_ones_own_is_counted_as_it_says) {
    lick(counts, 3);
    lick(counts, 4);
    EXPECT_EQ(value(stamp_licked::stamps, {.layer = "post"}), 7) << "and a field that is not there adds nothing";
}

struct stamp_torn {
    static constexpr event_kind kind{"stamp_torn", severity::warning, "rarely"};
    static void fields(auto&, auto&&) {}
};
struct stamp_seen {
    static constexpr event_kind kind{"stamp_seen", severity::info, "often"};
    static void fields(auto&, auto&&) {}
};

TEST_F(counted_calls, a_warning_that_counts_nothing_is_counted_by_its_name) {
    const event_origin from{.layer = "post", .operation = {}, .call_id = {}, .attempt = 1, .at = {}};
    counts.on_event(event{from, stamp_torn{}});
    counts.on_event(event{from, stamp_seen{}});
    EXPECT_EQ(value(metrics::events, {.layer = "post", .detail = "stamp_torn"}), 1);
    EXPECT_EQ(metric_total(registry.read(instant{}), metrics::events), 1) << "what is no warning is not";
}

TEST_F(counted_calls, T79_operations_without_end_take_room_for_some) {
    event_metrics few{registry, 10};
    for (int i = 0; i < 5000; ++i) {
        const std::string each = "op " + std::to_string(i);
        lick(few, 1, each);
    }
    const auto read = registry.read(instant{});
    EXPECT_EQ(metric_total(read, stamp_licked::stamps), 5000);
    EXPECT_EQ(metric_value(read, stamp_licked::stamps, {.layer = "post", .operation = "other"}), 4990);
    EXPECT_EQ(few.lost(), 0U);
}

TEST_F(counted_calls, T79_there_is_no_table_without_end) {
    for (const std::size_t none : {std::size_t{0}, std::size_t{1'000'001}, std::numeric_limits<std::size_t>::max()})
        EXPECT_THROW((event_metrics{registry, none}), invalid_options) << none;
    event_metrics most{registry, 1'000'000};
    lick(most, 3);
    EXPECT_EQ(metric_total(registry.read(instant{}), stamp_licked::stamps), 3);
}

TEST_F(counted_calls, T88_what_it_counted_goes_with_it) {
    {
        event_metrics brief{registry};
        lick(brief, 3);
        EXPECT_EQ(registry.size(), 1U);
    }
    EXPECT_THAT(registry.read(instant{}), IsEmpty());
}

struct no_memory final : metric_sink {
    [[nodiscard]] std::shared_ptr<metric_series> open(const metric&, const metric_labels&) override {
        throw std::bad_alloc{};
    }
};
struct no_room final : metric_sink {
    [[nodiscard]] std::shared_ptr<metric_series> open(const metric&, const metric_labels&) override { return nullptr; }
};

TEST(event_metrics, a_sink_that_fails_fails_no_call) {
    no_memory none;
    event_metrics counts{none};
    virtual_time time;
    pipeline inventory{observe{counts}};
    EXPECT_EQ(time.run(inventory, {.operation = "get"}, [] { return 7; }), 7);
    EXPECT_EQ(counts.lost(), 1U) << "the end; a start counts nothing";
}

TEST(event_metrics, a_sink_without_room_is_let_be) {
    no_room full;
    event_metrics counts{full};
    lick(counts, 1);
    EXPECT_EQ(counts.lost(), 0U);
}

/// Counts once by a metric that no page could show, and once by one that is fine.
struct stamp_bent {
    static constexpr metric odd{"stamps bent", metric_type::counter, "Stamps."};
    static constexpr metric fine{"stamps_bent_total", metric_type::counter, "Stamps."};
    static constexpr measure measures[]{{.of = &odd}, {.of = &fine}};
    static constexpr event_kind kind{"stamp_bent", severity::info, "at times", measures};
    static void fields(auto&, auto&&) {}
};

TEST_F(counted_calls, a_metric_that_is_refused_is_lost_and_fails_nothing_else) {
    for (int i = 0; i < 3; ++i) counts.on_event(event{event_origin{}, stamp_bent{}});
    EXPECT_EQ(counts.lost(), 3U);
    EXPECT_EQ(metric_total(registry.read(instant{}), stamp_bent::fine), 3);
}

/// Counts what is recorded, by the type of the metric.
struct counted_records final : metric_sink {
    struct series final : metric_series {
        explicit series(unsigned& of_its_type) : count{of_its_type} {}
        void record(double) noexcept override { ++count; }
        unsigned& count;
    };
    [[nodiscard]] std::shared_ptr<metric_series> open(const metric& of, const metric_labels&) override {
        return std::make_shared<series>(of.type == metric_type::histogram ? observations : increments);
    }
    unsigned increments = 0;
    unsigned observations = 0;
};

TEST(event_metrics, a_call_adds_at_most_two_increments_and_one_observation_for_each_layer) {
    counted_records records;
    event_metrics counts{records};
    virtual_time time;
    mock_dependency<int> stock{time};
    bulkhead room{{.name = "room", .max_concurrent = 10}};
    rate_limiter partner{{.name = "partner", .permits = 2, .per = 1h, .burst = 2}};
    pipeline inventory{observe{counts}, timeout{1s}, retry{{.max_attempts = 2}}, cutwater::ref(partner),
                       cutwater::ref(room)};
    constexpr unsigned layers = 5;
    stock.returns(7).fails(std::errc::connection_reset);
    for (const bool succeeds : {true, false, false}) {  // the last is refused
        records.increments = records.observations = 0;
        EXPECT_EQ(time.run(inventory, {.operation = "get"}, stock.blocking()).has_value(), succeeds);
        EXPECT_GE(records.increments, 1U);
        EXPECT_LE(records.increments, 2 * layers);
        EXPECT_LE(records.observations, layers);
        if (!succeeds) continue;
        EXPECT_EQ(records.increments, 2U)
            << "the call and its attempts, and nothing for a layer that had nothing to do";
        EXPECT_EQ(records.observations, 1U);
    }
}

TEST(event_metrics, a_retry_adds_two_increments_for_each_further_attempt_and_one_at_the_end) {
    counted_records records;
    event_metrics counts{records};
    virtual_time time;
    pipeline inventory{observe{counts}, retry{{.max_attempts = 4}}};
    for (const unsigned retries : {0U, 1U, 2U, 3U}) {
        mock_dependency<int> stock{time};
        for (unsigned i = 0; i < retries; ++i) stock.fails(std::errc::connection_reset);
        stock.returns(7);
        records.increments = records.observations = 0;
        EXPECT_EQ(time.run(inventory, {.operation = "get"}, stock.blocking()), 7);
        EXPECT_EQ(records.increments, 2 + (retries == 0 ? 0 : 2 * retries + 1));
        EXPECT_EQ(records.observations, 1U);
    }
    mock_dependency<int> down{time};
    down.fails(std::errc::connection_reset);
    records.increments = records.observations = 0;
    EXPECT_FALSE(time.run(inventory, {.operation = "get"}, down.blocking()).has_value());
    EXPECT_EQ(records.increments, 2 + 2 * 3 + 1) << "and so does one that gives up";
    EXPECT_EQ(records.observations, 1U);
}

TEST(event_metrics, a_refusal_adds_one_increment_to_the_calls_own) {
    counted_records records;
    event_metrics counts{records};
    virtual_time time;
    pipeline inventory{observe{counts}, rate_limiter{{.permits = 1, .per = 1h, .burst = 1}}};
    for (const unsigned increments : {2U, 3U}) {
        records.increments = records.observations = 0;
        (void)time.run(inventory, {.operation = "get"}, [] { return 7; });
        EXPECT_EQ(records.increments, increments);
        EXPECT_EQ(records.observations, 1U);
    }
}

TEST_F(counted_calls, T88_a_pipeline_that_goes_with_its_listener_takes_its_series_along) {
    pipeline stays{observe{counts}, retry{{.max_attempts = 2}}};
    stock.fails(std::errc::connection_reset).returns(7);
    (void)time.run(stays, {.operation = "get"}, stock.blocking());
    const auto before = registry.size();
    {
        event_metrics brief{registry};
        pipeline goes{observe{brief}, retry{{.name = "brief", .max_attempts = 2}}};
        mock_dependency<int> other{time};
        other.fails(std::errc::connection_reset).returns(7);
        (void)time.run(goes, {.operation = "put"}, other.blocking());
        (void)time.run(goes, {.operation = "get"}, [] { return 7; });
        EXPECT_EQ(value(metrics::retries, {.layer = "brief", .operation = "put"}), 1);
        EXPECT_GT(registry.size(), before);
    }
    const auto read = registry.read(instant{});
    EXPECT_EQ(registry.size(), before);
    for (const metric_family& family : read)
        for (const metric_sample& each : family.samples) EXPECT_EQ(each.operation, name{"get"}) << family.of->name;
    EXPECT_EQ(metric_value(read, metrics::calls, {.operation = "get", .detail = "success"}), 2)
        << "what both have counted is one series, and goes with the last of them";
}

TEST_F(counted_calls, another_listener_hears_the_same) {
    testing::event_recorder heard;
    counts.also(heard);
    pipeline inventory{observe{counts}};
    (void)time.run(inventory, {.operation = "get"}, [] { return 7; });
    EXPECT_THAT(heard.names(), ElementsAre("call_started", "call_completed"));
    EXPECT_EQ(value(metrics::calls, {.operation = "get", .detail = "success"}), 1);
}

// ---- gauges of pipelines ----

TEST_F(counted_calls, a_pipeline_is_watched_with_all_its_layers) {
    circuit_breaker health{{.name = "health"}};
    pipeline inventory{retry{}, cutwater::ref(health), bulkhead{{.name = "room", .max_concurrent = 7}}};
    const auto watched = registry.watch(inventory);
    EXPECT_EQ(value(metrics::concurrency_limit, {.layer = "room"}), 7);
    EXPECT_EQ(value(metrics::circuit_state, {.layer = "health", .detail = "closed"}), 1);
    health.set_mode(breaker_mode::forced_open, instant{});
    EXPECT_EQ(value(metrics::circuit_state, {.layer = "health", .detail = "closed"}), 0);
    EXPECT_EQ(value(metrics::circuit_state, {.layer = "health", .detail = "open"}), 1);
}

TEST_F(counted_calls, and_so_is_one_that_is_chosen_at_run_time) {
    any_pipeline<int> inventory;
    inventory.add(bulkhead{{.name = "room", .max_concurrent = 7}});
    const auto watched = registry.watch(inventory);
    EXPECT_EQ(value(metrics::concurrency_limit, {.layer = "room"}), 7);
}

TEST_F(counted_calls, what_pipelines_share_is_shown_once) {
    circuit_breaker health{{.name = "inventory"}};
    pipeline reads{cutwater::ref(health), retry{}, bulkhead{{.name = "room", .max_concurrent = 7}}};
    any_pipeline<int> writes;
    writes.add(cutwater::ref(health));
    const auto closed = [&] { return value(metrics::circuit_state, {.layer = "inventory", .detail = "closed"}); };
    auto of_reads = registry.watch(reads);
    auto of_writes = registry.watch(writes);
    auto by_itself = registry.watch(health);
    EXPECT_EQ(closed(), 1) << "it is one, by whomever it is watched";
    EXPECT_EQ(value(metrics::concurrency_limit, {.layer = "room"}), 7) << "of the others nothing is left out";
    by_itself.reset();
    of_reads.reset();
    EXPECT_EQ(closed(), 1) << "one holder is left";
    of_writes.reset();
    EXPECT_THAT(registry.read(instant{}), IsEmpty()) << "and gone with the last";
}

TEST_F(counted_calls, what_is_shared_is_told_by_another_where_one_throws_in_the_middle) {
    circuit_breaker health{{.name = "inventory"}};
    const auto throws = registry.watch_by([&](instant now, gauge_visitor& seen) {
        visit_gauges(health, now, seen);
        throw std::runtime_error{"no more"};
    });
    const auto watched = registry.watch(health);
    EXPECT_EQ(value(metrics::circuit_state, {.layer = "inventory", .detail = "closed"}), 1);
}

TEST_F(counted_calls, what_a_pipeline_owns_is_added_to_another_of_its_name) {
    const bulkhead own{{.name = "room", .max_concurrent = 3}};
    pipeline inventory{retry{}, bulkhead{{.name = "room", .max_concurrent = 7}}};
    const auto first = registry.watch(own);
    const auto second = registry.watch(inventory);
    const auto again = registry.watch(inventory);
    EXPECT_EQ(value(metrics::concurrency_limit, {.layer = "room"}), 10);
}

TEST_F(counted_calls, a_budget_is_watched_by_its_own_name) {
    retry_budget budget{{.name = "search", .mode = budget_mode::token_bucket, .max_tokens = 10}};
    const auto watched = registry.watch(budget);
    EXPECT_EQ(value(metrics::budget_balance, {.layer = "search"}), 10);
}

TEST_F(counted_calls, a_shedder_that_nobody_asks_any_more_sheds_nothing) {
    load_shedder shedder{{.name = "door", .target_concurrent = 1, .window = 100ms}};
    const auto watched = registry.watch(shedder);
    EXPECT_EQ(metric_value(registry.read(time.now()), metrics::shedding, {.layer = "door"}), 0);
    pipeline inventory{cutwater::ref(shedder)};
    (void)time.run(inventory, {.operation = "get"}, [&] {
        EXPECT_EQ(metric_value(registry.read(time.now()), metrics::calls_in_flight, {.layer = "door"}), 1);
        return 7;
    });
    time.pass(1h);
    EXPECT_EQ(metric_value(registry.read(time.now()), metrics::load, {.layer = "door"}), 0);
}

}  // namespace
}  // namespace cutwater
