#include "cutwater/core/known_category.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "cutwater/core/errc.hpp"

namespace cutwater {
namespace {

/// Whose 1 is a timeout, 2 a broken connection, 3 one that was not made, 4 that a right is missing, 5 neither of these, 6 a timeout of the
/// network's.
class bank_texts final : public std::error_category {
public:
    explicit bank_texts(const char* name = "bank") : name_{name} {}
    [[nodiscard]] const char* name() const noexcept override { return name_; }
    [[nodiscard]] std::string message(int value) const override { return "bank " + std::to_string(value); }
    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
        if (value == 1) return std::errc::timed_out;
        if (value == 4) return std::errc::permission_denied;
        return {value, *this};
    }
    [[nodiscard]] bool equivalent(int value, const std::error_condition& asked) const noexcept override {
        if (asked == make_error_condition(condition::network)) return value == 2 || value == 3 || value == 6;
        if (asked == make_error_condition(condition::never_sent)) return value == 3;
        if (asked == make_error_condition(condition::timeout)) return value == 1 || value == 6;
        return std::error_category::equivalent(value, asked);
    }

private:
    const char* name_;
};

std::error_code there_and_back(const std::error_code& code) {
    const std::error_code kept = detail::code_to_keep(code);
    return detail::kept_code(kept.value(), kept.category().name());
}

TEST(known_category, ours_the_generic_and_the_systems_come_back_as_they_were) {
    for (const std::error_code& code : {make_error_code(errc::in_doubt), std::make_error_code(std::errc::bad_message),
                                        std::error_code{104, std::system_category()}}) {
        EXPECT_EQ(there_and_back(code), code);
    }
}

TEST(known_category, one_of_the_users_own_does_while_it_is_known) {
    const bank_texts bank;
    const std::error_code code{5, bank};
    std::optional<known_category> known{bank};
    EXPECT_EQ(there_and_back(code), code);
    EXPECT_EQ(detail::kept_code(5, "bank"), code);
    known.reset();
    EXPECT_EQ(there_and_back(code), errc::failed);
    EXPECT_EQ(detail::kept_code(5, "bank"), errc::failed);
}

TEST(known_category, of_many_each_is_found_whatever_the_order_that_they_go_in) {
    const bank_texts one{"one"};
    const bank_texts two{"two"};
    const bank_texts three{"three"};
    const known_category first{one};
    std::optional<known_category> second{two};
    const known_category third{three};
    second.reset();
    EXPECT_EQ(detail::kept_code(1, "one"), (std::error_code{1, one}));
    EXPECT_EQ(detail::kept_code(1, "two"), errc::failed);
    EXPECT_EQ(detail::kept_code(1, "three"), (std::error_code{1, three}));
}

TEST(known_category, of_a_code_that_nobody_knows_the_condition_is_kept_that_it_equals) {
    const bank_texts bank;
    EXPECT_EQ(there_and_back({1, bank}), std::make_error_code(std::errc::timed_out));
    EXPECT_EQ(there_and_back({2, bank}), condition::network);
    EXPECT_NE(there_and_back({2, bank}), condition::never_sent);
    EXPECT_EQ(there_and_back({3, bank}), condition::network);
    EXPECT_EQ(there_and_back({3, bank}), condition::never_sent);
    EXPECT_EQ(there_and_back({4, bank}), std::make_error_code(std::errc::permission_denied));
    EXPECT_EQ(there_and_back({5, bank}), errc::failed);
    EXPECT_EQ(there_and_back({6, bank}), condition::timeout) << "the first of two";
}

TEST(known_category, one_with_anothers_name_is_not_taken_for_it) {
    const bank_texts generic{"generic"};
    const known_category known{generic};
    EXPECT_EQ(there_and_back({5, generic}), errc::failed);
    EXPECT_EQ(there_and_back({1, generic}), std::make_error_code(std::errc::timed_out));
}

TEST(known_category, a_name_is_one_word) {
    const bank_texts bank{"my bank"};
    const known_category known{bank};
    EXPECT_EQ(there_and_back({5, bank}), errc::failed);
}

}  // namespace
}  // namespace cutwater
