#include "cutwater/core/classify.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace cutwater {
namespace {

using namespace std::chrono_literals;

struct lost_connection : std::runtime_error {
    lost_connection() : std::runtime_error{"lost"} {}
};
struct lost_replica : lost_connection {
    int replica = 0;
    explicit lost_replica(int r) : replica{r} {}
};
enum class db_error : std::uint8_t { deadlock, constraint };
struct response {
    int status = 200;
};

template <class T = int, class Thrown>
outcome<T> thrown(Thrown t) {
    return outcome<T>{error::from_exception(std::make_exception_ptr(std::move(t)))};
}
template <class T = int>
outcome<T> failed(std::error_code code) {
    return outcome<T>{error{code}};
}
template <class T = int, class E>
outcome<T> returned_error(E e) {
    return outcome<T>{error::from_original(errc::failed, std::move(e))};
}

template <class Rules, class T>
verdict judged(const Rules& rules, const outcome<T>& out) {
    return rules(out).meaning;
}

// ---- the default ----

TEST(classify, by_default_nothing_is_transient_but_network_errors_and_timeouts) {
    const classify<> rules;
    EXPECT_EQ(judged(rules, outcome<int>{std::in_place, 7}), verdict::success);
    EXPECT_EQ(judged(rules, failed(std::make_error_code(std::errc::connection_reset))), verdict::transient);
    EXPECT_EQ(judged(rules, failed(std::make_error_code(std::errc::timed_out))), verdict::transient);
    EXPECT_EQ(judged(rules, failed(errc::timed_out)), verdict::transient);
    EXPECT_EQ(judged(rules, failed(errc::deadline_exceeded)), verdict::transient);
    EXPECT_EQ(judged(rules, thrown(std::system_error{std::make_error_code(std::errc::broken_pipe)})),
              verdict::transient);
    EXPECT_EQ(judged(rules, thrown(std::runtime_error{"x"})), verdict::permanent);
    EXPECT_EQ(judged(rules, thrown(42)), verdict::permanent);
    EXPECT_EQ(judged(rules, failed(errc::failed)), verdict::permanent);
    EXPECT_EQ(judged(rules, failed(std::make_error_code(std::errc::permission_denied))), verdict::permanent);
    EXPECT_EQ(judged(rules, returned_error(db_error::deadlock)), verdict::permanent);
}

TEST(classify, by_default_what_our_policies_say_is_not_about_the_dependency) {
    const classify<> rules;
    for (const errc refusal : {errc::refused, errc::circuit_open, errc::bulkhead_full, errc::wait_timed_out})
        EXPECT_EQ(judged(rules, failed(refusal)), verdict::rejected);
    EXPECT_EQ(judged(rules, failed(errc::cancelled)), verdict::cancelled);
    EXPECT_EQ(judged(rules, failed(errc::withdrawn)), verdict::cancelled);
    EXPECT_EQ(judged(rules, failed(errc::expired)), verdict::rejected);
    EXPECT_EQ(judged(rules, failed(errc::callback_failed)), verdict::ignored);
}

TEST(classify, by_default_a_bug_of_the_callers_is_ignored) {
    const classify<> rules;
    EXPECT_EQ(judged(rules, thrown(std::logic_error{"x"})), verdict::ignored);
    EXPECT_EQ(judged(rules, thrown(std::out_of_range{"x"})), verdict::ignored);
    EXPECT_EQ(judged(rules,
                     outcome<int>{error{errc::failed}.with_cause(std::make_exception_ptr(std::invalid_argument{"x"}))}),
              verdict::ignored);
}

// ---- matchers ----

TEST(classify, exceptions_match_by_type_derived_ones_included) {
    const classify rules{transient(exception<lost_connection>())};
    EXPECT_EQ(judged(rules, thrown(lost_connection{})), verdict::transient);
    EXPECT_EQ(judged(rules, thrown(lost_replica{1})), verdict::transient);
    EXPECT_EQ(judged(rules, thrown(std::runtime_error{"x"})), verdict::permanent);
    EXPECT_EQ(judged(rules, thrown(42)), verdict::permanent);
    EXPECT_EQ(judged(rules, failed(errc::failed)), verdict::permanent) << "there is no exception to look at";
    EXPECT_EQ(judged(rules, outcome<int>{std::in_place, 7}), verdict::success);
}

TEST(classify, exceptions_match_by_what_they_say) {
    const classify rules{transient(exception<lost_replica>([](const lost_replica& e) { return e.replica == 2; }))};
    EXPECT_EQ(judged(rules, thrown(lost_replica{2})), verdict::transient);
    EXPECT_EQ(judged(rules, thrown(lost_replica{1})), verdict::permanent);
}

TEST(classify, codes_match_as_code_condition_or_enumerator) {
    const auto busy = std::make_error_code(std::errc::resource_unavailable_try_again);
    EXPECT_EQ(judged(classify{transient(code(busy))}, failed(busy)), verdict::transient);
    EXPECT_EQ(judged(classify{transient(code(std::errc::resource_unavailable_try_again))}, failed(busy)),
              verdict::transient);
    EXPECT_EQ(judged(classify{transient(code(busy.default_error_condition()))}, failed(busy)), verdict::transient);
    EXPECT_EQ(judged(classify{permanent(code(condition::network))},
                     failed(std::make_error_code(std::errc::connection_reset))),
              verdict::permanent);
    EXPECT_EQ(judged(classify{transient(code(errc::circuit_open))}, failed(errc::circuit_open)), verdict::transient);
    EXPECT_EQ(judged(classify{transient(code(busy))}, failed(errc::failed)), verdict::permanent);
    EXPECT_EQ(judged(classify{transient(code(busy))}, outcome<int>{std::in_place, 7}), verdict::success);
}

TEST(classify, returned_errors_match_by_type_and_by_what_they_say) {
    const classify rules{transient(returned<db_error>([](db_error e) { return e == db_error::deadlock; })),
                         ignored(returned<std::string>())};
    EXPECT_EQ(judged(rules, returned_error(db_error::deadlock)), verdict::transient);
    EXPECT_EQ(judged(rules, returned_error(db_error::constraint)), verdict::permanent);
    EXPECT_EQ(judged(rules, returned_error(std::string{"x"})), verdict::ignored);
    EXPECT_EQ(judged(rules, thrown(std::string{"x"})), verdict::permanent) << "thrown is not returned";
}

TEST(classify, values_match_by_predicate_and_only_values_of_its_type) {
    const classify rules{transient(value([](const response& r) { return r.status == 503; }))};
    EXPECT_EQ(judged(rules, outcome<response>{std::in_place, 503}), verdict::transient);
    EXPECT_EQ(judged(rules, outcome<response>{std::in_place, 200}), verdict::success);
    EXPECT_EQ(judged(rules, outcome<std::string>{std::in_place, "503"}), verdict::success);
    EXPECT_EQ(judged(rules, outcome<void>{std::in_place}), verdict::success);
    EXPECT_EQ(judged(rules, failed<response>(errc::failed)), verdict::permanent);
}

TEST(classify, values_that_can_only_be_moved_are_looked_at_where_they_lie) {
    const classify rules{transient(value([](const std::unique_ptr<int>& p) { return *p == 503; }))};
    EXPECT_EQ(judged(rules, outcome<std::unique_ptr<int>>{std::in_place, std::make_unique<int>(503)}),
              verdict::transient);
}

TEST(classify, one_rule_can_have_several_matchers) {
    const classify rules{transient(exception<lost_connection>() || code(std::errc::file_exists) ||
                                   returned<db_error>() || value([](int i) { return i < 0; }))};
    EXPECT_EQ(judged(rules, thrown(lost_connection{})), verdict::transient);
    EXPECT_EQ(judged(rules, failed(std::make_error_code(std::errc::file_exists))), verdict::transient);
    EXPECT_EQ(judged(rules, returned_error(db_error::constraint)), verdict::transient);
    EXPECT_EQ(judged(rules, outcome<int>{std::in_place, -1}), verdict::transient);
    EXPECT_EQ(judged(rules, outcome<int>{std::in_place, 1}), verdict::success);
    EXPECT_EQ(judged(rules, thrown(std::runtime_error{"x"})), verdict::permanent);
}

// ---- rules ----

TEST(classify, a_rule_says_what_effect_there_can_have_been) {
    const classify rules{
        transient(returned<db_error>([](db_error e) { return e == db_error::deadlock; }), effect::none),
        permanent(returned<db_error>(), effect::certain), as(verdict::ignored, returned<int>())};
    EXPECT_EQ(rules(returned_error(db_error::deadlock)),
              (judgement{.meaning = verdict::transient, .executed = effect::none}));
    EXPECT_EQ(rules(returned_error(db_error::constraint)),
              (judgement{.meaning = verdict::permanent, .executed = effect::certain}));
    EXPECT_EQ(rules(returned_error(7)), (judgement{.meaning = verdict::ignored}));
}

TEST(classify, a_judge_of_one_type_sees_values_returned_errors_and_exceptions_of_it) {
    const auto judge = [](const lost_replica& e) -> std::optional<judgement> {
        if (e.replica == 0) return {};
        return judgement{.meaning = verdict::transient, .executed = effect::none};
    };
    const classify rules{judging<lost_replica>(judge)};
    EXPECT_EQ(rules(outcome<lost_replica>{std::in_place, 1}).executed, effect::none);
    EXPECT_EQ(rules(returned_error(lost_replica{1})).executed, effect::none);
    EXPECT_EQ(rules(thrown(lost_replica{1})).executed, effect::none);
    EXPECT_EQ(rules(thrown(lost_replica{0})).meaning, verdict::permanent) << "the judge has nothing to say";
    EXPECT_EQ(rules(thrown(lost_connection{})).meaning, verdict::permanent);
    EXPECT_EQ(rules(failed(errc::failed)).meaning, verdict::permanent);
    EXPECT_EQ(rules(outcome<int>{std::in_place, 7}), judgement{});
    EXPECT_EQ(classify{judging<db_error>([](db_error) { return judgement{.meaning = verdict::ignored}; })}(
                  returned_error(db_error::deadlock))
                  .meaning,
              verdict::ignored);
}

TEST(classify, the_first_rule_that_matches_decides) {
    const classify rules{ignored(exception<lost_replica>()), transient(exception<lost_connection>()),
                         permanent(exception<lost_connection>())};
    EXPECT_EQ(judged(rules, thrown(lost_replica{1})), verdict::ignored);
    EXPECT_EQ(judged(rules, thrown(lost_connection{})), verdict::transient);
}

TEST(classify, a_rule_after_the_one_that_matched_is_not_asked) {
    int asked = 0;
    const classify rules{permanent(value([](int) { return true; })),
                         transient(value([&](int) { return ++asked > 0; }))};
    (void)rules(outcome<int>{std::in_place, 7});
    EXPECT_EQ(asked, 0);
}

TEST(classify, an_error_can_be_a_success) {
    const classify rules{succeeded(code(std::errc::file_exists))};
    EXPECT_EQ(judged(rules, failed(std::make_error_code(std::errc::file_exists))), verdict::success);
}

TEST(classify, a_rule_of_ones_own_gives_a_judgement_or_says_that_it_is_not_its_own) {
    const auto overloaded = [](const outcome<response>& out) -> std::optional<judgement> {
        if (!out.has_value() || out.result()->status != 503) return {};
        return judgement{.meaning = verdict::transient, .retry_after = 7s};
    };
    const classify rules{overloaded, permanent(value([](const response& r) { return r.status >= 500; }))};
    const outcome<response> busy{std::in_place, 503};
    EXPECT_EQ(rules(busy), (judgement{.meaning = verdict::transient, .retry_after = 7s}));
    EXPECT_EQ(rules(outcome<response>{std::in_place, 500}), (judgement{.meaning = verdict::permanent}));
    EXPECT_EQ(rules(outcome<response>{std::in_place, 200}), (judgement{}));
}

TEST(classify, a_rule_of_ones_own_can_be_for_any_type) {
    const classify rules{[]<class T>(const outcome<T>& out) -> std::optional<judgement> {
        if (out.has_value()) return {};
        return judgement{.meaning = verdict::ignored};
    }};
    EXPECT_EQ(judged(rules, failed<int>(errc::failed)), verdict::ignored);
    EXPECT_EQ(judged(rules, failed<std::string>(errc::failed)), verdict::ignored);
    EXPECT_EQ(judged(rules, outcome<void>{std::in_place}), verdict::success);
}

TEST(classify, what_a_matcher_throws_is_for_the_pipeline_to_handle) {
    const classify rules{transient(value([](int) -> bool { throw std::runtime_error{"matcher"}; }))};
    EXPECT_THROW((void)rules(outcome<int>{std::in_place, 7}), std::runtime_error);
    EXPECT_EQ(judged(rules, failed(errc::failed)), verdict::permanent) << "it is not asked about errors";
}

TEST(classify, looking_for_an_exception_leaves_the_outcome_as_it_was) {
    const auto out = thrown(lost_connection{});
    const auto cause = out.failure().cause();
    (void)classify{transient(exception<lost_replica>() || exception<lost_connection>())}(out);
    EXPECT_EQ(out.failure().cause(), cause);
}

TEST(classify, what_is_no_class_can_be_matched_as_well) {
    const auto thrown = [](auto what) { return outcome<int>{error::from_exception(std::make_exception_ptr(what))}; };
    const classify rules{
        transient(exception<const char*>([](const char* text) { return std::string{text} == "deadlock"; })),
        transient(exception<int>([](int code) { return code == 7; }))};
    EXPECT_EQ(rules(thrown("deadlock")).meaning, verdict::transient);
    EXPECT_EQ(rules(thrown("gone")).meaning, verdict::permanent);
    EXPECT_EQ(rules(thrown(7)).meaning, verdict::transient);
    EXPECT_EQ(rules(thrown(8)).meaning, verdict::permanent);
}

}  // namespace
}  // namespace cutwater
