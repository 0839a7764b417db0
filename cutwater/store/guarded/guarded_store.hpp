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
// It blocks whoever asks it until there is an answer, round any store, Redis' as well: so it is not for coroutines, whose event loop would stand still. For them there is
// `async_guarded_store`. It waits no longer than the question's limit and the pipeline's, whatever the store does; what has not come by then is not known, and is not heard when
// it comes. Where neither has a limit it waits for as long as the store does. Thread safety: every member, from any thread. Lifetime: the store and the pipeline outlive it.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/drive/sync/parker.hpp"
#include "cutwater/drive/sync/run.hpp"
#include "cutwater/store/call_of.hpp"
#include "cutwater/store/cell_store.hpp"

namespace cutwater {

namespace detail {

/// Asks, and waits until the question's limit, whatever the store does. A reply that comes later finds nobody.
[[nodiscard]] inline cell_result ask_within_limit(cell_store& store, cell_request asked) {
    struct meeting {
        std::mutex lock;
        parker comes;
        std::optional<cell_result> said;
    };
    const auto at = std::make_shared<meeting>();
    const duration limit = asked.limit;
    const instant until = limit == forever ? never : in(limit);
    store.begin(std::move(asked), [at](cell_result said) noexcept {
        const std::scoped_lock held{at->lock};
        at->said.emplace(std::move(said));
        at->comes.wake();
    });
    (void)at->comes.wait(until, {});
    const std::scoped_lock held{at->lock};
    if (at->said) return *std::move(at->said);
    error late{std::make_error_code(std::errc::timed_out), store.store_name(), {}};
    return std::unexpected{late.with_text("no reply in time; whether it was done is not known").with_limit(limit)};
}

}  // namespace detail

template <class Pipeline>
class guarded_store final : public cell_store {
public:
    guarded_store(cell_store& behind, Pipeline& through) noexcept : behind_{behind}, through_{through} {}

    [[nodiscard]] name store_name() const noexcept override { return behind_.store_name(); }

    void begin(cell_request asked, cell_completion done) noexcept override {
        const auto reply = [&]() noexcept -> cell_result {
            try {
                return through_.run(call_of(asked, now()), [&](attempt& a) {
                    cell_request next = asked;
                    next.limit = a.remaining();
                    return detail::ask_within_limit(behind_, std::move(next));
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
