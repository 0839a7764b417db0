// The fallback in pipelines, on both drivers.

#include "cutwater/policy/fallback/fallback.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/asio/stage.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using mock = testing::mock_dependency<int>;
using answer = std::expected<int, std::error_code>;
using layers = any_pipeline<int>;

std::unexpected<std::error_code> fails(std::errc code) { return std::unexpected{std::make_error_code(code)}; }

auto gives(int value) {
    return [value]() -> answer { return value; };
}
auto is_down(std::errc code) {
    return [code]() -> answer { return fails(code); };
}
auto throws(const char* words) {
    return [words]() -> int { throw std::runtime_error{words}; };
}

/// Refuses every call.
class closed_door {
public:
    struct ticket {};
    [[nodiscard]] name layer_name() const { return "door"; }
    admission<ticket> admit(call_context&, moment&) {
        if (on_knock) on_knock();
        return refusal{};
    }
    void settle(ticket&, const observation&, call_context&, moment&) {}
    void abandon(ticket&) noexcept {}

    std::function<void()> on_knock = {};
};

// ---- one table, both drivers ----

struct scenario {
    std::string name;
    std::function<void(layers&)> policies;
    std::function<void(mock&)> dependency;
    duration deadline = forever;

    std::string result;
    std::string source;  // empty: not degraded
    std::vector<std::string> events;
};

/// Live, then stale, then safe.
auto three_tiers() {
    return fallback{tier("stale", is_down(std::errc::no_such_file_or_directory)), tier("default", -1)};
}

const std::vector<scenario> scenarios{
    {.name = "a_success_passes",
     .policies = [](layers& p) { p.add(fallback{-1}); },
     .dependency = [](mock& m) { m.returns(7); },
     .result = "7",
     .source = "",
     .events = {}},
    {.name = "a_constant_stands_in",
     .policies = [](layers& p) { p.add(fallback{-1}); },
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset); },
     .result = "-1",
     .source = "default",
     .events = {"fallback fallback_default_used error_message=Connection reset by peer error_type=generic:104 "
                "source=default"}},
    {.name = "a_function_stands_in",
     .policies = [](layers& p) { p.add(fallback{[] { return 5; }}); },
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset); },
     .result = "5",
     .source = "fallback",
     .events = {"fallback fallback_used error_message=Connection reset by peer error_type=generic:104 source=fallback "
                "tier=1"}},
    {.name = "for_a_permanent_failure_too",
     .policies = [](layers& p) { p.add(fallback{-1}); },
     .dependency = [](mock& m) { m.fails(std::errc::permission_denied); },
     .result = "-1",
     .source = "default",
     .events = {"fallback fallback_default_used error_message=Permission denied error_type=generic:13 source=default"}},
    {.name = "for_a_refusal_too",
     .policies = [](layers& p) { p.add(fallback{-1}).add(closed_door{}); },
     .dependency = [](mock& m) { m.returns(7); },
     .result = "-1",
     .source = "default",
     .events = {"fallback fallback_default_used error_message=the call was refused error_type=cutwater:refused "
                "source=default"}},
    {.name = "for_our_own_timeout_too",
     .policies = [](layers& p) { p.add(fallback{-1}).add(timeout{100ms}); },
     .dependency = [](mock& m) { m.hangs(); },
     .result = "-1",
     .source = "default",
     .events = {"timeout timed_out limit=100ms",
                "fallback fallback_default_used error_message=the time limit was reached error_type=cutwater:timed_out "
                "source=default"}},
    {.name = "not_for_the_callers_deadline",
     .policies = [](layers& p) { p.add(fallback{-1}); },
     .dependency = [](mock& m) { m.hangs(); },
     .deadline = 100ms,
     .result = "get: the caller's deadline has passed",
     .source = "",
     .events = {}},
    {.name = "not_for_a_bug",
     .policies = [](layers& p) { p.add(fallback{-1}); },
     .dependency = [](mock& m) { m.throws(std::logic_error{"not a number"}); },
     .result = "get: not a number",
     .source = "",
     .events = {}},
    {.name = "the_first_tier_that_gives",
     .policies = [](layers& p) { p.add(fallback{tier("stale", gives(6)), tier("default", -1)}); },
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset); },
     .result = "6",
     .source = "stale",
     .events =
         {"fallback fallback_used error_message=Connection reset by peer error_type=generic:104 source=stale tier=1"}},
    {.name = "the_next_tier_where_one_fails",
     .policies = [](layers& p) { p.add(three_tiers()); },
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset); },
     .result = "-1",
     .source = "default",
     .events = {"fallback fallback_failed error_message=No such file or directory error_type=generic:2 source=stale",
                "fallback fallback_default_used error_message=Connection reset by peer error_type=generic:104 "
                "source=default"}},
    {.name = "the_second_tier_says_that_it_is_the_second",
     .policies = [](layers& p) { p.add(fallback{tier("near", is_down(std::errc::io_error)), tier("far", gives(4))}); },
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset); },
     .result = "4",
     .source = "far",
     .events =
         {"fallback fallback_failed error_message=Input/output error error_type=generic:5 source=near",
          "fallback fallback_used error_message=Connection reset by peer error_type=generic:104 source=far tier=2"}},
    {.name = "all_tiers_fail",
     .policies = [](layers& p) { p.add(fallback{is_down(std::errc::no_such_file_or_directory), throws("boom")}); },
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset); },
     .result = "get: Connection reset by peer; then: No such file or directory; then: boom",
     .source = "",
     .events = {"fallback fallback_failed error_message=No such file or directory error_type=generic:2 source=fallback",
                "fallback fallback_failed error_message=boom error_type=std::runtime_error source=fallback"}},
    {.name = "after_all_retries",
     .policies = [](layers& p) { p.add(fallback{-1}).add(retry{{.max_attempts = 2, .jitter = jitter::none}}); },
     .dependency = [](mock& m) { m.fails(std::errc::connection_reset); },
     .result = "-1",
     .source = "default",
     .events = {"retry retry_scheduled delay=100ms error_message=Connection reset by peer error_type=generic:104 "
                "failed_attempts=1",
                "retry retry_gave_up attempts=2 error_message=Connection reset by peer error_type=generic:104 "
                "reason=attempts_exhausted",
                "fallback fallback_default_used error_message=Connection reset by peer error_type=generic:104 "
                "source=default"}},
};

std::ostream& operator<<(std::ostream& out, const scenario& s) { return out << s.name; }

class fallback_scenarios : public ::testing::TestWithParam<std::tuple<testing::driver, scenario>> {};

TEST_P(fallback_scenarios, are_as_the_table_says) {
    const auto& [played_by, s] = GetParam();
    testing::stage<int> on{played_by};
    s.dependency(on.dependency);
    layers guarded{observe{on.heard}};
    s.policies(guarded);
    const instant deadline = s.deadline == forever ? never : on.time.in(s.deadline);
    const auto result = on.play(guarded, {.operation = "get", .deadline = deadline});
    EXPECT_EQ(result ? std::to_string(*result) : result.error().message(), s.result);
    EXPECT_EQ(result.source().view(), s.source);
    EXPECT_EQ(result.is_degraded(), !s.source.empty());
    const std::vector<std::string> heard = on.heard.lines();
    ASSERT_GE(heard.size(), 2U);
    EXPECT_EQ(std::vector(heard.begin() + 1, heard.end() - 1), s.events) << "between start and end of the call";
}

INSTANTIATE_TEST_SUITE_P(table, fallback_scenarios,
                         ::testing::Combine(::testing::ValuesIn(testing::both_drivers), ::testing::ValuesIn(scenarios)),
                         testing::scenario_name{});

// ---- what a table cannot say ----

class fallback_policy : public ::testing::TestWithParam<testing::driver> {
public:
    testing::stage<int> on{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(drivers, fallback_policy, ::testing::ValuesIn(testing::both_drivers), testing::driver_name{});

TEST_P(fallback_policy, T90_a_cancelled_call_gets_no_other_answer) {
    int asked = 0;
    on.dependency.hangs();
    on.cancels_after(10ms);
    layers guarded{observe{on.heard}, fallback{[&] { return ++asked; }}, timeout{1s}};
    const auto result = on.play(guarded, {.operation = "get"});
    EXPECT_EQ(result.error().code(), errc::cancelled);
    EXPECT_EQ(asked, 0);
    EXPECT_THAT(on.heard.names(), ElementsAre("call_started", "call_failed"));
}

TEST_P(fallback_policy, T90_nor_does_one_that_was_cancelled_in_a_wait) {
    int asked = 0;
    on.dependency.fails(std::errc::connection_reset);
    on.cancels_after(10ms);
    layers guarded{fallback{[&] { return ++asked; }}, retry{}};
    EXPECT_EQ(on.play(guarded).error().code(), errc::cancelled);
    EXPECT_EQ(asked, 0);
}

TEST_P(fallback_policy, T90_is_asked_once_and_its_exception_is_kept_as_it_is) {
    int asked = 0;
    on.dependency.throws(std::runtime_error{"first"});
    layers guarded{fallback{[&]() -> int {
        ++asked;
        throw std::out_of_range{"second"};
    }}};
    const auto result = on.play(guarded);
    EXPECT_EQ(asked, 1);
    EXPECT_THROW(result.error().raise(), std::runtime_error) << "the first error comes out";
    ASSERT_NE(result.error().also(), nullptr);
    EXPECT_THROW(result.error().also()->raise(), std::out_of_range);
    EXPECT_EQ(result.error().also()->also(), nullptr);
}

TEST_P(fallback_policy, errors_of_tiers_are_attached_in_their_order) {
    on.dependency.fails(std::errc::connection_reset);
    layers guarded{
        fallback{is_down(std::errc::io_error), is_down(std::errc::no_link), is_down(std::errc::not_a_socket)}};
    const auto result = on.play(guarded);
    const error* second = result.error().also();
    EXPECT_EQ(result.error().code(), std::errc::connection_reset);
    EXPECT_EQ(second->code(), std::errc::io_error);
    EXPECT_EQ(second->also()->code(), std::errc::no_link);
    EXPECT_EQ(second->also()->also()->code(), std::errc::not_a_socket);
}

TEST_P(fallback_policy, a_tier_that_is_a_call_itself_keeps_what_it_attached) {
    on.dependency.fails(std::errc::connection_reset);
    layers backup{fallback{is_down(std::errc::no_link)}};
    const auto ask_backup = [&] { return testing::virtual_time{}.run(backup, is_down(std::errc::io_error)); };
    layers guarded{fallback{ask_backup, is_down(std::errc::not_a_socket)}};
    EXPECT_EQ(on.play(guarded, {.operation = "get"}).error().message(),
              "get: Connection reset by peer; then: Input/output error; then: " +
                  std::make_error_code(std::errc::no_link).message() +
                  "; then: " + std::make_error_code(std::errc::not_a_socket).message());
}

TEST_P(fallback_policy, a_tier_sees_what_it_stands_in_for_and_knows_the_backoff) {
    std::string seen;
    on.dependency.fails(std::errc::connection_reset);
    layers guarded{fallback{[&](const error& e) {
                       seen = e.words() + " after " + std::to_string(e.history().size());
                       return 1;
                   }},
                   retry{{.max_attempts = 3}}};
    EXPECT_EQ(*on.play(guarded), 1);
    EXPECT_EQ(seen, "Connection reset by peer after 3");
}

TEST_P(fallback_policy, tells_what_of_a_value_was_judged) {
    on.dependency.returns(503);
    layers guarded{observe{on.heard}, fallback{200}, classify{[](const outcome<int>&) -> std::optional<judgement> {
                       return judgement{.meaning = verdict::permanent, .reason = "HTTP 503"};
                   }}};
    EXPECT_EQ(*on.play(guarded), 200);
    EXPECT_EQ(on.heard.last("fallback_default_used").field("error_message"),
              "the result was judged permanent: HTTP 503");
}

TEST_P(fallback_policy, a_value_that_was_judged_a_failure_is_replaced_or_stays) {
    std::string seen;
    on.dependency.returns(503);
    const classify busy{transient(value([](int status) { return status == 503; }))};
    layers replaced{fallback{[&](const error& e) { return seen = e.words(), 200; }}, busy};
    layers left{observe{on.heard}, fallback{is_down(std::errc::io_error)}, busy};
    EXPECT_EQ(*on.play(replaced), 200);
    EXPECT_EQ(seen, "the result was judged transient");
    const auto result = on.play(left);
    EXPECT_EQ(*result, 503) << "nothing better was found";
    EXPECT_FALSE(result.is_degraded());
    EXPECT_EQ(on.heard.count("fallback_failed"), 1U);
}

TEST_P(fallback_policy, a_degraded_answer_is_no_failure_to_what_stands_outside) {
    on.dependency.fails(std::errc::connection_reset);
    layers guarded{observe{on.heard}, retry{}, fallback{-1}};
    EXPECT_EQ(*on.play(guarded), -1);
    EXPECT_EQ(on.dependency.calls(), 1U);
    EXPECT_EQ(on.heard.last("call_completed").field("meaning"), "success");
}

TEST_P(fallback_policy, the_outer_of_two_speaks_only_where_the_inner_fails) {
    on.dependency.fails(std::errc::connection_reset);
    layers inner_gives{fallback{tier("outer", 1)}, fallback{tier("inner", 2)}};
    layers inner_fails{fallback{tier("outer", 1)}, fallback{tier("inner", is_down(std::errc::io_error))}};
    EXPECT_EQ(on.play(inner_gives).source(), name{"inner"});
    EXPECT_EQ(on.play(inner_fails).source(), name{"outer"});
}

TEST_P(fallback_policy, a_tier_without_a_name_is_marked_all_the_same) {
    on.dependency.fails(std::errc::connection_reset);
    layers constant{fallback{tier("", -1)}};
    layers function{fallback{tier(name{}, gives(6))}};
    EXPECT_EQ(on.play(constant).source(), name{"default"});
    EXPECT_EQ(on.play(function).source(), name{"fallback"});
    EXPECT_TRUE(on.play(function).is_degraded());
}

// ---- conditions ----

struct db_error {
    int number;
};

template <class Fallback>
std::string answered(testing::stage<int>& on, Fallback policy,
                     const std::function<std::expected<int, db_error>()>& call) {
    layers guarded{std::move(policy)};
    const auto result = on.play(guarded, {}, call);
    return result ? std::to_string(*result) : "error";
}

TEST_P(fallback_policy, conditions_are_typed) {
    const auto deadlock = [] { return std::expected<int, db_error>{std::unexpect, 1205}; };
    const auto missing = [] { return std::expected<int, db_error>{std::unexpect, 404}; };
    const auto out_of_memory = []() -> std::expected<int, db_error> { throw std::bad_alloc{}; };
    const auto on_deadlock = when(returned<db_error>([](const db_error& e) { return e.number == 1205; }));
    const auto on_either = when(returned<db_error>() || exception<std::bad_alloc>());
    EXPECT_EQ(answered(on, fallback{on_deadlock, -1}, deadlock), "-1");
    EXPECT_EQ(answered(on, fallback{on_deadlock, -1}, missing), "error");
    EXPECT_EQ(answered(on, fallback{on_deadlock, -1}, out_of_memory), "error");
    EXPECT_EQ(answered(on, fallback{on_either, -1}, missing), "-1");
    EXPECT_EQ(answered(on, fallback{on_either, -1}, out_of_memory), "-1");
    EXPECT_EQ(answered(on, fallback{{.name = "db"}, when(code(condition::network)), -1}, missing), "error");
}

// failsafe-go TestFallback, "should fallback with failure conditions": 500 is replaced, 400 is not
TEST_P(fallback_policy, a_condition_may_be_about_the_value) {
    on.dependency.returns(400).returns(500);
    const classify bad{permanent(value([](int status) { return status >= 400; }))};
    layers guarded{fallback{when(value([](int status) { return status == 500; })), 0}, bad};
    EXPECT_EQ(*on.play(guarded), 400);
    EXPECT_EQ(*on.play(guarded), 0);
}

TEST_P(fallback_policy, should_handle_decides_which_failures) {
    on.dependency.fails(std::errc::connection_reset).throws(std::logic_error{"bug"});
    const auto bugs_only = [](const observation& o) { return o.meaning() == verdict::ignored; };
    layers guarded{fallback{fallback_options{.should_handle = bugs_only}, -1}};
    EXPECT_FALSE(on.play(guarded));
    EXPECT_EQ(*on.play(guarded), -1);
}

// ---- what users give ----

TEST_P(fallback_policy, a_hook_is_told_what_is_hidden_and_by_what) {
    std::vector<std::string> told;
    on.dependency.fails(std::errc::connection_reset).returns(7);
    layers guarded{fallback{fallback_options{.on_fallback =
                                                 [&](const error& e, name source) {
                                                     told.push_back(e.words() + " by " + std::string{source.view()});
                                                 }},
                            tier("stale", is_down(std::errc::io_error)), tier("default", -1)}};
    (void)on.play(guarded);
    (void)on.play(guarded);
    EXPECT_THAT(told, ElementsAre("Connection reset by peer by default"));
}

TEST_P(fallback_policy, whatever_of_the_users_throws_fails_the_call_and_names_the_layer) {
    on.dependency.fails(std::errc::connection_reset);
    const auto boom = [](const auto&...) -> bool { throw std::runtime_error{"boom"}; };
    std::vector<layers> throwing(3);
    throwing[0].add(fallback{fallback_options{.name = "prices", .should_handle = boom}, -1});
    throwing[1].add(fallback{fallback_options{.name = "prices", .on_fallback = boom}, -1});
    throwing[2].add(fallback{fallback_options{.name = "prices"}, when(matcher{boom}), -1});
    for (layers& guarded : throwing) {
        const auto result = on.play(guarded, {.operation = "get"});
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code(), errc::callback_failed);
        EXPECT_EQ(result.error().layer(), name{"prices"});
        EXPECT_EQ(result.error().words(), "boom");
        EXPECT_FALSE(result.is_degraded());
    }
}

TEST_P(fallback_policy, events_are_at_the_levels_that_people_filter_by) {
    on.dependency.fails(std::errc::connection_reset);
    layers stale{observe{on.heard}, fallback{gives(6)}};
    layers safe{observe{on.heard}, three_tiers()};
    (void)on.play(stale);
    (void)on.play(safe);
    EXPECT_EQ(on.heard.last("fallback_used").level, severity::warning);
    EXPECT_EQ(on.heard.last("fallback_default_used").level, severity::error);
    EXPECT_EQ(on.heard.last("fallback_failed").level, severity::error);
}

// ---- types ----

TEST_P(fallback_policy, constants_are_handed_out_as_copies) {
    any_pipeline<std::vector<int>> guarded{fallback{std::vector{1, 2, 3}}};
    const auto down = []() -> std::expected<std::vector<int>, std::errc> {
        return std::unexpected{std::errc::io_error};
    };
    auto first = on.play(guarded, {}, down);
    first->clear();
    EXPECT_THAT(*on.play(guarded, {}, down), ElementsAre(1, 2, 3));
}

TEST_P(fallback_policy, a_tier_may_give_what_converts) {
    any_pipeline<std::string> guarded{fallback{tier("literal", "nobody")}};
    const auto down = []() -> std::expected<std::string, std::errc> { return std::unexpected{std::errc::io_error}; };
    EXPECT_EQ(*on.play(guarded, {}, down), "nobody");
}

TEST_P(fallback_policy, what_can_only_be_moved_comes_from_a_function) {
    any_pipeline<std::unique_ptr<int>> guarded{fallback{[] { return std::make_unique<int>(7); }}};
    const auto down = []() -> std::unique_ptr<int> { throw std::runtime_error{"down"}; };
    EXPECT_EQ(**on.play(guarded, {}, down), 7);
}

TEST_P(fallback_policy, a_call_that_gives_nothing_falls_back_on_doing_something_else) {
    int noted = 0;
    any_pipeline<void> guarded{fallback{tier("note", [&] { ++noted; })}};
    const auto result = on.play(guarded, {}, [] { throw std::runtime_error{"down"}; });
    EXPECT_TRUE(result);
    EXPECT_EQ(result.source(), name{"note"});
    EXPECT_EQ(noted, 1);
}

// ---- any chain, any outcome ----

struct link {
    bool gives = false;
    bool throws = false;
};

template <class... Tiers>
void add_chain(layers& guarded, const std::vector<link>& links, Tiers... tiers) {
    if constexpr (sizeof...(Tiers) < 4) {
        if (sizeof...(Tiers) < links.size()) {
            const link l = links[sizeof...(Tiers)];
            const int number = sizeof...(Tiers) + 1;
            const auto next = [=]() -> answer {
                if (l.throws) throw std::runtime_error{std::to_string(number)};
                if (!l.gives) return fails(std::errc::io_error);
                return number;
            };
            return add_chain(guarded, links, tiers..., tier(name{std::to_string(number)}, next));
        }
    }
    if constexpr (sizeof...(Tiers) > 0) guarded.add(fallback{tiers...});
}

void any_chain_gives_its_first_answer(testing::driver played_by) {
    testing::stage<int> on{played_by};
    std::vector<link> links(*rc::gen::inRange<std::size_t>(1, 5));
    for (link& l : links) l = {.gives = *rc::gen::arbitrary<bool>(), .throws = *rc::gen::arbitrary<bool>()};
    on.dependency.fails(*rc::gen::element(std::errc::connection_reset, std::errc::permission_denied));
    layers guarded{observe{on.heard}};
    add_chain(guarded, links);
    const auto first = std::ranges::find_if(links, [](const link& l) { return l.gives && !l.throws; });
    const auto failed = static_cast<std::size_t>(first - links.begin());
    const auto result = on.play(guarded, {.operation = "get"});
    RC_ASSERT(on.heard.count("fallback_failed") == failed);
    RC_ASSERT(result.has_value() == (first != links.end()));
    if (result)
        RC_ASSERT(result.source().view() == std::to_string(failed + 1) && *result == static_cast<int>(failed) + 1);
    std::size_t attached = 0;
    if (!result)
        for (const error* e = result.error().also(); e != nullptr; e = e->also()) ++attached;
    RC_ASSERT(attached == (result ? 0 : links.size()));
}

RC_GTEST_PROP(fallback_property, any_chain_gives_its_first_answer_when_blocking, ()) {
    any_chain_gives_its_first_answer(testing::driver::blocking);
}
RC_GTEST_PROP(fallback_property, any_chain_gives_its_first_answer_in_coroutines, ()) {
    any_chain_gives_its_first_answer(testing::driver::coroutine);
}

// ---- alone, and for calls that are not critical ----

const auto down = []() -> answer { return fails(std::errc::connection_reset); };

TEST(fallback_alone, works_without_a_pipeline) {
    fallback instead{tier("default", -1)};
    const auto result = instead(down);
    EXPECT_EQ(*result, -1);
    EXPECT_EQ(result.source(), name{"default"});
}

TEST(fallback_alone, fail_safe_never_fails_not_even_for_a_bug) {
    EXPECT_EQ(*fail_safe(0)(down), 0);
    EXPECT_EQ(*fail_safe(0)([]() -> int { throw std::logic_error{"bug"}; }), 0);
    EXPECT_EQ(*fail_safe(0)([] { return 7; }), 7);
    EXPECT_TRUE(fail_safe(0, "visitors")(down).is_degraded());
}

TEST(fallback_alone, fail_safe_tells_what_it_hides) {
    std::vector<std::string> log;
    const auto log_failure = [&](const error& e) { log.push_back(e.words()); };
    EXPECT_EQ(*fail_safe(0, log_failure)(down), 0);
    EXPECT_EQ(*fail_safe(0, log_failure, "visitors")([] { return 7; }), 7);
    EXPECT_THAT(log, ElementsAre("Connection reset by peer"));
}

TEST(fallback_alone, fail_safe_is_for_calls_that_give_nothing_too) {
    std::vector<std::string> log;
    EXPECT_TRUE(fail_safe()([] { throw std::runtime_error{"down"}; }));
    EXPECT_TRUE(fail_safe([&](const error& e) { log.push_back(e.words()); })([] { throw std::runtime_error{"down"}; }));
    EXPECT_THAT(log, ElementsAre("down"));
}

TEST(fallback_alone, what_fail_safe_gives_is_a_default_also_where_it_is_nothing) {
    testing::event_recorder heard;
    pipeline guarded{observe{heard}, fail_safe()};
    EXPECT_TRUE(guarded.run([] { throw std::runtime_error{"down"}; }));
    EXPECT_EQ(heard.last("fallback_default_used").field("source"), "nothing");
    EXPECT_EQ(heard.last("fallback_default_used").field("error_type"), "std::runtime_error");
}

TEST(fallback_alone, T90_fail_safe_does_not_answer_a_cancelled_call) {
    std::stop_source stop;
    stop.request_stop();
    pipeline guarded{fail_safe(0)};
    EXPECT_EQ(guarded.run({.stop = stop.get_token()}, down).error().code(), errc::cancelled);
}

TEST(fallback_alone, T90_a_call_refused_after_its_caller_cancelled_gets_no_other_answer) {
    std::stop_source stop;
    bool cancels = false;
    pipeline guarded{fallback{-1}, closed_door{[&] { cancels&& stop.request_stop(); }}};
    EXPECT_EQ(*guarded.run({.stop = stop.get_token()}, down), -1);
    cancels = true;
    EXPECT_EQ(guarded.run({.stop = stop.get_token()}, down).error().code(), errc::refused);
}

// ---- options ----

TEST(fallback_options, T57_the_options_in_force_can_be_read) {
    pipeline guarded{fallback{{.name = "prices"}, tier("default", 1)}};
    EXPECT_EQ(guarded.describe(), "fallback \"prices\" {tiers = \"default\"}\n└─ call\n");
}

TEST(fallback_cost, a_success_looks_at_no_clock_and_asks_no_tier) {
    testing::virtual_time time;
    pipeline guarded{fallback{[]() -> int { throw std::logic_error{"asked"}; }}};
    EXPECT_EQ(*time.run(guarded, [] { return 7; }), 7);
    EXPECT_EQ(time.reads(), 0U);
}

/// Neither copied nor assigned once it is made.
struct fixed_stock {
    const int count;
};

TEST(fallback_result, stands_in_for_a_type_that_cannot_be_assigned) {
    pipeline guarded{fallback{tier("none", fixed_stock{0})}};
    testing::virtual_time time;
    const auto got = time.run(guarded, []() -> std::expected<fixed_stock, std::errc> {
        return std::unexpected{std::errc::connection_reset};
    });
    ASSERT_TRUE(got);
    EXPECT_EQ(got->count, 0);
    EXPECT_EQ(got.source(), name{"none"});
}

}  // namespace
}  // namespace cutwater
