#include "cutwater/policy/idempotency_guard/kept_outcome.hpp"

#include <array>
#include <system_error>

#include "cutwater/core/known_category.hpp"

namespace cutwater::detail {

namespace {

/// `transient 2 generic no such file`: no word but the last has a space.
constexpr std::array meanings{verdict::success,   verdict::transient, verdict::permanent, verdict::rejected,
                              verdict::cancelled, verdict::ignored,   verdict::abandoned};

std::string_view take_word(std::string_view& from) {
    const std::size_t end = from.find(' ');
    const std::string_view word = from.substr(0, end);
    from.remove_prefix(end == std::string_view::npos ? from.size() : end + 1);
    return word;
}

}  // namespace

std::string words_of_thrown(std::string_view who) {
    return std::string{who} + " has thrown: " + error::from_exception(std::current_exception()).words();
}

std::string keep_failure(const error& failure, verdict meaning) {
    const std::error_code code = code_to_keep(failure.code());
    return std::string{to_text(meaning)} + ' ' + cell_codec<int>::encode(code.value()) + ' ' + code.category().name() +
           ' ' + failure.words();
}

std::optional<recalled_failure> recall_failure(std::string_view bytes) {
    const std::string_view meaning = take_word(bytes);
    const std::optional<int> value = cell_codec<int>::decode(take_word(bytes));
    const std::string_view category = take_word(bytes);
    if (!value || category.empty()) return std::nullopt;
    for (const verdict each : meanings)
        if (to_text(each) == meaning)
            return recalled_failure{error{kept_code(*value, category)}.with_text(std::string{bytes}), each};
    return std::nullopt;
}

}  // namespace cutwater::detail
