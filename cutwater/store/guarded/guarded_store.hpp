// A store with a pipeline of our own around it: time limits, retries, a circuit breaker, as for any other dependency.
//
//     cw::memory_store cells;                                                  // or any that can fail
//     cw::pipeline care{cw::timeout{500ms}, cw::retry{{.max_attempts = 2, .base_delay = 5ms}}, cw::circuit_breaker{{.name = "cells"}}};
//     cw::guarded_store guarded{cells, care};
//     const auto reply = cw::ask(guarded, {cw::read_cell{"job/7"}});
//
// Contract. Each question is a call: its operation is `read`, `swap`, `erase` or `list`, its deadline what its limit says. Reading and listing are
// idempotent. A swap and an erasure are not: made twice, the second finds what the first has done; so a retry repeats them only where nothing was
// sent, and whoever asked finds out about the rest. What a policy refuses was not asked.
//
// It waits in the thread that asks; round a store that blocks it belongs inside of an `offloaded_store` where coroutines ask. Thread safety: every
// member, from any thread. Lifetime: the store and the pipeline outlive it.
#pragma once

#include <utility>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/drive/sync/run.hpp"
#include "cutwater/store/cell_store.hpp"

namespace cutwater {

/// What a question to a store is as a call.
[[nodiscard]] inline call_options call_of(const cell_request& asked) {
    static const name operations[] = {"read", "swap", "erase", "list"};
    const std::size_t which = asked.what.index();
    const bool changes =
        std::holds_alternative<swap_cell>(asked.what) || std::holds_alternative<erase_cell>(asked.what);
    return {.operation = operations[which],
            .deadline = asked.limit == forever ? never : in(asked.limit),
            .idempotent = changes ? idempotency::not_idempotent : idempotency::idempotent};
}

template <class Pipeline>
class guarded_store final : public cell_store {
public:
    guarded_store(cell_store& behind, Pipeline& through) noexcept : behind_{behind}, through_{through} {}

    [[nodiscard]] name store_name() const noexcept override { return behind_.store_name(); }

    void begin(cell_request asked, cell_completion done) noexcept override {
        const auto reply = [&]() noexcept -> cell_result {
            try {
                return through_.run(call_of(asked), [&](attempt& a) {
                    cell_request next = asked;
                    next.limit = a.remaining();
                    return ask(behind_, std::move(next));
                });
            } catch (...) {
                return std::unexpected{error::from_exception(std::current_exception())};
            }
        };
        done(reply());
    }

private:
    cell_store& behind_;
    Pipeline& through_;
};

}  // namespace cutwater
