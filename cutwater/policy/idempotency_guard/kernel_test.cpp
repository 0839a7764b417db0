#include "cutwater/policy/idempotency_guard/kernel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cutwater/core/known_category.hpp"
#include "cutwater/policy/idempotency_guard/kept_outcome.hpp"

namespace cutwater {
namespace {

using state = idempotency_record::state;

const idempotency_record used{.is = state::in_use, .holder = 7, .lease = 10s, .fingerprint = "pay 5"};
const idempotency_record done{.is = state::done, .holder = 7, .fingerprint = "pay 5", .outcome = "paid"};

/// What is said of `there`, `age` old, to a call of `holder`.
struct asked {
    std::string name;
    std::optional<idempotency_record> there;
    duration age{};
    std::uint64_t holder = 1;
    std::string fingerprint = "pay 5";
    takeover then = takeover::none;
    key_verdict said{};
};

class idempotency_keys : public ::testing::TestWithParam<asked> {};

TEST_P(idempotency_keys, are_judged) {
    const asked& row = GetParam();
    const idempotency_options options{.takeover = row.then};
    EXPECT_EQ(idempotency_kernel{options}.judge(row.there, row.age, row.holder, row.fingerprint), row.said);
}

INSTANTIATE_TEST_SUITE_P(
    script, idempotency_keys,
    ::testing::ValuesIn(std::vector<asked>{
        {.name = "what_is_done_is_replayed", .there = done, .said = key_verdict::replay},
        {.name = "also_to_who_did_it", .there = done, .holder = 7, .said = key_verdict::replay},
        {.name = "however_old", .there = done, .age = 24h, .said = key_verdict::replay},
        {.name = "T94_what_is_under_way_is_in_use", .there = used, .age = 3s, .said = key_verdict::in_use},
        {.name = "until_its_lease_is_over", .there = used, .age = 10s - 1ns, .said = key_verdict::in_use},
        {.name = "then_it_is_in_doubt", .there = used, .age = 10s, .said = key_verdict::in_doubt},
        {.name = "unless_it_is_safe_to_be_executed_again",
         .there = used,
         .age = 10s,
         .then = takeover::safe,
         .said = key_verdict::take_over},
        {.name = "which_hurries_nobody", .there = used, .age = 9s, .then = takeover::safe, .said = key_verdict::in_use},
        {.name = "our_own_is_ours", .there = used, .age = 3s, .holder = 7, .said = key_verdict::ours},
        {.name = "T94_another_request_is_refused", .there = done, .fingerprint = "pay 6", .said = key_verdict::reused},
        {.name = "also_while_the_first_is_under_way",
         .there = used,
         .fingerprint = "pay 6",
         .said = key_verdict::reused},
        {.name = "and_when_its_lease_is_over",
         .there = used,
         .age = 11s,
         .fingerprint = "pay 6",
         .then = takeover::safe,
         .said = key_verdict::reused},
        {.name = "who_says_nothing_is_told_from_nobody", .there = done, .fingerprint = "", .said = key_verdict::replay},
        {.name = "what_is_no_record_is_not_touched",
         .there = std::nullopt,
         .then = takeover::safe,
         .said = key_verdict::unreadable},
    }),
    [](const auto& row) { return row.param.name; });

observation seen(verdict meaning, effect executed = effect::unstated) {
    return {.judged = {.meaning = meaning, .executed = executed}};
}

TEST(idempotency_kernel, keeps_what_will_not_be_otherwise) {
    const idempotency_options options;
    const idempotency_kernel kernel{options};
    EXPECT_EQ(kernel.after(seen(verdict::success), true), afterwards::keep);
    EXPECT_EQ(kernel.after(seen(verdict::permanent), true), afterwards::keep);
}

TEST(idempotency_kernel, keeps_a_failure_that_says_what_it_came_to) {
    const idempotency_options options;
    const idempotency_kernel kernel{options};
    const auto after = [&](const error& failure, effect executed = effect::unstated) {
        const observation failed{.judged = {.meaning = verdict::permanent, .executed = executed}, .failure = &failure};
        return kernel.after(failed, true);
    };
    const error returned{errc::failed};
    EXPECT_EQ(after(returned), afterwards::keep);
    EXPECT_EQ(after(returned, effect::none), afterwards::keep);
    EXPECT_EQ(after(returned, effect::certain), afterwards::keep);
    EXPECT_EQ(after(returned, effect::unknown), afterwards::hold) << "a rule says that it may have had an effect";

    const error thrown = error::from_exception(std::make_exception_ptr(std::runtime_error{"boom"}));
    EXPECT_EQ(after(thrown), afterwards::hold) << "it may have come from after the effect";
    EXPECT_EQ(after(thrown, effect::unknown), afterwards::hold);
    EXPECT_EQ(after(thrown, effect::none), afterwards::keep);
    EXPECT_EQ(after(thrown, effect::certain), afterwards::keep);

    error second{errc::failed};
    second.with_history({{.number = 1, .code = std::make_error_code(std::errc::connection_reset)}, {.number = 2}});
    EXPECT_EQ(after(second), afterwards::hold) << "the first attempt may have had an effect";
    EXPECT_EQ(after(second, effect::none), afterwards::hold);
    second.with_history({{.number = 1, .code = std::make_error_code(std::errc::connection_refused)}, {.number = 2}});
    EXPECT_EQ(after(second), afterwards::keep);
}

TEST(idempotency_kernel, an_exception_is_kept_or_released_where_the_options_say_so) {
    const error thrown = error::from_exception(std::make_exception_ptr(std::runtime_error{"boom"}));
    const observation failed{.judged = {.meaning = verdict::permanent}, .failure = &thrown};
    const idempotency_options kept{.unknown_means = afterwards::keep};
    EXPECT_EQ(idempotency_kernel{kept}.after(failed, true), afterwards::keep);
    const idempotency_options released{.unknown_means = afterwards::release};
    EXPECT_EQ(idempotency_kernel{released}.after(failed, true), afterwards::release);
}

TEST(idempotency_kernel, releases_what_cannot_have_had_an_effect) {
    const idempotency_options options;
    const idempotency_kernel kernel{options};
    EXPECT_EQ(kernel.after(seen(verdict::transient, effect::none), true), afterwards::release);
    EXPECT_EQ(kernel.after(seen(verdict::success), false), afterwards::release) << "nothing was sent";
    EXPECT_EQ(kernel.after(seen(verdict::rejected), false), afterwards::release);
    EXPECT_EQ(kernel.after(seen(verdict::cancelled), false), afterwards::release);
}

TEST(idempotency_kernel, holds_what_may_have_had_one) {
    const idempotency_options options;
    const idempotency_kernel kernel{options};
    for (const verdict meaning : {verdict::transient, verdict::cancelled, verdict::ignored, verdict::abandoned})
        EXPECT_EQ(kernel.after(seen(meaning, effect::unknown), true), afterwards::hold);
    EXPECT_EQ(kernel.after(seen(verdict::transient, effect::certain), true), afterwards::hold);
}

TEST(idempotency_kernel, the_options_say_what_becomes_of_it) {
    const idempotency_options safe{.unknown_means = afterwards::release};
    EXPECT_EQ(idempotency_kernel{safe}.after(seen(verdict::transient, effect::unknown), true), afterwards::release);
    const idempotency_options own{.should_keep = [](const observation&) { return afterwards::keep; }};
    EXPECT_EQ(idempotency_kernel{own}.after(seen(verdict::transient, effect::unknown), true), afterwards::keep);
    EXPECT_EQ(idempotency_kernel{own}.after(seen(verdict::transient, effect::unknown), false), afterwards::release)
        << "there is nothing to keep";
}

RC_GTEST_PROP(idempotency_record, is_read_as_it_was_written, (std::uint64_t holder, std::int64_t lease, bool is_done)) {
    const idempotency_record one{.is = is_done ? state::done : state::in_use,
                                 .holder = holder,
                                 .lease = duration{lease},
                                 .fingerprint = *rc::gen::arbitrary<std::string>(),
                                 .outcome = *rc::gen::arbitrary<std::string>()};
    RC_ASSERT(idempotency_record::decoded(one.encoded()) == one);
}

RC_GTEST_PROP(idempotency_record, that_was_cut_is_none, (std::uint64_t holder)) {
    const std::string whole = idempotency_record{.holder = holder, .fingerprint = "abc", .outcome = "x"}.encoded();
    const auto kept = *rc::gen::inRange<std::size_t>(0, whole.size());
    RC_ASSERT(!idempotency_record::decoded(whole.substr(0, kept)));
    RC_ASSERT(!idempotency_record::decoded(whole + "x"));
}

RC_GTEST_PROP(idempotency_record, of_any_bytes_is_none_and_harms_nobody, (const std::string& bytes)) {
    (void)idempotency_record::decoded(bytes);
    RC_ASSERT(!idempotency_record::decoded("cwi1d" + bytes.substr(0, 31)));
}

RC_GTEST_PROP(idempotency_cell, differs_where_anything_does, ()) {
    const auto part = rc::gen::container<std::string>(rc::gen::elementOf(std::string{"a1:/"}));
    const std::string t1 = *part, o1 = *part, k1 = *part, t2 = *part, o2 = *part, k2 = *part;
    RC_ASSERT((idempotency_cell(t1, o1, k1) == idempotency_cell(t2, o2, k2)) == (t1 == t2 && o1 == o2 && k1 == k2));
}

// ---- outcomes as bytes ----

template <class T>
outcome_slot<T> there_and_back(const outcome<T>& out) {
    outcome_slot<T> again;
    using codec = cell_codec<std::conditional_t<std::is_void_v<T>, no_value, T>>;
    EXPECT_TRUE(detail::recall_outcome<codec>(detail::keep_outcome<codec>(out), again));
    return again;
}

TEST(kept_outcome, of_a_value_is_the_value) {
    EXPECT_EQ(*there_and_back(outcome<int>{std::in_place, -7})->result(), -7);
    EXPECT_EQ(*there_and_back(outcome<std::string>{std::in_place, std::string{"a\0b", 3}})->result(),
              (std::string{"a\0b", 3}));
    EXPECT_EQ(*there_and_back(outcome<double>{std::in_place, 0.1})->result(), 0.1);
    EXPECT_EQ(*there_and_back(outcome<bool>{std::in_place, true})->result(), true);
    EXPECT_TRUE(there_and_back(outcome<void>{std::in_place})->has_value());
}

TEST(kept_outcome, of_a_failure_says_the_same) {
    const auto again = there_and_back(
        outcome<int>{error{std::make_error_code(std::errc::no_such_file_or_directory)}.with_text("no such account"),
                     verdict::permanent});
    ASSERT_FALSE(again->has_value());
    EXPECT_EQ(again->failure().code(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(again->failure().words(), "no such account");
    EXPECT_EQ(again->meaning(), verdict::permanent);
}

/// Of a category that is the user's own: 7 is a timeout.
class bank_texts final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "bank"; }
    [[nodiscard]] std::string message(int) const override { return "declined"; }
    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
        return value == 7 ? std::make_error_condition(std::errc::timed_out) : std::error_condition{value, *this};
    }
};

TEST(kept_outcome, of_a_failure_with_a_code_that_nobody_knows_says_what_that_equals) {
    const bank_texts bank;
    const auto late = there_and_back(outcome<int>{error{std::error_code{7, bank}}, verdict::permanent});
    EXPECT_EQ(late->failure().code(), condition::timeout);
    EXPECT_EQ(late->failure().words(), "declined");
    const auto declined = there_and_back(outcome<int>{error{std::error_code{8, bank}}, verdict::permanent});
    EXPECT_EQ(declined->failure().code(), errc::failed);
    EXPECT_EQ(declined->failure().words(), "declined");
}

TEST(kept_outcome, of_a_failure_with_a_known_code_has_that_and_where_it_is_not_known_the_words) {
    const bank_texts bank;
    const outcome<int> declined{error{std::error_code{8, bank}}, verdict::permanent};
    std::string bytes;
    {
        const known_category known{bank};
        bytes = detail::keep_outcome<cell_codec<int>>(declined);
        EXPECT_EQ(there_and_back(declined)->failure().code(), (std::error_code{8, bank}));
    }
    outcome_slot<int> elsewhere;
    EXPECT_TRUE(detail::recall_outcome<cell_codec<int>>(bytes, elsewhere));
    EXPECT_EQ(elsewhere->failure().code(), errc::failed);
    EXPECT_EQ(elsewhere->failure().words(), "declined");
}

TEST(kept_outcome, that_is_none_is_refused) {
    outcome_slot<int> out;
    for (const char* bytes : {"", "x", "v", "v1x", "f", "f permanent", "fpermanent 2", "fpermanent x generic a",
                              "fpermanent 2", "fnonsense 2 generic a"})
        EXPECT_FALSE(detail::recall_outcome<cell_codec<int>>(bytes, out)) << bytes;
    EXPECT_FALSE(out);
}

}  // namespace
}  // namespace cutwater
