// `cutwater slo` as a program among others: promtool proves its rules.
#include "apps/cutwater/console/program_live_test.hpp"

#include <gmock/gmock.h>

namespace cutwater::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::ran;
using testing::run;
using testing::run_in_shell;

TEST(slo_program, promtool_finds_nothing_wrong_with_rules_and_each_alert_fires_and_clears) {
    const ran done = run_in_shell(
        "o='--objective orders:place_order:99.9%:250ms'; $program slo rules $o > rules.yml && $program slo rules $o "
        "--tests > tests.yml && "
        "promtool check rules rules.yml && promtool test rules tests.yml");
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
    EXPECT_THAT(done.out, HasSubstr("14 rules found"));
}

TEST(slo_program, a_low_target_of_every_operation_alerts_as_well) {
    const ran done = run_in_shell(
        "o='--objective all:*:90% --days 28 --min-calls 100'; $program slo rules $o > rules.yml && $program slo rules "
        "$o --tests > tests.yml && "
        "promtool check rules rules.yml && promtool test rules tests.yml");
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
}

/// Its rules, and their tests, by promtool.
ran proved(const std::string& options) {
    return run_in_shell("o='" + options +
                        "'; $program slo rules $o > rules.yml && $program slo rules $o --tests > tests.yml && "
                        "promtool check rules rules.yml && promtool test rules tests.yml");
}

TEST(slo_program, objectives_that_see_the_same_calls_have_tests_of_their_own) {
    const ran done =
        proved("--objective orders:place_order:99.9% --objective fast:place_order:99%:250ms --objective all:*:99%");
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
}

TEST(slo_program, alerts_that_ask_for_many_calls_are_tested_with_as_many) {
    const ran done = proved("--objective orders:place_order:99.9%:250ms --min-calls 1000000000");
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
}

TEST(slo_program, degraded_results_that_are_bad_are_asked_for) {
    const ran done = proved("--objective stock:get_stock,list_stock:99% --degraded-is-bad");
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
    const ran unasked = run_in_shell(
        "o='--objective stock:get_stock:99%'; $program slo rules $o > rules.yml && "
        "$program slo rules $o --degraded-is-bad --tests > tests.yml && promtool test rules tests.yml");
    EXPECT_NE(unasked.exit, 0);
    EXPECT_THAT(unasked.out + unasked.err, HasSubstr("ALERTS{")) << "the tests have no degraded result";
}

TEST(slo_program, calls_that_are_ignored_are_bad_or_neither_and_the_tests_tell_which) {
    const ran neither = proved("--objective orders:place_order:99.9%:250ms --ignored-is-neither");
    EXPECT_EQ(neither.exit, 0) << neither.out << neither.err;
    const auto proved_for_others = [](const std::string& rules, const std::string& tests) {
        return run_in_shell("o='--objective orders:place_order:99%:250ms'; $program slo rules $o " + rules +
                            " > rules.yml && $program slo rules $o " + tests +
                            " --tests > tests.yml && promtool test rules tests.yml");
    };
    for (const ran& done :
         {proved_for_others("--ignored-is-neither", ""), proved_for_others("", "--ignored-is-neither")}) {
        EXPECT_NE(done.exit, 0);
        EXPECT_THAT(done.out + done.err, HasSubstr("ALERTS{"));
    }
}

TEST(slo_program, a_test_fails_where_the_recorded_budget_is_another) {
    const ran done = run_in_shell(
        "o='--objective orders:place_order:99.9%'; $program slo rules $o | sed 's:/ 0.001$:/ 0.002:' > rules.yml && "
        "grep -q '/ 0.002$' rules.yml && $program slo rules $o --tests > tests.yml && promtool test rules tests.yml");
    EXPECT_NE(done.exit, 0) << "the tests prove nothing of the budget";
    EXPECT_THAT(done.out + done.err, HasSubstr("remaining_ratio"));
}

TEST(slo_program, a_test_fails_where_an_alert_does_not_fire) {
    const ran done = run_in_shell(
        "o='--objective orders:place_order:99.9%'; $program slo rules $o | sed 's/> 0.0144/> 0.9/g' > rules.yml && "
        "$program slo rules $o --tests > tests.yml && promtool test rules tests.yml");
    EXPECT_NE(done.exit, 0) << "the tests prove nothing";
}

TEST(slo_program, what_cannot_be_asked_is_refused) {
    EXPECT_EQ(run({"slo", "rules"}).exit, 2);
    EXPECT_EQ(run({"slo"}).exit, 2);
    const ran bound = run({"slo", "rules", "--objective", "orders:place_order:99.9%:300ms"});
    EXPECT_EQ(bound.exit, 2);
    EXPECT_THAT(bound.err, HasSubstr("has no bound at 0.3s"));
    EXPECT_EQ(run({"slo", "rules", "--objective", "orders:place_order:99.9%:300ms", "--buckets", "0.1,0.3,1"}).exit, 0);
    const ran twice = run({"slo", "rules", "--objective", "orders:place_order:99.9%:250ms", "--degraded-is-bad"});
    EXPECT_EQ(twice.exit, 2);
    EXPECT_THAT(twice.err, HasSubstr("an objective of its own"));
    const ran short_one = run({"slo", "rules", "--objective", "orders:place_order"});
    EXPECT_THAT(short_one.err,
                AllOf(HasSubstr("orders:place_order:99.9%:250ms"), HasSubstr("try `cutwater slo rules --help`")));
}

TEST(slo_program, what_nobody_could_read_or_meant_is_refused_in_words) {
    const auto refused = [](const std::vector<std::string>& more) {
        std::vector<std::string> words{"slo", "rules", "--objective", "orders:place_order:99.9%"};
        words.insert(words.end(), more.begin(), more.end());
        const ran done = run(words);
        EXPECT_EQ(done.exit, 2) << more.back();
        EXPECT_EQ(done.out, "") << more.back();
        return done.err;
    };
    EXPECT_THAT(refused({"--objective", "a:caf\xE9:99%"}), HasSubstr("no UTF-8"));
    EXPECT_THAT(refused({"--tests", "--rules-file", "caf\xE9"}), HasSubstr("no UTF-8"));
    EXPECT_THAT(refused({"--rules-file", "of.yml"}), HasSubstr("--rules-file requires --tests"));
    EXPECT_THAT(refused({"--min-calls=-1"}), HasSubstr("\"-1\" is no whole number"));
    EXPECT_THAT(refused({"--days", "91"}), HasSubstr("91 is not from 1 to 90"));
    EXPECT_THAT(refused({"--buckets", "0.1,0.05"}), HasSubstr("each above the one before"));
    const std::string twice = refused({"--objective", "orders:get:99%"});
    EXPECT_EQ(twice.find("two objectives are called orders"), twice.rfind("two objectives are called orders"));
}

}  // namespace
}  // namespace cutwater::app
