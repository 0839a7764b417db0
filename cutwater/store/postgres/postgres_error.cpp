#include "cutwater/store/postgres/postgres_error.hpp"

#include <algorithm>
#include <array>

#include "cutwater/core/errc.hpp"
#include "cutwater/core/known_category.hpp"

namespace cutwater {

namespace {

constexpr std::size_t state_length = 5;
constexpr int base = 36;
constexpr int of_class = base * base * base;  // what a class's states have in common, in front of three more

/// -1 where it is none.
constexpr int number_of(std::string_view state) noexcept {
    if (state.size() != state_length) return -1;
    int number = 0;
    for (const char c : state) {
        if (c >= '0' && c <= '9')
            number = number * base + (c - '0');
        else if (c >= 'A' && c <= 'Z')
            number = number * base + 10 + (c - 'A');
        else
            return -1;
    }
    return number;
}

std::string state_of(int number) {
    std::string state(state_length, '0');
    for (auto at = state.rbegin(); at != state.rend(); ++at, number /= base) {
        const int digit = number % base;
        *at = static_cast<char>(digit < 10 ? '0' + digit : 'A' + digit - 10);
    }
    return state;
}

struct meaning {
    int state;
    std::errc generic;
};

constexpr std::array meanings{
    meaning{number_of("22P02"), std::errc::invalid_argument},
    meaning{number_of("25006"), std::errc::read_only_file_system},
    meaning{number_of("40001"), std::errc::resource_unavailable_try_again},
    meaning{number_of("40P01"), std::errc::resource_deadlock_would_occur},
    meaning{number_of("42501"), std::errc::permission_denied},
    meaning{number_of("53100"), std::errc::no_space_on_device},
    meaning{number_of("53200"), std::errc::not_enough_memory},
    meaning{number_of("53300"), std::errc::resource_unavailable_try_again},
    meaning{number_of("55P03"), std::errc::resource_unavailable_try_again},
    meaning{number_of("57014"), std::errc::timed_out},
    meaning{number_of("57P01"), std::errc::connection_reset},
    meaning{number_of("57P02"), std::errc::connection_reset},
    meaning{number_of("57P03"), std::errc::connection_refused},
    meaning{number_of("58030"), std::errc::io_error},
};

constexpr std::array not_begun{number_of("08001"), number_of("08004"), number_of("25000"), number_of("25P01"),
                               number_of("25P02"), number_of("53300"), number_of("57P03")};

bool is_not_begun(int value) noexcept {
    constexpr int not_let_in = number_of("28000") / of_class;
    constexpr int no_such_database = number_of("3D000") / of_class;
    const int kind = value / of_class;
    return kind == not_let_in || kind == no_such_database || std::ranges::find(not_begun, value) != not_begun.end();
}

class sqlstate_texts final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "sqlstate"; }
    [[nodiscard]] std::string message(int value) const override { return "SQLSTATE " + state_of(value); }

    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
        if (value / of_class == number_of("28000") / of_class) return std::errc::permission_denied;
        const auto* const row = std::ranges::find(meanings, value, &meaning::state);
        return row == meanings.end() ? std::error_condition{value, *this} : std::make_error_condition(row->generic);
    }

    [[nodiscard]] bool equivalent(int value, const std::error_condition& to) const noexcept override {
        if (to == make_error_condition(condition::never_sent)) return is_not_begun(value);
        return default_error_condition(value) == to;
    }
};

}  // namespace

const std::error_category& sqlstate_category() noexcept {
    static const sqlstate_texts category;
    return category;
}

namespace {

/// So that what was kept of a failure is it again.
const known_category sqlstates{sqlstate_category()};

}  // namespace

std::error_code make_sqlstate_code(std::string_view state) noexcept {
    const int number = number_of(state);
    return number <= 0 ? std::error_code{} : std::error_code{number, sqlstate_category()};
}

std::string sqlstate_of(const std::error_code& code) {
    return code.category() == sqlstate_category() ? state_of(code.value()) : std::string{};
}

}  // namespace cutwater
