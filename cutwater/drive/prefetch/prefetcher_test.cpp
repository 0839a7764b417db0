// A prefetcher in virtual time, its calls taken by hand.

#include "cutwater/drive/prefetch/prefetcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "cutwater/drive/work/by_hand_test.hpp"
#include "cutwater/store.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using testing::has_value;
using ::testing::HasSubstr;
using testing::is_degraded;
using ::testing::Le;

/// One worker, whose turns are taken when the test says how far time goes.
template <class Cache, class Guarded, class Ask>
class prefetcher_by_hand : public basic_prefetcher<testing::by_hand, Cache, Guarded, Ask> {
    using base = basic_prefetcher<testing::by_hand, Cache, Guarded, Ask>;

public:
    prefetcher_by_hand(testing::virtual_time& time, prefetch_calls<Cache, Guarded, Ask> what, prefetch_options options,
                       listener* hears = nullptr)
        : base{std::move(what), std::move(options), hears,
               [&](work_queue_options of) { return std::make_shared<testing::by_hand>(time, std::move(of)); }},
          time_{time} {}

    void run_for(duration d) { run_until(time_.in(d)); }
    void run_until(instant end) {
        for (;;) {
            while (time_.present() <= end && this->queue().turn()) {}
            const instant look = this->queue().next_look();
            if (look > end || time_.present() > end) break;
            time_.pass(between(time_.present(), look));
        }
        if (time_.present() < end) time_.pass(between(time_.present(), end));
    }
    using base::queue;

private:
    testing::virtual_time& time_;
};

class prefetchers : public ::testing::Test {
protected:
    testing::virtual_time time;
    testing::event_recorder heard;
    cache_options cached{.name = "stock", .fresh_for = 100s, .stale_if_error = 1h, .jitter = 0.0};
    prefetch_options usual{.name = "ahead",
                           .refresh_at = 0.8,
                           .jitter = 0.3,
                           .first_within = 0s,
                           .least_pause = 1s,
                           .base_delay = 2s,
                           .max_delay = 40s};
    bool is_down = false;
    std::vector<instant> asked;
    std::map<std::string, std::vector<instant>, std::less<>> asked_for;

    /// The dependency.
    std::expected<int, std::errc> fetch(const cache_key& key, duration takes = 0s) {
        asked.push_back(time.present());
        asked_for[std::string{key.asked}].push_back(time.present());
        time.pass(takes);
        if (is_down) return std::unexpected{std::errc::connection_refused};
        return static_cast<int>(asked.size());
    }
    auto fetches(duration takes = 0s) {
        return [this, takes](const cache_key& key) { return fetch(key, takes); };
    }
    static cache_key key(std::string_view asked) { return {.operation = "get", .asked = asked}; }
    result<int> read(auto& guarded, std::string_view what) {
        return time.run(guarded, {.operation = "get", .fingerprint = what}, [&] { return fetch(key(what)); });
    }
    std::vector<duration> gaps() const {
        std::vector<duration> between_them;
        for (std::size_t i = 1; i < asked.size(); ++i) between_them.push_back(between(asked[i - 1], asked[i]));
        return between_them;
    }
};

TEST_F(prefetchers, S90_a_declared_key_is_asked_for_by_itself_before_its_value_ends) {
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual};
    EXPECT_TRUE(ahead.declare(key("a")));
    ahead.run_for(1h);
    EXPECT_GE(asked.size(), 45U);
    EXPECT_LE(asked.size(), 73U);
    EXPECT_THAT(gaps(), Each(AllOf(Ge(50s), Le(80s))));
    EXPECT_THAT(read(guarded, "a"), has_value(static_cast<int>(asked.size())));
    EXPECT_EQ(read(guarded, "a").source(), name{"stock"}) << "and nobody waits";
}

TEST_F(prefetchers, a_value_that_is_kept_already_is_not_asked_for_when_it_is_declared) {
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    known.put(key("a"), 7, time.present());
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual};
    EXPECT_TRUE(ahead.declare(key("a")));
    ahead.run_for(49s);
    EXPECT_THAT(asked, ::testing::IsEmpty());
    ahead.run_for(31s);
    EXPECT_THAT(asked, ::testing::SizeIs(1));
}

TEST_F(prefetchers, what_an_ordinary_call_has_refreshed_needs_nobody_to_ask) {
    usual.jitter = 0.0;
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual, &heard};
    EXPECT_TRUE(ahead.declare(key("a")));
    ahead.run_for(60s);
    EXPECT_EQ(time.run(guarded, {.operation = "get", .fingerprint = "a", .max_age = 1s}, [] { return 99; }), 99);
    ahead.run_for(79s);
    EXPECT_THAT(asked, ::testing::SizeIs(1)) << "it is young";
    EXPECT_THAT(read(guarded, "a"), has_value(99));
    ahead.run_for(1s);
    EXPECT_THAT(asked, ElementsAre(time.start, time.start + 140s));
    EXPECT_THAT(heard.names(), ElementsAre("prefetch_refreshed", "prefetch_refreshed"));
}

/// Sees what is said of calls.
struct looks_at_calls {
    call_options& seen;
    [[nodiscard]] static name layer_name() { return "looks"; }
    [[nodiscard]] int before(const call_context& call) const {
        seen = call.said();
        return 0;
    }
    static void after(int, const observation&, const call_context&) {}
};

TEST_F(prefetchers, a_refresh_wants_the_dependencys_own_answer_and_matters_least) {
    call_options seen;
    cache<int> known{cached};
    pipeline guarded{looks_at_calls{seen}, cutwater::ref(known)};
    known.put(key("a"), 7, time.present() - 99s);
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual};
    EXPECT_TRUE(ahead.declare(key("a")));
    ahead.run_for(0s);
    EXPECT_THAT(known.peek(key("a")), ::testing::Optional(1)) << "what was kept would have done for others";
    EXPECT_EQ(seen.importance, criticality::best_effort);
    EXPECT_EQ(seen.max_age, 0s);
    EXPECT_EQ(seen.operation, name{"get"});
}

TEST_F(prefetchers, a_thousand_keys_do_not_go_at_once) {
    constexpr unsigned keys = 1'000;
    usual.first_within = 50s;
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual};
    for (unsigned i = 0; i < keys; ++i) EXPECT_TRUE(ahead.declare(key(std::to_string(i))));
    ahead.run_for(1h);
    std::map<std::int64_t, unsigned> in_second;
    for (const instant at : asked) ++in_second[between(time.start, at) / 1s];
    unsigned most = 0;
    for (const auto& [second, calls] : in_second) most = std::max(most, calls);
    EXPECT_LE(most, 60U) << "some fifteen would be even";
    for (const auto& [text, times] : asked_for) {
        EXPECT_LE(between(times.back(), time.present()), 80s) << text;
        for (std::size_t i = 1; i < times.size(); ++i) EXPECT_LE(between(times[i - 1], times[i]), 80s);
    }
    EXPECT_EQ(asked_for.size(), keys);
}

TEST_F(prefetchers, keys_that_were_declared_with_values_of_one_instant_go_apart) {
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual};
    for (unsigned i = 0; i < 1'000; ++i) {
        known.put(key(std::to_string(i)), 7, time.present());
        EXPECT_TRUE(ahead.declare(key(std::to_string(i))));
    }
    ahead.run_for(100s);
    std::map<std::int64_t, unsigned> in_second;
    for (const instant at : asked) ++in_second[between(time.start, at) / 1s];
    EXPECT_THAT(in_second, ::testing::SizeIs(Ge(30U)));
    for (const auto& [second, calls] : in_second) EXPECT_LE(calls, 70U) << second;
}

TEST_F(prefetchers, S90_an_outage_is_asked_into_ever_less_often_and_left_at_once) {
    usual.jitter = 0.0;
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual, &heard};
    EXPECT_TRUE(ahead.declare(key("a")));
    ahead.run_for(79s);
    is_down = true;
    asked.clear();
    ahead.run_for(10min);
    EXPECT_EQ(ahead.failing(), 1U);
    EXPECT_LE(asked.size(), 5U + 600U / 20U);
    EXPECT_GE(asked.size(), 15U);
    const std::vector<duration> waits = gaps();
    for (std::size_t i = 0; i < waits.size(); ++i) {
        const duration most = std::min<duration>(usual.max_delay, 2s * (1 << std::min<std::size_t>(i, 10)));
        EXPECT_THAT(waits[i], AllOf(Ge(most / 2), Le(most)));
    }
    EXPECT_EQ(heard.last("prefetch_failed").field("failures"), std::to_string(asked.size()));
    EXPECT_THAT(heard.last("prefetch_failed").field("text"), HasSubstr("refused"));
    EXPECT_THAT(read(guarded, "a"), AllOf(has_value(1), is_degraded("stock"))) << "the outage found a young value";

    is_down = false;
    ahead.run_for(40s);
    EXPECT_EQ(ahead.failing(), 0U);
    EXPECT_EQ(heard.count("prefetch_recovered"), 1U);
    EXPECT_FALSE(read(guarded, "a").is_degraded());
}

TEST_F(prefetchers, what_a_policy_refuses_is_asked_for_when_it_says) {
    usual.jitter = 0.0;
    cache<int> known{cached};
    circuit_breaker breaker{{.name = "db", .open_for = 5min}};
    pipeline guarded{cutwater::ref(known), cutwater::ref(breaker)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual, &heard};
    EXPECT_TRUE(ahead.declare(key("a")));
    ahead.run_for(79s);
    breaker.open(time.present());
    ahead.run_for(1s);
    EXPECT_EQ(heard.last("prefetch_failed").field("next_in"), "4.983min");
    EXPECT_THAT(asked, ::testing::SizeIs(1));
}

TEST_F(prefetchers, the_safe_default_is_no_answer_and_nobody_has_been_given_it) {
    cache<int> known{cached, -1};
    pipeline guarded{observe{heard}, cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual};
    is_down = true;
    EXPECT_TRUE(ahead.declare(key("a")));
    ahead.run_for(1s);
    EXPECT_EQ(ahead.failing(), 1U);
    EXPECT_EQ(heard.count("cache_default_used"), 0U);
}

TEST_F(prefetchers, a_degraded_answer_of_a_layer_inside_is_a_failure) {
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known), fallback{[] { return 0; }}};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual, &heard};
    is_down = true;
    EXPECT_TRUE(ahead.declare(key("a")));
    ahead.run_for(1s);
    EXPECT_EQ(ahead.failing(), 1U);
    EXPECT_THAT(heard.last("prefetch_failed").field("text"), HasSubstr("degraded"));
}

TEST_F(prefetchers, no_key_starves_though_the_dependency_is_slower_than_they_are_due) {
    cached.fresh_for = 10s;
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches(1s)}, usual};
    for (unsigned i = 0; i < 30; ++i) EXPECT_TRUE(ahead.declare(key(std::to_string(i))));
    ahead.run_for(10min);
    EXPECT_EQ(asked_for.size(), 30U);
    for (const auto& [text, times] : asked_for)
        for (std::size_t i = 1; i < times.size(); ++i) EXPECT_LE(between(times[i - 1], times[i]), 40s) << text;
}

TEST_F(prefetchers, never_more_often_than_the_least_pause) {
    cached.fresh_for = 10ms;
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual};
    EXPECT_TRUE(ahead.declare(key("a")));
    ahead.run_for(1min);
    EXPECT_THAT(gaps(), Each(1s));
}

TEST_F(prefetchers, what_has_no_room_in_the_cache_is_not_asked_for_more_often_for_that) {
    cached.max_bytes = 100;
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual};
    EXPECT_TRUE(ahead.declare(key("a")));
    ahead.run_for(10min);
    EXPECT_EQ(known.size(), 0U);
    EXPECT_THAT(gaps(), Each(Ge(50s)));
}

TEST_F(prefetchers, a_key_that_is_withdrawn_is_asked_for_no_more) {
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual};
    EXPECT_TRUE(ahead.declare(key("a")));
    EXPECT_TRUE(ahead.declare(key("b")));
    ahead.run_for(1s);
    EXPECT_TRUE(ahead.withdraw(key("a")));
    EXPECT_FALSE(ahead.withdraw(key("a")));
    EXPECT_EQ(ahead.keys(), 1U);
    ahead.run_for(10min);
    EXPECT_THAT(asked_for["a"], ::testing::SizeIs(1));
    EXPECT_THAT(asked_for["b"], ::testing::SizeIs(Ge(7U)));
}

TEST_F(prefetchers, one_that_waits_to_be_asked_for_is_not_when_it_is_withdrawn) {
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual, &heard};
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(ahead.declare(key("a")));
        EXPECT_TRUE(ahead.queue().turn()) << "the round puts it in the queue";
        EXPECT_TRUE(ahead.withdraw(key("a")));
    }
    ahead.run_for(1min);
    EXPECT_THAT(asked, ::testing::IsEmpty());
    EXPECT_EQ(ahead.queue().held(), 1U) << "the round";
    EXPECT_THAT(heard.names(), ::testing::IsEmpty());
}

TEST_F(prefetchers, where_values_are_shared_no_tenant_has_a_key) {
    cached.scope = cache_scope::shared;
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual};
    EXPECT_TRUE(ahead.declare({.operation = "get", .tenant = "acme", .asked = "a"}));
    EXPECT_TRUE(ahead.declare({.operation = "get", .tenant = "globex", .asked = "a"}));
    EXPECT_EQ(ahead.keys(), 1U);
    ahead.run_for(1s);
    EXPECT_TRUE(known.peek(key("a")));
}

TEST_F(prefetchers, each_tenant_has_its_own_otherwise) {
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual};
    const cache_key acme{.operation = "get", .tenant = "acme", .asked = "a"};
    EXPECT_TRUE(ahead.declare(acme));
    ahead.run_for(1s);
    EXPECT_TRUE(known.peek(acme));
    EXPECT_FALSE(known.peek(key("a")));
}

TEST_F(prefetchers, no_more_are_declared_than_there_may_be) {
    usual.max_keys = 2;
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual};
    EXPECT_TRUE(ahead.declare(key("a")));
    EXPECT_TRUE(ahead.declare(key("b")));
    EXPECT_FALSE(ahead.declare(key("c")));
    EXPECT_TRUE(ahead.declare(key("a"))) << "it is";
    ahead.run_for(10min);
    EXPECT_EQ(asked_for.size(), 2U);
}

TEST_F(prefetchers, one_that_is_declared_while_the_round_waits_does_not_wait_with_it) {
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual};
    EXPECT_TRUE(ahead.declare(key("a")));
    ahead.run_for(10s);
    EXPECT_TRUE(ahead.declare(key("b")));
    ahead.run_for(0s);
    EXPECT_THAT(asked_for["b"], ElementsAre(time.start + 10s));
}

TEST_F(prefetchers, who_is_stopped_asks_no_more_and_tells_nothing_of_it) {
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), fetches()}, usual, &heard};
    for (const auto* each : {"a", "b", "c"}) EXPECT_TRUE(ahead.declare(key(each)));
    while (asked.empty()) ASSERT_TRUE(ahead.queue().turn());
    ahead.stop();
    ahead.run_for(10min);
    EXPECT_THAT(asked, ::testing::SizeIs(1)) << "two had not begun";
    EXPECT_EQ(ahead.queue().held(), 0U);
    EXPECT_EQ(heard.count("prefetch_failed"), 0U);
}

TEST_F(prefetchers, a_call_that_asks_while_a_key_is_refreshed_waits_for_nobody) {
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    known.put(key("a"), 7, time.present() - 90s);
    const auto asks_meanwhile = [&](const cache_key& of) {
        EXPECT_EQ(read(guarded, "a"), 7);
        return fetch(of);
    };
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), asks_meanwhile}, usual};
    EXPECT_TRUE(ahead.declare(key("a")));
    ahead.run_for(0s);
    EXPECT_THAT(asked, ::testing::SizeIs(1));
    EXPECT_EQ(read(guarded, "a"), 1);
}

TEST_F(prefetchers, what_asking_throws_is_a_failure) {
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    const auto throws = [&](const cache_key&) -> int { throw std::runtime_error{"no route"}; };
    prefetcher_by_hand ahead{time, prefetch_calls{known, cutwater::ref(guarded), throws}, usual, &heard};
    EXPECT_TRUE(ahead.declare(key("a")));
    ahead.run_for(0s);
    EXPECT_EQ(ahead.failing(), 1U);
    EXPECT_THAT(heard.last("prefetch_failed").field("text"), HasSubstr("no route"));
}

TEST_F(prefetchers, options_that_cannot_be_are_refused) {
    usual.workers = 0;
    cache<int> known{cached};
    pipeline guarded{cutwater::ref(known)};
    EXPECT_THROW((prefetcher{known, cutwater::ref(guarded), fetches(), usual}), invalid_options);
}

}  // namespace
}  // namespace cutwater
