// A saga whose steps and undos are coroutines.
//
//     cw::memory_store cells;                                        // or any that outlasts the process
//     cw::pipeline bank{cw::timeout{5s}, cw::retry{}};
//     cw::async_saga<std::string> place{cells, {.name = "place order"},
//         {{"charge", [&](std::string&) { return bank.async_run([]() -> asio::awaitable<int> { co_return 1; }); },
//           [](std::string&) -> asio::awaitable<void> { co_return; }},
//          {"ship", [](std::string&) { /* ship */ }, cw::no_undo}}};
//     const auto ended = co_await place.async_run("order-42", "two chairs");
//
// Contract: as of a `saga` (saga.hpp), whose kernel it has. Steps run on the executor of whoever awaits, one after the other, in a coroutine thread of
// their own. The store is waited for without blocking; one that blocks inside of `begin` belongs into an `offloaded_store`.
//
// Cancellation: the caller's slot (`terminal`) cancels the step that is being done, whose failure is undone as any; no other step begins then.
// Undos and the journal are not cancelled. An executor that goes is a crash: the journal says what was begun.
// Thread safety: every member, from any thread; each call stays on its executor, a strand where that has several threads. Lifetime: store and
// listener outlive it, and it outlives its coroutines. Throws what encoding the given context throws; the constructor `invalid_options`.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cutwater/saga/asio/async_cell.hpp"
#include "cutwater/saga/asio/async_step.hpp"
#include "cutwater/saga/play.hpp"
#include "cutwater/saga/unfinished.hpp"

namespace cutwater {

template <has_cell_codec Context>
class async_saga {
    template <class T>
    using awaitable = boost::asio::awaitable<T>;

public:
    using context_type = Context;
    using step = async_saga_step<Context>;

    /// `hears` may be null.
    async_saga(cell_store& store, saga_options options, std::vector<step> steps, listener* hears = nullptr)
        : store_{store}, plan_{detail::plan_for<Context>(std::move(options), steps)}, steps_{std::move(steps)},
          hears_{hears} {}
    async_saga(const async_saga&) = delete;
    async_saga& operator=(const async_saga&) = delete;

    [[nodiscard]] name layer_name() const noexcept { return plan_.layer; }
    [[nodiscard]] const saga_options& options() const noexcept { return plan_.options; }

    /// Does the steps. One that has ended under this id is told again, and one whose process has gone is resumed, with the context that is in the journal:
    /// what is given here is not compared with it.
    [[nodiscard]] awaitable<saga_result<Context>> async_run(std::string id, Context context) {
        play_type one{plan_, co_await audience(), std::move(id), std::move(context)};
        co_return co_await spawn(one);
    }
    /// Ends what was begun: as `after_crash` says, or by trying again to undo what is stuck.
    [[nodiscard]] awaitable<saga_result<Context>> async_resume(std::string id) {
        play_type one{plan_, co_await audience(), std::move(id), saga_entry::resume};
        co_return co_await spawn(one);
    }
    /// Somebody has undone by hand what was stuck: it counts as undone from here on.
    [[nodiscard]] awaitable<saga_result<Context>> async_set_right(std::string id) {
        play_type one{plan_, co_await audience(), std::move(id), saga_entry::set_right};
        co_return co_await spawn(one);
    }

    /// The ids of all that are neither completed nor undone. Reads every journal of this name that is kept.
    [[nodiscard]] awaitable<std::expected<std::vector<std::string>, error>> async_unfinished() {
        unfinished_kernel all{plan_};
        while (!all.is_over()) {
            cell_result said = co_await detail::ask_async(store_, all.request());
            all.heard(std::move(said));
        }
        co_return all.take();
    }
    /// Resumes each of them, one after the other. What another process has in hand is among them, as `errc::key_in_use`.
    [[nodiscard]] awaitable<std::expected<std::vector<resumed_saga<Context>>, error>> async_resume_all() {
        auto ids = co_await async_unfinished();
        if (!ids) co_return std::unexpected{std::move(ids).error()};
        std::vector<resumed_saga<Context>> all;
        for (const std::string& id : *ids) {
            saga_result<Context> ended = co_await async_resume(id);
            all.push_back({id, std::move(ended)});
        }
        co_return all;
    }

private:
    using task = saga_kernel::task;
    using play_type = detail::saga_play<Context>;

    [[nodiscard]] awaitable<detail::saga_audience> audience() {
        const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
        co_return detail::saga_audience{asio_timing::of(executor).lent(), hears_};
    }

    /// In a coroutine thread of its own, whose state of cancellation is ours.
    [[nodiscard]] awaitable<saga_result<Context>> spawn(play_type& one) {
        const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
        co_await boost::asio::co_spawn(executor, play(one), boost::asio::use_awaitable);
        co_return one.take();
    }

    awaitable<void> play(play_type& one) {
        namespace asio = boost::asio;
        co_await asio::this_coro::throw_if_cancelled(false);
        for (task next = one.next(); next != task::finish; next = one.next()) {
            if (next == task::ask) {
                cell_result said = co_await detail::ask_async(store_, one.request());
                one.heard(std::move(said));
            } else if (one.may_begin()) {
                std::optional<error> failure = co_await act(one);
                one.settle(std::move(failure));
            }
        }
    }

    awaitable<std::optional<error>> act(play_type& one) { return one.next() == task::invoke ? invoke(one) : undo(one); }
    awaitable<std::optional<error>> invoke(play_type& one) {
        namespace asio = boost::asio;
        const asio::cancellation_state seen = co_await asio::this_coro::cancellation_state;
        if (seen.cancelled() != asio::cancellation_type::none) co_return error{errc::withdrawn, plan_.layer, name{}};
        co_await asio::this_coro::throw_if_cancelled(true);
        std::optional<error> failure = co_await steps_[one.step()].does(one.context(), one.deadline());
        co_await asio::this_coro::throw_if_cancelled(false);
        co_return failure;
    }
    awaitable<std::optional<error>> undo(play_type& one) {
        co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
        co_return co_await steps_[one.step()].undoes(one.context(), one.deadline());
    }

    cell_store& store_;
    const saga_plan plan_;
    const std::vector<step> steps_;
    listener* const hears_;
};

}  // namespace cutwater
