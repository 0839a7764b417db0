// Questions to a store, one after another: each answer says what to ask next.
//
// `ask_in_turn(store, first, next)`, where `next(asked, reply)` gives the question that follows. A question has an optional `what`; one without it is the end. Where the store answers before `begin` returns, that makes no recursion. Thread safety: answers
// are heard in whichever thread they come, one at a time.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "cutwater/store/cell_store.hpp"

namespace cutwater {

/// Where sender and answer meet: who comes second goes on.
struct meeting_of_reply {
    std::atomic<bool> one_has_come = false;
    std::optional<cell_result> said;
    [[nodiscard]] bool is_second() noexcept { return one_has_come.exchange(true, std::memory_order_acq_rel); }
};

template <class Question, class Answered>
void ask_in_turn(cell_store& store, Question next, const Answered& answered) noexcept {
    while (next.what) {
        const auto place = std::make_shared<meeting_of_reply>();
        cell_request what = *std::exchange(next.what, std::nullopt);
        store.begin(std::move(what), [&store, place, asked = next, answered](cell_result reply) noexcept {
            place->said.emplace(std::move(reply));
            if (place->is_second()) ask_in_turn(store, answered(asked, *place->said), answered);
        });
        if (!place->is_second()) return;
        next = answered(next, *place->said);
    }
}

}  // namespace cutwater
