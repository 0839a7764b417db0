// What surrounds a call, in one thread.

#include "cutwater/core/call_scope.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <string>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

constexpr instant noon{12h};

TEST(call_scope, what_is_said_outside_of_every_scope_stays_as_it_is) {
    const call_options said = inherited({.operation = "get", .deadline = noon, .id = "7", .weight = 3});
    EXPECT_EQ(said.operation, name{"get"});
    EXPECT_EQ(said.deadline, noon);
    EXPECT_EQ(said.id, "7");
    EXPECT_EQ(said.weight, 3U);
    EXPECT_EQ(inherited().deadline, never);
    EXPECT_EQ(inherited().retries_left, std::nullopt);
    EXPECT_EQ(surrounding(), no_scope);
}

TEST(call_scope, S128_a_call_has_the_earliest_of_all_deadlines) {
    const call_scope request{call_options{.deadline = noon}};
    EXPECT_EQ(inherited().deadline, noon);
    EXPECT_EQ(inherited({.deadline = noon - 1s}).deadline, noon - 1s);
    EXPECT_EQ(inherited({.deadline = noon + 1s}).deadline, noon);
}

TEST(call_scope, completes_what_is_not_said) {
    std::stop_source caller;
    const call_scope request{call_options{.operation = "serve",
                                          .stop = caller.get_token(),
                                          .idempotent = idempotency::idempotent,
                                          .id = "7",
                                          .weight = 3,
                                          .importance = criticality::sheddable,
                                          .tenant = "blue",
                                          .target = "here",
                                          .earlier_attempts = 2,
                                          .retries_left = 1}};
    const call_options said = inherited();
    EXPECT_EQ(said.stop, caller.get_token());
    EXPECT_EQ(said.id, "7");
    EXPECT_EQ(said.importance, criticality::sheddable);
    EXPECT_EQ(said.tenant, "blue");
    EXPECT_EQ(said.earlier_attempts, 2U);
    EXPECT_EQ(said.retries_left, 1U);

    EXPECT_TRUE(said.operation.empty()) << "what a call is is its own";
    EXPECT_EQ(said.idempotent, idempotency::unstated);
    EXPECT_EQ(said.weight, 1U);
    EXPECT_EQ(said.target, "");
}

TEST(call_scope, what_is_said_counts_where_there_is_no_least) {
    std::stop_source caller;
    std::stop_source own;
    const call_scope request{call_options{.stop = caller.get_token(),
                                          .id = "7",
                                          .importance = criticality::sheddable,
                                          .tenant = "blue",
                                          .earlier_attempts = 2,
                                          .retries_left = 1}};
    const call_options said = inherited({.stop = own.get_token(),
                                         .id = "8",
                                         .importance = criticality::critical,
                                         .tenant = "red",
                                         .earlier_attempts = 1,
                                         .retries_left = 5});
    EXPECT_EQ(said.stop, own.get_token());
    EXPECT_EQ(said.id, "8");
    EXPECT_EQ(said.importance, criticality::critical);
    EXPECT_EQ(said.tenant, "red");
    EXPECT_EQ(said.earlier_attempts, 2U) << "of attempts that were made none is forgotten";
    EXPECT_EQ(said.retries_left, 1U) << "and none is given twice";
    EXPECT_EQ(inherited({.retries_left = 0}).retries_left, 0U);
}

TEST(call_scope, a_call_with_a_stop_of_its_own_is_not_made_for_a_request_that_has_been_cancelled) {
    std::stop_source caller;
    std::stop_source own;
    testing::virtual_time time;
    pipeline guarded{retry{}};
    const call_scope request{call_options{.stop = caller.get_token()}};
    unsigned made = 0;
    (void)time.run(guarded, inherited({.stop = own.get_token()}), [&] { ++made; });
    EXPECT_EQ(made, 1U);
    caller.request_stop();
    const auto got = time.run(guarded, inherited({.stop = own.get_token()}), [&] { ++made; });
    ASSERT_EQ(made, 1U);
    EXPECT_EQ(got.error().code(), errc::cancelled);
    const call_scope step{call_options{.stop = own.get_token()}};
    EXPECT_TRUE(inherited().stop.stop_requested());
}

TEST(call_scope, one_inside_of_another_tightens_and_never_widens_and_is_over_with_its_block) {
    const call_scope request{call_options{.deadline = noon, .retries_left = 2}};
    {
        const call_scope step{call_options{.deadline = noon - 1s, .retries_left = 5}};
        EXPECT_EQ(inherited().deadline, noon - 1s);
        EXPECT_EQ(inherited().retries_left, 2U);
        const call_scope wider{call_options{.deadline = never}};
        EXPECT_EQ(inherited().deadline, noon - 1s);
    }
    EXPECT_EQ(inherited().deadline, noon);
}

TEST(call_scope, background_work_runs_outside) {
    const call_scope request{call_options{.deadline = noon, .retries_left = 2}};
    {
        const call_scope away{no_scope};
        EXPECT_EQ(inherited().deadline, never);
        EXPECT_EQ(surrounding(), no_scope);
        const call_scope its_own{call_options{.retries_left = 7}};
        EXPECT_EQ(inherited().deadline, never);
        EXPECT_EQ(inherited().retries_left, 7U);
    }
    EXPECT_EQ(inherited().deadline, noon);
}

TEST(call_scope, what_is_kept_has_texts_of_its_own) {
    auto id = std::make_unique<std::string>(100, 'i');
    auto tenant = std::make_unique<std::string>(100, 't');
    kept_scope kept;
    {
        const call_scope request{call_options{.id = *id, .tenant = *tenant}};
        kept = surrounding();
    }
    id.reset();
    tenant.reset();
    const call_scope later{kept};
    EXPECT_EQ(inherited().id, std::string(100, 'i'));
    EXPECT_EQ(inherited().tenant, std::string(100, 't'));
    EXPECT_EQ(surrounding(), kept) << "and is kept once";
}

TEST(call_scope, what_is_kept_is_installed_in_place_of_what_surrounds_it) {
    const kept_scope kept{call_options{.deadline = noon}};
    const call_scope other{call_options{.deadline = noon - 1s, .retries_left = 0}};
    const call_scope here{kept};
    EXPECT_EQ(inherited().deadline, noon);
    EXPECT_EQ(inherited().retries_left, std::nullopt);
}

TEST(call_scope, a_function_carries_what_surrounded_it_when_it_was_made) {
    const auto deadline = [] { return inherited().deadline; };
    auto made_outside = carrying(deadline);
    auto made_inside = [&] {
        const call_scope request{call_options{.deadline = noon}};
        return carrying(deadline);
    }();
    EXPECT_EQ(made_inside(), noon);
    EXPECT_EQ(inherited().deadline, never) << "and it is over when that returns";
    const call_scope other{call_options{.deadline = noon - 1s}};
    EXPECT_EQ(made_inside(), noon);
    auto copy = made_outside;
    EXPECT_EQ(copy(), never);
    auto takes_and_gives = carrying([](std::unique_ptr<int> given) { return given; });
    EXPECT_EQ(*takes_and_gives(std::make_unique<int>(7)), 7);
}

TEST(call_scope, is_over_where_its_block_throws) {
    auto throws = carrying([] { throw std::runtime_error{"boom"}; });
    EXPECT_THROW(
        {
            const call_scope request{call_options{.deadline = noon}};
            throws();
        },
        std::runtime_error);
    EXPECT_EQ(inherited().deadline, never);
}

TEST(call_scope_death, one_that_ends_before_what_is_inside_of_it_ends_the_program) {
    EXPECT_DEATH(
        {
            auto outer = std::make_unique<call_scope>(call_options{});
            const auto inner = std::make_unique<call_scope>(call_options{});
            outer.reset();
        },
        "");
}

// ---- of an attempt ----

TEST(call_scope, T70_inside_of_an_attempt_calls_have_what_the_attempt_may_still_use) {
    testing::virtual_time time;
    pipeline outer{timeout{{.name = "total", .after = 10s}}, retry{{.max_attempts = 3, .base_delay = 1s}},
                   timeout{{.name = "attempt", .after = 2s}}};
    pipeline inner{retry{{.max_attempts = 3, .base_delay = 1ms}}};
    unsigned sent = 0;
    const call_options of_us{
        .id = "7", .importance = criticality::best_effort, .tenant = "blue", .earlier_attempts = 1};
    const auto went = time.run(outer, of_us, [&](attempt& a) {
        const call_scope here{a};
        EXPECT_EQ(inherited().deadline, a.deadline());
        EXPECT_EQ(inherited().id, "7");
        EXPECT_EQ(inherited().tenant, "blue");
        EXPECT_EQ(inherited().importance, criticality::best_effort);
        EXPECT_EQ(inherited().earlier_attempts, a.number()) << "one that our caller made, and ours before this";
        EXPECT_EQ(inherited().retries_left, 0U) << "they are made out there";
        return time.run(inner, inherited(), [&]() -> std::expected<int, std::errc> {
            ++sent;
            return std::unexpected{std::errc::connection_reset};
        });
    });
    EXPECT_FALSE(went);
    EXPECT_EQ(sent, 3U) << "not nine";
    EXPECT_EQ(inherited().deadline, never);
}

TEST(call_scope, without_it_they_multiply) {
    testing::virtual_time time;
    pipeline outer{retry{{.max_attempts = 3, .base_delay = 1s}}};
    pipeline inner{retry{{.max_attempts = 3, .base_delay = 1ms}}};
    unsigned sent = 0;
    (void)time.run(outer, [&] {
        return time.run(inner, inherited(), [&]() -> std::expected<int, std::errc> {
            ++sent;
            return std::unexpected{std::errc::connection_reset};
        });
    });
    EXPECT_EQ(sent, 9U);
}

TEST(call_scope, a_scoped_callable_runs_in_its_attempt_and_in_nothing_else) {
    testing::virtual_time time;
    pipeline guarded{timeout{{.name = "attempt", .after = 2s}}};
    const call_scope request{call_options{.deadline = time.in(1s), .tenant = "blue"}};
    const auto seen = [&](const call_options& said) {
        call_options inside;
        (void)time.run(guarded, said, scoped([&] { inside = inherited(); }));
        return inside;
    };
    EXPECT_EQ(seen(inherited()).deadline, time.in(1s));
    EXPECT_EQ(seen(inherited()).tenant, "blue");
    EXPECT_EQ(seen({}).deadline, time.in(2s)) << "this call inherits nothing, as it would on another thread";
    EXPECT_EQ(seen({}).tenant, "");
    EXPECT_EQ(inherited().deadline, time.in(1s));
}

TEST(call_scope, a_scoped_callable_gives_what_its_callable_gives) {
    pipeline guarded{retry{}};
    EXPECT_EQ(*guarded.run(scoped([] { return 7; })), 7);
    EXPECT_EQ(*guarded.run(scoped([](attempt& a) { return a.number(); })), 1U);
    EXPECT_EQ(**guarded.run(scoped([] { return std::make_unique<int>(7); })), 7);
    EXPECT_TRUE(guarded.run(scoped([] {})).has_value());
    EXPECT_EQ(*guarded.run(scoped([n = std::make_unique<int>(7)] { return *n; })), 7) << "it need not be copied";
    EXPECT_EQ(
        guarded.run(scoped([]() -> std::expected<int, errc> { return std::unexpected{errc::failed}; })).error().code(),
        errc::failed);
}

// ---- a model ----

/// What `inherited()` must say, by a stack that is kept by hand.
struct model {
    instant deadline = never;
    unsigned earlier = 0;
    std::optional<unsigned> left{};
    std::string id{};

    [[nodiscard]] model with(const call_options& said) const {
        model next = *this;
        next.deadline = std::min(next.deadline, said.deadline);
        next.earlier = std::max(next.earlier, said.earlier_attempts);
        if (said.retries_left) next.left = std::min(next.left.value_or(1000), *said.retries_left);
        if (!said.id.empty()) next.id = said.id;
        return next;
    }
    void check() const {
        const call_options said = inherited();
        RC_ASSERT(said.deadline == deadline);
        RC_ASSERT(said.earlier_attempts == earlier);
        RC_ASSERT(said.retries_left == left);
        RC_ASSERT(said.id == id);
    }
};

std::string random_id() { return *rc::gen::element<std::string>("", "a", std::string(50, 'b')); }

call_options random_options(const std::string& id) {
    call_options said{.id = id};
    if (*rc::gen::arbitrary<bool>()) said.deadline = noon + duration{*rc::gen::inRange(-100, 100)};
    if (*rc::gen::arbitrary<bool>()) said.retries_left = *rc::gen::inRange(0U, 5U);
    said.earlier_attempts = *rc::gen::inRange(0U, 3U);
    return said;
}

// NOLINTNEXTLINE(misc-no-recursion): scopes are nested as their blocks are
void nest(const model& around, int depth) {
    around.check();
    if (depth == 0) return;
    for (int steps = *rc::gen::inRange(0, 3); steps > 0; --steps) {
        std::string id = random_id();
        switch (*rc::gen::inRange(0, 4)) {
            case 0: {
                const call_options said = random_options(id);
                const call_scope here{said};
                nest(around.with(said), depth - 1);
                break;
            }
            case 1: {
                const call_scope away{no_scope};
                nest({}, depth - 1);
                break;
            }
            case 2: {
                const kept_scope kept{random_options(id)};
                const model said = model{}.with(*kept.said());
                id.assign(50, 'x');
                const call_scope here{kept};
                nest(said, depth - 1);
                break;
            }
            default: {
                auto carried = carrying([&] { nest(around, depth - 1); });
                const call_scope elsewhere{random_options(id)};
                carried();
                break;
            }
        }
        around.check();
    }
}

RC_GTEST_PROP(call_scope, however_scopes_are_nested_each_has_what_surrounds_it, ()) { nest({}, 5); }

}  // namespace
}  // namespace cutwater
