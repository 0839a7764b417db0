// An outcome as bytes: a value by its codec, a failure by what can be said of it again.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "cutwater/core/outcome.hpp"
#include "cutwater/store/codec.hpp"

namespace cutwater::detail {

/// `the codec has thrown: out of range`: of the exception that is being handled.
[[nodiscard]] std::string words_of_thrown(std::string_view who);

/// Code, text and verdict. Codes of a known category come back as they were; others as one that is a timeout, the network's or a refusal where
/// they are, with their words (known_category.hpp).
[[nodiscard]] std::string keep_failure(const error& failure, verdict meaning);
struct recalled_failure {
    error failure;
    verdict meaning;
};
[[nodiscard]] std::optional<recalled_failure> recall_failure(std::string_view bytes);

template <class Codec, class T>
[[nodiscard]] std::string keep_outcome(const outcome<T>& out) {
    if (!out.has_value()) return "f" + keep_failure(out.failure(), out.meaning());
    if constexpr (std::is_void_v<T>)
        return "v" + Codec::encode({});
    else
        return "v" + Codec::encode(*out.result());
}

/// Whether `bytes` are one.
template <class Codec, class T>
[[nodiscard]] bool recall_outcome(std::string_view bytes, outcome_slot<T>& out) {
    if (bytes.starts_with('f')) {
        auto failed = recall_failure(bytes.substr(1));
        if (failed) out.emplace(std::move(failed->failure), failed->meaning);
        return failed.has_value();
    }
    if (!bytes.starts_with('v')) return false;
    auto value = Codec::decode(bytes.substr(1));
    if (!value) return false;
    if constexpr (std::is_void_v<T>)
        out.emplace(std::in_place);
    else
        out.emplace(std::in_place, *std::move(value));
    return true;
}

}  // namespace cutwater::detail
