// Many calls that want to know the same, as coroutines in virtual time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>

#include <boost/asio/cancellation_signal.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/policy/cache/cache.hpp"
#include "cutwater/store/late_store_test.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

namespace asio = boost::asio;
using ::testing::AllOf;
using ::testing::Each;
using testing::fails_with;
using testing::has_value;
using testing::is_degraded;
using ::testing::Optional;

class cache_flights : public ::testing::Test {
protected:
    using told = std::optional<result<int>>;

    testing::virtual_time time;
    testing::virtual_asio loop{time};
    testing::mock_dependency<int> dependency{time};
    cache<int> known{{.name = "stock", .fresh_for = 10s, .jitter = 0.0}};
    testing::late_store cells{time};
    cache<int> durable{{.name = "stock", .fresh_for = 10s, .jitter = 0.0}, cells};
    call_options said{.operation = "get_stock", .fingerprint = "sku-1"};
    cache_key key{.operation = "get_stock", .asked = "sku-1"};
    std::list<told> all;
    std::list<asio::cancellation_signal> signals;

    /// Another call begins.
    told& call(auto& guarded, const call_options& with) {
        told& out = all.emplace_back();
        asio::cancellation_signal& signal = signals.emplace_back();
        const auto play = [this, &out, &guarded, with]() -> asio::awaitable<void> {
            out.emplace(co_await guarded.async_run(with, loop.coroutine(dependency)));
            co_await asio::this_coro::throw_if_cancelled(false);
        };
        const auto kept = std::make_shared<std::remove_const_t<decltype(play)>>(play);
        asio::co_spawn(
            loop.context(), [kept]() { return (*kept)(); },
            asio::bind_cancellation_slot(signal.slot(), asio::detached));
        return out;
    }
    told& call(auto& guarded) { return call(guarded, said); }

    /// What is in the store.
    [[nodiscard]] std::optional<std::string> stored() {
        const auto there = ask(cells.kept(), {read_cell{detail::cache_cell("stock", key)}});
        return there->found ? std::optional{there->found->value} : std::nullopt;
    }
};

TEST_F(cache_flights, one_asks_for_a_thousand) {
    pipeline guarded{cutwater::ref(known)};
    dependency.returns(7, 100ms);
    for (int i = 0; i < 1'000; ++i) call(guarded);
    loop.run_all();
    EXPECT_THAT(all, Each(Optional(has_value(7))));
    EXPECT_EQ(dependency.calls(), 1U);
    EXPECT_EQ(time.elapsed(), 100ms);
}

TEST_F(cache_flights, of_other_keys_do_not_wait_for_each_other) {
    pipeline guarded{cutwater::ref(known)};
    dependency.returns(1, 100ms).returns(2, 10ms);
    call(guarded);
    said.fingerprint = "sku-2";
    call(guarded);
    loop.run_all();
    EXPECT_THAT(all.front(), Optional(has_value(1)));
    EXPECT_THAT(all.back(), Optional(has_value(2)));
}

TEST_F(cache_flights, a_failure_is_theirs_who_wait_too) {
    pipeline guarded{cutwater::ref(known)};
    dependency.fails(std::errc::connection_reset, 100ms).returns(7);
    for (int i = 0; i < 10; ++i) call(guarded);
    loop.run_all();
    EXPECT_THAT(all, Each(Optional(fails_with(std::errc::connection_reset))));
    EXPECT_EQ(dependency.calls(), 1U);
}

TEST_F(cache_flights, what_a_fallback_inside_gave_is_marked_for_all_of_them) {
    pipeline guarded{cutwater::ref(known), fallback{tier("default", 0)}};
    dependency.fails(std::errc::connection_reset, 100ms);
    for (int i = 0; i < 3; ++i) call(guarded);
    loop.run_all();
    EXPECT_THAT(all, Each(Optional(AllOf(has_value(0), is_degraded("default")))));
}

TEST_F(cache_flights, where_it_fails_all_have_the_stale_value) {
    pipeline guarded{cutwater::ref(known)};
    dependency.returns(7).fails(std::errc::connection_reset, 100ms);
    call(guarded);
    loop.run_all();
    time.pass(1min);
    for (int i = 0; i < 10; ++i) call(guarded);
    loop.run_all();
    all.pop_front();
    EXPECT_THAT(all, Each(Optional(AllOf(has_value(7), is_degraded("stock")))));
    EXPECT_EQ(dependency.calls(), 2U);
}

TEST_F(cache_flights, a_leader_that_is_cancelled_hands_over) {
    pipeline guarded{cutwater::ref(known)};
    dependency.returns(7, 100ms);
    told& leader = call(guarded);
    told& second = call(guarded);
    told& third = call(guarded);
    time.after(30ms, [this] { signals.front().emit(asio::cancellation_type::all); });
    loop.run_all();
    EXPECT_THAT(leader, Optional(fails_with(errc::cancelled)));
    EXPECT_THAT(second, Optional(has_value(7)));
    EXPECT_THAT(third, Optional(has_value(7)));
    EXPECT_EQ(dependency.calls(), 2U);
    EXPECT_EQ(time.elapsed(), 130ms);
}

TEST_F(cache_flights, so_does_one_whose_own_deadline_passes) {
    pipeline guarded{cutwater::ref(known)};
    dependency.returns(7, 100ms);
    call_options hurried = said;
    hurried.deadline = time.in(40ms);
    told& leader = call(guarded, hurried);
    told& second = call(guarded);
    loop.run_all();
    EXPECT_THAT(leader, Optional(fails_with(errc::deadline_exceeded)));
    EXPECT_THAT(second, Optional(has_value(7)));
    EXPECT_EQ(time.elapsed(), 140ms);
}

TEST_F(cache_flights, who_waits_has_a_deadline_of_its_own) {
    pipeline guarded{cutwater::ref(known)};
    dependency.returns(7, 100ms);
    told& leader = call(guarded);
    call_options hurried = said;
    hurried.deadline = time.in(40ms);
    told& second = call(guarded, hurried);
    loop.run_all();
    EXPECT_THAT(leader, Optional(has_value(7)));
    EXPECT_THAT(second, Optional(fails_with(errc::deadline_exceeded)));
}

TEST_F(cache_flights, who_waits_may_cancel) {
    pipeline guarded{cutwater::ref(known)};
    dependency.returns(7, 100ms);
    call(guarded);
    told& second = call(guarded);
    told& third = call(guarded);
    time.after(30ms, [this] { std::next(signals.begin())->emit(asio::cancellation_type::all); });
    loop.run_all();
    EXPECT_THAT(second, Optional(fails_with(errc::cancelled)));
    EXPECT_THAT(third, Optional(has_value(7)));
    EXPECT_EQ(dependency.calls(), 1U);
}

TEST_F(cache_flights, while_one_refreshes_the_others_have_the_stale_value_at_once) {
    cache<int> soft{
        {.name = "stock", .fresh_for = 10s, .stale_while_revalidate = 10s, .stale_if_error = 1h, .jitter = 0.0}};
    pipeline guarded{cutwater::ref(soft)};
    dependency.returns(7).returns(8, 100ms);
    call(guarded);
    loop.run_all();
    time.pass(12s);
    told& leader = call(guarded);
    told& second = call(guarded);
    loop.run_until([&] { return second.has_value(); });
    EXPECT_EQ(time.elapsed(), 12s);
    EXPECT_THAT(second, Optional(AllOf(has_value(7), is_degraded("stock"))));
    loop.run_all();
    EXPECT_THAT(leader, Optional(has_value(8)));
}

TEST_F(cache_flights, who_wants_the_truth_is_not_given_what_the_leader_found_in_a_store) {
    cache<int> before{{.name = "stock", .fresh_for = 10s, .jitter = 0.0}, cells};
    pipeline earlier{cutwater::ref(before)};
    dependency.returns(7).returns(8, 50ms);
    call(earlier);
    loop.run_all();
    time.pass(8s);

    cache<int> after{{.name = "stock", .fresh_for = 10s, .jitter = 0.0}, cells};  // as if the process had begun anew
    pipeline guarded{cutwater::ref(after)};
    cells.takes = 20ms;
    const told& any = call(guarded);  // leads, and waits for the store
    said.max_age = 0s;
    const told& newest = call(guarded);
    said.max_age = 1s;
    const told& recent = call(guarded);
    said.max_age = 9s;
    const told& old_enough = call(guarded);
    loop.run_all();
    EXPECT_THAT(any, Optional(has_value(7)));
    EXPECT_THAT(old_enough, Optional(has_value(7)));
    EXPECT_THAT(newest, Optional(has_value(8)));
    EXPECT_THAT(recent, Optional(has_value(8)));
    EXPECT_EQ(dependency.calls(), 2U);
}

TEST_F(cache_flights, who_wants_the_truth_follows_no_question_from_before) {
    pipeline guarded{cutwater::ref(known)};
    dependency.returns(7, 100ms).returns(8, 100ms);
    call_options newest = said;
    newest.max_age = 0s;
    call_options recent = said;
    recent.max_age = 20ms;
    call_options old_enough = said;
    old_enough.max_age = 50ms;
    call(guarded);
    std::vector<const told*> wait_for_the_next;
    const told* follows = nullptr;
    time.after(30ms, [&] {
        for (const call_options* with : {&newest, &recent, &newest}) wait_for_the_next.push_back(&call(guarded, *with));
        follows = &call(guarded, old_enough);
    });
    loop.run_all();
    EXPECT_THAT(all.front(), Optional(has_value(7)));
    EXPECT_THAT(*follows, Optional(has_value(7)));
    for (const told* each : wait_for_the_next) EXPECT_THAT(*each, Optional(has_value(8)));
    EXPECT_EQ(dependency.calls(), 2U) << "one for all of them";
    EXPECT_EQ(time.elapsed(), 200ms);
}

TEST_F(cache_flights, that_there_is_none_may_be_from_before_too) {
    pipeline guarded{cutwater::ref(known), classify{permanent(value([](int status) { return status == 404; }))}};
    dependency.returns(404, 100ms).returns(7);
    call(guarded);
    said.max_age = 0s;
    time.after(30ms, [&] { call(guarded); });
    loop.run_all();
    EXPECT_THAT(all.front(), Optional(has_value(404)));
    EXPECT_THAT(all.back(), Optional(has_value(7)));
}

TEST_F(cache_flights, but_a_failure_is_shared_by_those_who_want_the_truth) {
    pipeline guarded{cutwater::ref(known)};
    dependency.fails(std::errc::connection_reset, 100ms).returns(7);
    call(guarded);
    said.max_age = 0s;
    time.after(30ms, [&] { call(guarded); });
    loop.run_all();
    EXPECT_THAT(all, Each(Optional(fails_with(std::errc::connection_reset))));
    EXPECT_EQ(dependency.calls(), 1U);
}

TEST_F(cache_flights, what_is_forgotten_meanwhile_is_given_to_those_who_wait_and_not_kept) {
    pipeline guarded{cutwater::ref(durable)};
    dependency.returns(7, 100ms).returns(8, 100ms);
    call(guarded);
    call(guarded);
    time.after(30ms, [&] { durable.forget(key); });
    const told* later = nullptr;
    time.after(40ms, [&] { later = &call(guarded); });
    time.after(120ms, [&] { EXPECT_EQ(durable.peek(key), std::nullopt); });
    loop.run_all();
    EXPECT_THAT(all.front(), Optional(has_value(7)));
    EXPECT_THAT(*std::next(all.begin()), Optional(has_value(7)));
    EXPECT_THAT(*later, Optional(has_value(8)));
    EXPECT_EQ(time.elapsed(), 140ms);
    EXPECT_EQ(durable.peek(key), 8);
    EXPECT_EQ(stored(), detail::sealed("8"));
}

TEST_F(cache_flights, nor_is_it_written) {
    pipeline guarded{cutwater::ref(durable)};
    dependency.returns(7, 100ms);
    call(guarded);
    time.after(30ms, [&] { durable.forget(key); });
    loop.run_all();
    EXPECT_THAT(all.front(), Optional(has_value(7)));
    EXPECT_EQ(stored(), std::nullopt);
}

TEST_F(cache_flights, what_is_put_meanwhile_stays) {
    pipeline guarded{cutwater::ref(durable)};
    dependency.returns(7, 100ms);
    call(guarded);
    time.after(30ms, [&] { durable.put(key, 9, time.present()); });
    loop.run_all();
    EXPECT_THAT(all.front(), Optional(has_value(7)));
    EXPECT_EQ(durable.peek(key), 9);
    EXPECT_EQ(stored(), detail::sealed("9"));
}

TEST_F(cache_flights, what_is_cleared_meanwhile_does_not_come_back) {
    pipeline guarded{cutwater::ref(known)};
    dependency.returns(7, 100ms);
    call(guarded);
    time.after(30ms, [&] { known.clear(); });
    loop.run_all();
    EXPECT_THAT(all.front(), Optional(has_value(7)));
    EXPECT_EQ(known.size(), 0U);
}

TEST_F(cache_flights, a_leader_that_is_cancelled_hands_over_what_was_forgotten_too) {
    pipeline guarded{cutwater::ref(known)};
    dependency.returns(7, 100ms);
    call(guarded);
    const told& second = call(guarded);
    time.after(20ms, [&] { known.forget(key); });
    time.after(30ms, [this] { signals.front().emit(asio::cancellation_type::all); });
    loop.run_all();
    EXPECT_THAT(all.front(), Optional(fails_with(errc::cancelled)));
    EXPECT_THAT(second, Optional(has_value(7)));
    EXPECT_EQ(time.elapsed(), 130ms);
}

TEST_F(cache_flights, what_is_being_erased_is_not_read_in_the_store) {
    durable.put(key, 7, time.present());
    cells.takes = 20ms;
    durable.forget(key);
    pipeline guarded{cutwater::ref(durable)};
    dependency.returns(8, 5ms);
    call(guarded);
    loop.run_all();
    EXPECT_THAT(all.front(), Optional(has_value(8)));
}

TEST_F(cache_flights, a_write_that_is_under_way_does_not_bring_back_what_is_forgotten) {
    pipeline guarded{cutwater::ref(durable)};
    dependency.returns(7);
    cells.takes = 50ms;
    call(guarded);
    loop.run_until([&] { return all.front().has_value(); });
    EXPECT_EQ(time.elapsed(), 50ms) << "it has been read, and is being written";
    cells.takes = 10ms;
    durable.forget(key);
    time.pass(1s);
    EXPECT_EQ(stored(), std::nullopt);
}

TEST_F(cache_flights, nor_does_it_overwrite_what_is_put) {
    pipeline guarded{cutwater::ref(durable)};
    dependency.returns(7).returns(8);
    call(guarded);
    loop.run_all();
    time.pass(1min);
    call(guarded);
    cells.takes = 50ms;
    loop.run_until([&] { return all.back().has_value(); });
    cells.takes = 10ms;
    durable.put(key, 9, time.present());
    time.pass(1s);
    EXPECT_EQ(stored(), detail::sealed("9"));
}

TEST_F(cache_flights, what_is_found_stale_in_a_store_is_given_at_once_while_one_refreshes) {
    cache_options soft{.name = "stock", .fresh_for = 10s, .stale_while_revalidate = 10s, .jitter = 0.0};
    cache<int> before{soft, cells};
    before.put(key, 7, time.present());
    time.pass(12s);
    cache<int> after{soft, cells};
    pipeline guarded{cutwater::ref(after)};
    cells.takes = 20ms;
    dependency.returns(8, 100ms);
    const told& leader = call(guarded);
    const told& second = call(guarded);
    said.max_age = 5s;
    const told& recent = call(guarded);
    loop.run_until([&] { return second.has_value(); });
    EXPECT_EQ(time.elapsed(), 12s + 20ms);
    EXPECT_THAT(second, Optional(AllOf(has_value(7), is_degraded("stock"))));
    loop.run_all();
    EXPECT_THAT(leader, Optional(has_value(8)));
    EXPECT_THAT(recent, Optional(has_value(8)));
    EXPECT_EQ(dependency.calls(), 1U);
}

TEST_F(cache_flights, or_to_all_of_them_where_it_is_refreshed_elsewhere) {
    std::vector<std::string> wanted;
    cache_options soft{.name = "stock", .fresh_for = 10s, .stale_while_revalidate = 10s, .jitter = 0.0};
    soft.on_stale = [&](const cache_key& which) { wanted.emplace_back(which.asked); };
    cache<int> before{soft, cells};
    before.put(key, 7, time.present());
    time.pass(12s);
    cache<int> after{soft, cells};
    pipeline guarded{cutwater::ref(after)};
    for (int i = 0; i < 3; ++i) call(guarded);
    loop.run_all();
    EXPECT_THAT(all, Each(Optional(AllOf(has_value(7), is_degraded("stock")))));
    EXPECT_THAT(wanted, ::testing::ElementsAre("sku-1"));
    EXPECT_EQ(dependency.calls(), 0U);
}

TEST_F(cache_flights, where_it_fails_all_have_what_one_found_in_a_store) {
    durable.put(key, 7, time.present());
    durable.clear();
    time.pass(1min);
    pipeline guarded{cutwater::ref(durable)};
    cells.takes = 20ms;
    dependency.fails(std::errc::connection_reset, 100ms);
    for (int i = 0; i < 3; ++i) call(guarded);
    loop.run_all();
    EXPECT_THAT(all, Each(Optional(AllOf(has_value(7), is_degraded("stock")))));
    EXPECT_EQ(dependency.calls(), 1U);
}

TEST_F(cache_flights, a_value_whose_size_cannot_be_told_leaves_the_question_to_the_next) {
    bool is_broken = true;
    known.sized_by([&](int) -> std::size_t {
        if (is_broken) throw std::runtime_error{"no size"};
        return 4;
    });
    pipeline guarded{cutwater::ref(known)};
    dependency.returns(7).returns(8);
    call(guarded);
    loop.run_all();
    is_broken = false;
    EXPECT_FALSE(call(guarded)) << "not yet";
    loop.run_all();
    EXPECT_THAT(all.back(), Optional(has_value(8))) << "and nobody waits for ever";
}

TEST_F(cache_flights, a_call_that_is_destroyed_hands_over) {
    pipeline guarded{cutwater::ref(known)};
    dependency.returns(7, 100ms);
    {
        testing::virtual_time other_time;
        testing::mock_dependency<int> never_answers{other_time};
        testing::virtual_asio other{other_time};  // goes first, with the call
        never_answers.hangs();
        asio::co_spawn(
            other.context(),
            [&]() -> asio::awaitable<void> { (void)co_await guarded.async_run(said, other.coroutine(never_answers)); },
            asio::detached);
        other.context().poll();
        EXPECT_EQ(never_answers.calls(), 1U);
        call(guarded);
        loop.context().poll();
        EXPECT_EQ(dependency.calls(), 0U) << "it waits";
    }
    loop.run_all();
    EXPECT_THAT(all.front(), Optional(has_value(7)));
}

}  // namespace
}  // namespace cutwater
