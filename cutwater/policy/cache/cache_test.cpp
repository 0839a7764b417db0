// The cache in pipelines, on both drivers.

#include "cutwater/policy/cache/cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/store/late_store_test.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

using ::testing::AllOf;
using testing::both_drivers;
using testing::driver_name;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::event_with;
using testing::fails_with;
using testing::has_value;
using ::testing::HasSubstr;
using testing::is_degraded;
using ::testing::SizeIs;

static_assert(remembering_frame<cache<int>>);

/// Notes how long each question may take.
class noting_store final : public cell_store {
public:
    explicit noting_store(cell_store& behind) noexcept : behind_{behind} {}
    std::vector<duration> limits;

    [[nodiscard]] name store_name() const noexcept override { return behind_.store_name(); }
    void begin(cell_request asked, cell_completion done) noexcept override {
        limits.push_back(asked.limit);
        behind_.begin(std::move(asked), std::move(done));
    }

private:
    cell_store& behind_;
};

class caches : public ::testing::TestWithParam<testing::driver> {
protected:
    testing::stage<int> on{GetParam()};
    testing::late_store cells{on.time};
    cache_options usual{.name = "stock", .fresh_for = 10s, .stale_if_error = 1h, .jitter = 0.0};
    call_options said{.operation = "get_stock", .fingerprint = "sku-1"};

    result<int> play(cache<int>& known, const call_options& with) {
        pipeline guarded{observe{on.heard}, cutwater::ref(known)};
        return on.play(guarded, with);
    }
    result<int> play(cache<int>& known) { return play(known, said); }
};
INSTANTIATE_TEST_SUITE_P(drivers, caches, ::testing::ValuesIn(both_drivers), driver_name{});

TEST_P(caches, a_fresh_value_is_the_answer_and_says_where_it_is_from) {
    cache<int> known{usual};
    on.dependency.returns(7).returns(8);
    EXPECT_TRUE(play(known).source().empty());
    on.time.pass(9s);
    const result<int> again = play(known);
    EXPECT_THAT(again, has_value(7));
    EXPECT_EQ(again.source(), name{"stock"});
    EXPECT_EQ(again.age(), 9s);
    EXPECT_FALSE(again.is_degraded());
    on.time.pass(1s);
    EXPECT_THAT(play(known), has_value(8));
    EXPECT_EQ(on.dependency.calls(), 2U);
}

TEST_P(caches, values_are_of_what_was_asked_for) {
    cache<int> known{usual};
    on.dependency.returns(1).returns(2).returns(3);
    EXPECT_THAT(play(known), has_value(1));
    EXPECT_THAT(play(known, {.operation = "get_stock", .fingerprint = "sku-2"}), has_value(2));
    EXPECT_THAT(play(known, {.operation = "get_price", .fingerprint = "sku-1"}), has_value(3));
    EXPECT_THAT(play(known), has_value(1));
}

TEST_P(caches, no_tenant_gets_anothers_unless_the_options_say_so) {
    cache<int> known{usual};
    on.dependency.returns(1).returns(2).returns(3);
    call_options other = said;
    said.tenant = "acme";
    other.tenant = "globex";
    EXPECT_THAT(play(known), has_value(1));
    EXPECT_THAT(play(known, other), has_value(2));
    usual.scope = cache_scope::shared;
    cache<int> shared{usual};
    EXPECT_THAT(play(shared), has_value(3));
    EXPECT_THAT(play(shared, other), has_value(3));
}

TEST_P(caches, a_call_that_does_not_say_what_it_asks_for_passes_by) {
    cache<int> known{usual};
    on.dependency.returns(1).returns(2);
    said.fingerprint = {};
    EXPECT_THAT(play(known), has_value(1));
    EXPECT_THAT(play(known), has_value(2));
    EXPECT_EQ(known.size(), 0U);
}

TEST_P(caches, a_call_may_want_a_younger_one) {
    cache<int> known{usual};
    on.dependency.returns(1).returns(2).returns(3);
    EXPECT_THAT(play(known), has_value(1));
    on.time.pass(5s);
    said.max_age = 4s;
    EXPECT_THAT(play(known), has_value(2));
    said.max_age = 0s;
    EXPECT_THAT(play(known), has_value(3));
    said.max_age = forever;
    EXPECT_THAT(play(known), has_value(3)) << "what was got is kept";
}

TEST_P(caches, a_stale_value_is_given_where_asking_fails) {
    cache<int> known{usual};
    on.dependency.returns(7).fails(std::errc::connection_reset);
    EXPECT_THAT(play(known), has_value(7));
    on.time.pass(10min);
    const result<int> stale = play(known);
    EXPECT_THAT(stale, AllOf(has_value(7), is_degraded("stock")));
    EXPECT_EQ(stale.age(), 10min);
    EXPECT_EQ(on.heard.last("cache_stale_used").field("cause"), "failed");
    on.time.pass(51min);
    EXPECT_THAT(play(known), fails_with(std::errc::connection_reset)) << "too old";
}

TEST_P(caches, also_where_a_policy_of_ours_refuses) {
    cache<int> known{usual};
    circuit_breaker breaker{{.name = "db"}};
    on.dependency.returns(7);
    pipeline guarded{cutwater::ref(known), ref(breaker)};
    EXPECT_THAT(on.play(guarded, said), has_value(7));
    on.time.pass(10min);
    breaker.open(on.time.present());
    EXPECT_THAT(on.play(guarded, said), AllOf(has_value(7), is_degraded("stock")));
}

TEST_P(caches, but_not_where_the_answer_is_that_there_is_none) {
    cache<int> known{usual};
    on.dependency.returns(7).throws(std::invalid_argument{"no such sku"});
    pipeline guarded{cutwater::ref(known), classify{permanent(exception<std::invalid_argument>())}};
    EXPECT_THAT(on.play(guarded, said), has_value(7));
    on.time.pass(10min);
    EXPECT_THAT(on.play(guarded, said), fails_with(errc::failed));
}

TEST_P(caches, nor_where_the_caller_cancels) {
    cache<int> known{usual};
    on.dependency.returns(7).hangs();
    EXPECT_THAT(play(known), has_value(7));
    on.time.pass(10min);
    on.cancels_after(1s);
    EXPECT_THAT(play(known), fails_with(errc::cancelled));
}

TEST_P(caches, nor_where_it_is_older_than_the_call_allows) {
    cache<int> known{usual};
    on.dependency.returns(7).fails(std::errc::connection_reset);
    EXPECT_THAT(play(known), has_value(7));
    on.time.pass(20s);
    said.max_age = 15s;
    EXPECT_THAT(play(known), fails_with(std::errc::connection_reset));
}

TEST_P(caches, the_third_tier_is_the_safe_default_handed_out_as_a_copy) {
    cache<int> known{usual, 0};
    on.dependency.fails(std::errc::connection_reset).returns(7);
    const result<int> given = play(known);
    EXPECT_THAT(given, AllOf(has_value(0), is_degraded("stock")));
    EXPECT_EQ(on.heard.last("cache_default_used").level, severity::error);
    EXPECT_THAT(play(known), has_value(7)) << "a default is not kept";
}

TEST_P(caches, who_wants_the_dependencys_own_answer_gets_no_default) {
    cache<int> known{usual, 0};
    on.dependency.fails(std::errc::connection_reset);
    said.max_age = 0s;
    EXPECT_THAT(play(known), fails_with(std::errc::connection_reset));
    EXPECT_EQ(on.heard.count("cache_default_used"), 0U);
    said.max_age = 1ns;
    EXPECT_THAT(play(known), has_value(0));
}

TEST_P(caches, a_values_lifetime_is_that_of_its_answer_and_looking_is_not_asking) {
    usual.jitter = 0.5;
    usual.negative_for = 5s;
    usual.max_entries = 2;
    cache<int> known{usual};
    on.dependency.returns(7, 100ms).returns(8).returns(9);
    const cache_key key{.operation = "get_stock", .asked = "sku-1"};
    EXPECT_EQ(known.lifetime(key), std::nullopt);
    EXPECT_THAT(play(known), has_value(7));
    const std::optional<cache_lifetime> lives = known.lifetime(key);
    ASSERT_TRUE(lives);
    EXPECT_EQ(lives->born, on.time.start + 100ms);
    EXPECT_LE(lives->fresh_for, 10s);
    EXPECT_GT(lives->fresh_for, 5s);
    for (int i = 0; i < 10; ++i) (void)known.lifetime(key);
    for (const auto* other : {"sku-2", "sku-3"})
        EXPECT_TRUE(play(known, {.operation = "get_stock", .fingerprint = other}).has_value());
    EXPECT_EQ(known.lifetime(key), std::nullopt) << "it has left as one that nobody asked for";
}

TEST_P(caches, a_failure_that_is_kept_has_no_lifetime) {
    usual.negative_for = 5s;
    cache<int> known{usual};
    on.dependency.throws(std::invalid_argument{"no such sku"});
    pipeline guarded{cutwater::ref(known), classify{permanent(exception<std::invalid_argument>())}};
    EXPECT_THAT(on.play(guarded, said), fails_with(errc::failed));
    EXPECT_EQ(known.size(), 1U);
    EXPECT_EQ(known.lifetime({.operation = "get_stock", .asked = "sku-1"}), std::nullopt);
}

TEST_P(caches, what_is_stale_and_may_be_given_is_refreshed_by_who_finds_it_so) {
    usual.stale_while_revalidate = 10s;
    cache<int> known{usual};
    on.dependency.returns(7).returns(8, 100ms);
    EXPECT_THAT(play(known), has_value(7));
    on.time.pass(15s);
    EXPECT_THAT(play(known), has_value(8));
    EXPECT_EQ(on.dependency.calls(), 2U);
}

TEST_P(caches, or_elsewhere_and_nobody_waits) {
    std::vector<std::string> wanted;
    usual.stale_while_revalidate = 10s;
    usual.on_stale = [&](const cache_key& key) { wanted.emplace_back(key.asked); };
    cache<int> known{usual};
    on.dependency.returns(7).returns(8);
    EXPECT_THAT(play(known), has_value(7));
    on.time.pass(15s);
    EXPECT_THAT(play(known), AllOf(has_value(7), is_degraded("stock")));
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_THAT(wanted, ::testing::ElementsAre("sku-1")) << "once";
    on.time.pass(1s);
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_EQ(wanted.size(), 2U) << "again, where that led to nothing";
    said.max_age = 0s;
    EXPECT_THAT(play(known), has_value(8)) << "as whoever refreshes asks";
    said.max_age = forever;
    EXPECT_THAT(play(known), has_value(8));
}

TEST_P(caches, a_permanent_failure_is_an_answer_for_a_while) {
    usual.negative_for = 5s;
    cache<int> known{usual};
    on.dependency.throws(std::invalid_argument{"no such sku"}).returns(7);
    pipeline guarded{cutwater::ref(known), classify{permanent(exception<std::invalid_argument>())}};
    EXPECT_THAT(on.play(guarded, said), fails_with(errc::failed));
    on.time.pass(4s);
    const result<int> again = on.play(guarded, said);
    EXPECT_THAT(again, fails_with(errc::failed));
    EXPECT_EQ(again.source(), name{"stock"});
    on.time.pass(1s);
    EXPECT_THAT(on.play(guarded, said), has_value(7));
}

TEST_P(caches, so_is_a_value_that_is_judged_a_permanent_failure) {
    usual.negative_for = 5s;
    cache<int> known{usual};
    on.dependency.returns(404).returns(7);
    pipeline guarded{cutwater::ref(known), classify{permanent(value([](int status) { return status == 404; }))}};
    EXPECT_THAT(on.play(guarded, said), has_value(404));
    on.time.pass(4s);
    EXPECT_EQ(on.play(guarded, said).source(), name{"stock"});
    on.time.pass(1s);
    EXPECT_THAT(on.play(guarded, said), has_value(7)) << "not for as long as what is there";
}

TEST_P(caches, a_transient_failure_is_none) {
    usual.negative_for = 5s;
    cache<int> known{usual};
    on.dependency.fails(std::errc::connection_reset).returns(7);
    EXPECT_THAT(play(known), fails_with(std::errc::connection_reset));
    EXPECT_THAT(play(known), has_value(7));
}

TEST_P(caches, what_a_fallback_inside_gave_is_not_kept) {
    cache<int> known{usual};
    on.dependency.fails(std::errc::connection_reset).returns(7);
    pipeline guarded{cutwater::ref(known), fallback{tier("default", 0)}};
    EXPECT_THAT(on.play(guarded, said), AllOf(has_value(0), is_degraded("default")));
    EXPECT_THAT(on.play(guarded, said), has_value(7));
}

TEST_P(caches, by_hand) {
    cache<int> known{usual};
    const cache_key key{.operation = "get_stock", .asked = "sku-1"};
    EXPECT_FALSE(known.peek(key));
    known.put(key, 7, on.time.present());
    EXPECT_EQ(known.peek(key), 7);
    EXPECT_THAT(play(known), has_value(7));
    known.forget(key);
    on.dependency.returns(8);
    EXPECT_THAT(play(known), has_value(8));
    known.clear();
    EXPECT_EQ(known.size(), 0U);
}

TEST_P(caches, what_is_too_large_is_not_kept_and_an_event_says_so) {
    usual.max_bytes = 1'000;
    cache<int> known{usual};
    known.sized_by([](const int&) { return std::size_t{500}; });
    on.dependency.returns(7).returns(8);
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_EQ(on.heard.count("cache_entry_refused"), 1U);
    EXPECT_THAT(play(known), has_value(8));
}

TEST_P(caches, a_kept_failures_body_counts_and_so_do_its_words) {
    usual.negative_for = 5s;
    usual.max_bytes = 20'000;
    const auto asked = [this](auto&& callable) {
        testing::virtual_time time;
        cache<std::string> known{usual};
        pipeline guarded{observe{on.heard}, cutwater::ref(known),
                         classify{permanent(value([](const std::string& body) { return body.size() > 10; })),
                                  permanent(exception<std::invalid_argument>())}};
        (void)time.run(guarded, said, callable);
        return std::pair{known.size(), known.bytes()};
    };
    EXPECT_GT(asked([] { return std::string(1'000, 'x'); }).second, 1'000U);
    EXPECT_GT(asked([]() -> std::string { throw std::invalid_argument{std::string(1'000, 'x')}; }).second, 1'000U);
    EXPECT_EQ(on.heard.count("cache_entry_refused"), 0U);
    EXPECT_EQ(asked([] { return std::string(3'000, 'x'); }).first, 0U);
    EXPECT_EQ(on.heard.count("cache_entry_refused"), 1U);
}

TEST_P(caches, a_value_that_is_said_to_take_nothing_is_kept) {
    cache<int> known{usual};
    known.sized_by([](const int&) { return std::size_t{0}; });
    on.dependency.returns(7);
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_EQ(on.dependency.calls(), 1U);
}

TEST_P(caches, one_that_is_said_to_take_more_than_there_is_is_not) {
    cache<int> known{usual};
    known.sized_by([](const int&) { return std::numeric_limits<std::size_t>::max(); });
    on.dependency.returns(7).returns(8);
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_EQ(known.size(), 0U);
    EXPECT_THAT(play(known), has_value(8));
}

TEST_P(caches, values_do_not_end_together) {
    usual.jitter = 0.5;
    cache<int> known{usual};
    on.dependency.returns(1);
    for (int i = 0; i < 100; ++i) (void)play(known, {.operation = "get", .fingerprint = std::to_string(i)});
    on.time.pass(7500ms);
    for (int i = 0; i < 100; ++i) (void)play(known, {.operation = "get", .fingerprint = std::to_string(i)});
    EXPECT_GT(on.dependency.calls(), 125U);
    EXPECT_LT(on.dependency.calls(), 175U);
}

// ---- in a store ----

TEST_P(caches, values_in_a_store_outlast_the_process) {
    cells.takes = 2ms;
    on.dependency.returns(7).fails(std::errc::connection_reset);
    {
        cache<int> known{usual, cells};
        EXPECT_THAT(play(known), has_value(7));
        on.time.pass(5s);
    }
    cache<int> anew{usual, cells};
    const result<int> found = play(anew);
    EXPECT_THAT(found, has_value(7));
    EXPECT_GE(found.age(), 5s);
    EXPECT_EQ(found.source(), name{"stock"});
    on.time.pass(10min);
    EXPECT_THAT(play(anew), AllOf(has_value(7), is_degraded("stock")));
    EXPECT_EQ(on.dependency.calls(), 2U);
}

TEST_P(caches, a_service_that_restarts_in_an_outage_has_its_last_good_answer) {
    cells.takes = 2ms;
    on.dependency.returns(7).fails(std::errc::connection_reset);
    {
        cache<int> known{usual, cells};
        EXPECT_THAT(play(known), has_value(7));
        on.time.pass(10min);
    }
    cache<int> anew{usual, cells};
    const result<int> found = play(anew);
    EXPECT_THAT(found, AllOf(has_value(7), is_degraded("stock")));
    EXPECT_GE(found.age(), 10min);
}

TEST_P(caches, the_latest_is_in_the_store) {
    cache<int> known{usual, cells};
    on.dependency.returns(7).returns(8);
    EXPECT_THAT(play(known), has_value(7));
    on.time.pass(20s);
    EXPECT_THAT(play(known), has_value(8));
    cache<int> anew{usual, cells};
    EXPECT_THAT(play(anew), has_value(8));
}

TEST_P(caches, a_store_that_fails_is_a_miss_and_an_event) {
    cache<int> known{usual, cells};
    cells.fails(std::errc::connection_refused, 2);
    on.dependency.returns(7);
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_EQ(on.heard.count("cache_store_failed"), 2U) << "reading, and writing";
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_EQ(on.dependency.calls(), 1U);
}

TEST_P(caches, what_is_not_written_is_told_too) {
    cache<int> known{usual, cells};
    cells.answers_next();
    cells.fails(std::errc::no_space_on_device);
    on.dependency.returns(7);
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_THAT(on.heard.last("cache_store_failed").field("text"), HasSubstr("not written"));
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_EQ(on.heard.count("cache_store_failed"), 1U) << "once";
}

TEST_P(caches, by_the_next_call_where_the_store_says_so_later) {
    cells.takes = 2ms;
    cache<int> known{usual, cells};
    cells.answers_next();
    cells.fails(std::errc::no_space_on_device);
    on.dependency.returns(7);
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_EQ(on.heard.count("cache_store_failed"), 0U);
    on.time.pass(1s);
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_EQ(on.heard.count("cache_store_failed"), 1U);
}

TEST_P(caches, so_is_what_is_not_erased) {
    cache<int> known{usual, cells};
    const cache_key key{.operation = "get_stock", .asked = "sku-1"};
    known.put(key, 7, on.time.present());
    cells.answers_next();
    cells.fails(std::errc::connection_refused);
    known.forget(key);
    EXPECT_THAT(play(known), has_value(7)) << "it is still there";
    EXPECT_THAT(on.heard.last("cache_store_failed").field("text"), HasSubstr("not erased"));
}

TEST_P(caches, no_question_to_a_store_may_take_longer_than_the_call) {
    noting_store noted{cells};
    cache<int> known{usual, noted};
    on.dependency.returns(7);
    known.put({.operation = "get_stock", .asked = "sku-1"}, 6, on.time.present());
    known.clear();
    on.time.pass(20s);
    noted.limits.clear();
    said.deadline = on.deadline_in(300ms);
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_THAT(noted.limits, Each(150ms)) << "half of it, so that the dependency can be asked";
    EXPECT_THAT(noted.limits, SizeIs(3)) << "one to read, two to write";
}

TEST_P(caches, or_than_the_options_say) {
    noting_store noted{cells};
    usual.store_limit = 200ms;
    cache<int> known{usual, noted};
    on.dependency.returns(7);
    EXPECT_THAT(play(known), has_value(7));
    known.put({.operation = "get_stock", .asked = "sku-1"}, 8, on.time.present());
    known.forget({.operation = "get_stock", .asked = "sku-1"});
    EXPECT_THAT(noted.limits, AllOf(SizeIs(6), Each(200ms)));
}

TEST_P(caches, so_are_bytes_that_cannot_be_read) {
    cache<int> known{usual, cells};
    const std::string key = detail::cache_cell("stock", {.operation = "get_stock", .asked = "sku-1"});
    ASSERT_TRUE(ask(cells.kept(), {swap_cell{key, 0, detail::sealed("seven")}})->done);
    on.dependency.returns(7);
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_THAT(on.heard.last("cache_store_failed").field("text"), HasSubstr("cannot be read"));
    EXPECT_EQ(ask(cells.kept(), {read_cell{key}})->found->value, detail::sealed("7")) << "and is written over";
}

TEST_P(caches, so_are_bytes_of_which_some_are_missing_or_others_and_those_of_others) {
    cache<std::string> known{{.name = "pages"}, cells};
    pipeline guarded{observe{on.heard}, cutwater::ref(known)};
    const std::string key = detail::cache_cell("pages", {.operation = "get_stock", .asked = "sku-1"});
    const auto found = [&](std::string bytes) {
        known.clear();
        const auto there = ask(cells.kept(), {read_cell{key}})->found;
        EXPECT_TRUE(ask(cells.kept(), {swap_cell{key, there ? there->version : 0, std::move(bytes)}})->done);
        return on.play(guarded, said, [] { return std::string{"fresh"}; }).value();
    };
    const std::string whole = detail::sealed("the whole page");
    EXPECT_EQ(found(whole), "the whole page");
    EXPECT_EQ(on.heard.count("cache_store_failed"), 0U);

    std::vector<std::string> broken{"", "the whole page", "cwi1", "cws1" + whole.substr(4), "cwc2" + whole.substr(4)};
    for (std::size_t size = 1; size < whole.size(); ++size) broken.push_back(whole.substr(0, size));
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
        broken.push_back(whole);
        broken.back()[bit / 8] = static_cast<char>(broken.back()[bit / 8] ^ (1 << (bit % 8)));
    }
    for (const std::string& bytes : broken) EXPECT_EQ(found(bytes), "fresh") << bytes;
    EXPECT_EQ(on.heard.count("cache_store_failed"), broken.size());
    EXPECT_THAT(on.heard.last("cache_store_failed").field("text"), HasSubstr("cannot be read"));
}

/// Throws for what it cannot read, and for what it cannot write.
struct strict_codec {
    static std::string encode(int value) {
        if (value < 0) throw std::invalid_argument{"negative"};
        return std::to_string(value);
    }
    static std::optional<int> decode(std::string_view bytes) { return std::stoi(std::string{bytes}); }
};

TEST_P(caches, also_to_a_codec_that_throws_for_them) {
    cache<int, strict_codec> known{usual, cells};
    pipeline guarded{observe{on.heard}, cutwater::ref(known)};
    const std::string key = detail::cache_cell("stock", {.operation = "get_stock", .asked = "sku-1"});
    ASSERT_TRUE(ask(cells.kept(), {swap_cell{key, 0, detail::sealed("seven")}})->done);
    on.dependency.returns(7);
    EXPECT_THAT(on.play(guarded, said), has_value(7));
    EXPECT_THAT(on.heard.last("cache_store_failed").field("text"), HasSubstr("cannot be read"));
    EXPECT_EQ(ask(cells.kept(), {read_cell{key}})->found->value, detail::sealed("7"));
}

TEST_P(caches, a_value_that_cannot_be_encoded_is_given_and_kept_in_memory) {
    cache<int, strict_codec> known{usual, cells};
    pipeline guarded{observe{on.heard}, cutwater::ref(known)};
    on.dependency.returns(-7);
    EXPECT_THAT(on.play(guarded, said), has_value(-7));
    EXPECT_THAT(on.heard.last("cache_store_failed").field("text"), HasSubstr("cannot be encoded"));
    EXPECT_THAT(on.play(guarded, said), has_value(-7));
    EXPECT_EQ(on.dependency.calls(), 1U);
    known.put({.operation = "get_stock", .asked = "sku-2"}, -8, on.time.present());
    EXPECT_THAT(on.play(guarded, said), has_value(-7));
    EXPECT_EQ(on.heard.count("cache_store_failed"), 2U) << "by hand, too";
}

TEST_P(caches, that_there_is_none_takes_the_place_of_what_was_stored) {
    usual.negative_for = 2s;
    cache<int> known{usual, cells};
    pipeline guarded{cutwater::ref(known), classify{permanent(value([](int status) { return status == 404; }))}};
    on.dependency.returns(7).returns(404).returns(8);
    EXPECT_THAT(on.play(guarded, said), has_value(7));
    said.max_age = 0s;
    EXPECT_THAT(on.play(guarded, said), has_value(404));
    said.max_age = forever;
    EXPECT_THAT(on.play(guarded, said), has_value(404));
    on.time.pass(3s);
    EXPECT_THAT(on.play(guarded, said), has_value(8)) << "and not what the store had before";
}

TEST_P(caches, by_hand_a_tenant_changes_what_all_share) {
    usual.scope = cache_scope::shared;
    cache<int> known{usual, cells};
    const cache_key key{.operation = "get_stock", .tenant = "acme", .asked = "sku-1"};
    known.put(key, 7, on.time.present());
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_EQ(known.peek(key), 7);
    EXPECT_TRUE(known.lifetime(key));
    known.forget(key);
    on.dependency.returns(8);
    EXPECT_THAT(play(known), has_value(8));
}

TEST_P(caches, no_value_is_younger_than_new) {
    cache<int> known{usual};
    known.put({.operation = "get_stock", .asked = "sku-1"}, 7, on.time.present() + 1s);  // by another thread's clock
    EXPECT_EQ(play(known).age(), 0s);
}

TEST_P(caches, less_than_zero_wants_the_dependencys_own_too) {
    cache<int> known{usual, 0};
    on.dependency.returns(7).fails(std::errc::connection_reset);
    said.max_age = -1s;
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_THAT(play(known), fails_with(std::errc::connection_reset));
}

TEST_P(caches, what_is_forgotten_is_forgotten_there_too) {
    cache<int> known{usual, cells};
    const cache_key key{.operation = "get_stock", .asked = "sku-1"};
    known.put(key, 7, on.time.present());
    EXPECT_EQ(cells.kept().size(), 1U);
    known.forget(key);
    EXPECT_EQ(cells.kept().size(), 0U);
}

TEST_P(caches, a_store_that_says_nothing_is_waited_for_so_long_and_is_a_miss) {
    usual.store_limit = 200ms;
    cache<int> known{usual, cells};
    cells.is_silent();
    on.dependency.returns(7);
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_EQ(on.time.elapsed(), 200ms);
    EXPECT_EQ(on.heard.count("cache_store_failed"), 1U);
}

TEST_P(caches, a_store_that_says_nothing_leaves_a_call_half_of_its_time) {
    cache<int> known{usual, cells};
    cells.is_silent();
    on.dependency.returns(7);
    said.deadline = on.deadline_in(300ms);
    EXPECT_THAT(play(known), has_value(7));
    EXPECT_EQ(on.time.elapsed(), 150ms);
}

TEST_P(caches, a_pipeline_of_run_time_does_the_same) {
    cache<int> known{usual};
    any_pipeline<int> guarded;
    guarded.add(cutwater::ref(known)).add(retry{{.max_attempts = 2, .base_delay = 1ms}});
    on.dependency.fails(std::errc::connection_reset).returns(7);
    EXPECT_THAT(on.play(guarded, said), has_value(7));
    EXPECT_THAT(on.play(guarded, said), has_value(7));
    EXPECT_EQ(on.dependency.calls(), 2U);
}

TEST(cache_bounds, bytes_are_those_of_all_that_is_kept) {
    cache<std::vector<std::string>> known{{.name = "pages", .max_bytes = 1'000'000}};
    const std::vector<std::string> page(10, std::string(100, 'x'));  // more than a thousand bytes
    for (int i = 0; i < 2'000; ++i) known.put({.operation = "get", .asked = std::to_string(i)}, page, instant{});
    EXPECT_LE(known.bytes(), 1'000'000U);
    EXPECT_GT(known.size(), 100U);
    EXPECT_LT(known.size(), 1'000U);
}

TEST(cache_bounds, keeping_a_value_takes_something_too) {
    cache<char> known{{.name = "flags", .max_entries = 1'000'000, .max_bytes = 100'000}};
    for (int i = 0; i < 10'000; ++i) known.put({.operation = "get", .asked = std::to_string(i)}, 'x', instant{});
    EXPECT_LE(known.bytes(), 100'000U);
    EXPECT_LT(known.size(), 1'000U);
}

TEST(cache_bounds, hold_in_all_however_many_parts_there_are) {
    for (const std::size_t most : {std::size_t{1}, std::size_t{1'023}, std::size_t{1'025}, std::size_t{2'047}}) {
        cache<int> known{{.name = "stock", .max_entries = most}};
        for (int i = 0; i < 20'000; ++i) known.put({.operation = "get", .asked = std::to_string(i)}, i, instant{});
        EXPECT_LE(known.size(), most);
        EXPECT_GE(known.size(), most - most / 10);
    }
}

TEST(cache_bounds, a_tenth_of_all_bytes_has_room) {
    cache<std::string> known{{.name = "pages", .max_bytes = 10'000'000}};
    for (int i = 0; i < 100; ++i) {
        const std::string which = std::to_string(i);
        known.put({.operation = "get", .asked = which}, std::string(990'000, 'x'), instant{});
        EXPECT_TRUE(known.peek({.operation = "get", .asked = which})) << i;
        EXPECT_LE(known.bytes(), 10'000'000U);
    }
    known.put({.operation = "get", .asked = "large"}, std::string(1'000'000, 'x'), instant{});
    EXPECT_FALSE(known.peek({.operation = "get", .asked = "large"}));
}

TEST(cache_options, that_are_wrong_are_refused) {
    EXPECT_THAT(testing::refused_with<cache<int>>(cache_options{.name = "", .max_entries = 0, .jitter = 1.5}),
                AllOf(HasSubstr("name"), HasSubstr("max_entries"), HasSubstr("jitter")));
}

}  // namespace
}  // namespace cutwater
