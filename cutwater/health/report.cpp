#include "cutwater/health/report.hpp"

namespace cutwater {

std::string in_words(const std::vector<std::string>& all) {
    std::string text;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i > 0) text += i + 1 == all.size() ? " and " : ", ";
        text += all[i];
    }
    return text;
}

}  // namespace cutwater
