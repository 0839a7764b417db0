#include "cutwater/core/outcome.hpp"

namespace cutwater {

effect observation::executed() const noexcept {
    const bool is_refusal = judged.meaning == verdict::rejected;
    const effect last = judged.executed == effect::unstated && is_refusal ? effect::none : judged.executed;
    if (failure != nullptr) return failure->executed(last);
    if (last != effect::unstated) return last;
    return judged.meaning == verdict::success ? effect::certain : effect::unknown;
}

std::string words_of(const judgement& j) {
    std::string words = "the result was judged ";
    words.append(to_text(j.meaning));
    return j.reason.empty() ? words : words.append(": ").append(j.reason.view());
}

}  // namespace cutwater
