#include "cutwater/core/options.hpp"

namespace cutwater {

namespace {

std::string all_messages(std::string_view kind, std::string_view name, const option_problems& problems) {
    std::string text;
    for (const option_problem& p : problems) {
        if (!text.empty()) text += '\n';
        text.append(kind).append(" ").append(in_quotes(name)).append(": ").append(p.message());
    }
    return text;
}

}  // namespace

std::string option_problem::message() const { return option + " is " + value + ", allowed is " + allowed; }

invalid_options::invalid_options(std::string_view kind, std::string_view name, option_problems problems)
    : std::invalid_argument{all_messages(kind, name, problems)}, problems_{std::move(problems)} {}

}  // namespace cutwater
