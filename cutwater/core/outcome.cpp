#include "cutwater/core/outcome.hpp"

namespace cutwater {

std::string words_of(const judgement& j) {
    std::string words = "the result was judged ";
    words.append(to_text(j.meaning));
    return j.reason.empty() ? words : words.append(": ").append(j.reason.view());
}

}  // namespace cutwater
