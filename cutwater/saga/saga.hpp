// A sequence of steps with their undo: all of them are done, or none; and what could be neither is told.
//
//     cw::memory_store cells;                                        // or any that outlasts the process
//     cw::pipeline bank{cw::timeout{5s}, cw::retry{}};
//     cw::saga<std::string> place{cells, {.name = "place order"},
//         {{"reserve", [](std::string& o) { o += ", reserved"; }, [](std::string&) { /* release */ }},
//          {"charge", [&](std::string& o) { return bank.run([&] { charge(o); }); }, [](std::string&) { /* refund */ }},
//          {"ship", [](std::string&) { /* ship */ }, cw::no_undo}}};
//     const auto ended = place.run("order-42", "two chairs");
//
// Where a step fails, those that are done are undone, in reverse; the failed one too, unless its error says that it had no effect. What cannot be
// undone does not stop the others from being undone; it is in the report, and stays in the journal.
//
// Contract. The journal, a cell of the store, says before each step that it has begun. So after a crash `resume` knows what may have been done; an undo
// must tolerate that there is nothing to undo, and that it has been done already. A step is done once, unless `after_crash::go_on` allows more.
// One process at a time has a saga, for the lease; a step that takes longer can be undone by another while it runs, so bound it by the deadline that it may take.
//
// `Context` is what the steps work on; it has a `cell_codec`, is written down after each step, and is what a resumed step gets. `Context` is moved.
// It blocks the thread that runs it; for coroutines there is `async_saga`. Thread safety: every member, from any thread; steps are called from those
// that run, several at a time for several ids. Lifetime: store, listener and environment outlive it. Errors: see `saga_result`; what steps throw is a failure. Throws what encoding
// the given context throws; the constructor `invalid_options`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/saga/play.hpp"
#include "cutwater/saga/report.hpp"
#include "cutwater/saga/step.hpp"
#include "cutwater/saga/unfinished.hpp"

namespace cutwater {

template <has_cell_codec Context>
class saga {
public:
    using context_type = Context;
    using step = saga_step<Context>;

    /// `hears` may be null; tests lend a time of their own.
    saga(cell_store& store, saga_options options, std::vector<step> steps, listener* hears = nullptr,
         environment& lent = this_machine)
        : store_{store}, plan_{detail::plan_for<Context>(std::move(options), steps)}, steps_{std::move(steps)},
          to_{lent, hears} {}
    saga(const saga&) = delete;
    saga& operator=(const saga&) = delete;

    [[nodiscard]] name layer_name() const noexcept { return plan_.layer; }
    [[nodiscard]] const saga_options& options() const noexcept { return plan_.options; }

    /// Does the steps. One that has ended under this id is told again, and one whose process has gone is resumed, with the context that is in the journal:
    /// what is given here is not compared with it.
    [[nodiscard]] saga_result<Context> run(std::string id, Context context) {
        return play({plan_, to_, std::move(id), std::move(context)});
    }
    /// Ends what was begun: as `after_crash` says, or by trying again to undo what is stuck.
    [[nodiscard]] saga_result<Context> resume(std::string id) {
        return play({plan_, to_, std::move(id), saga_entry::resume});
    }
    /// Somebody has undone by hand what was stuck: it counts as undone from here on.
    [[nodiscard]] saga_result<Context> set_right(std::string id) {
        return play({plan_, to_, std::move(id), saga_entry::set_right});
    }

    /// The ids of all that are neither completed nor undone. Reads every journal of this name that is kept.
    [[nodiscard]] std::expected<std::vector<std::string>, error> unfinished() {
        unfinished_kernel all{plan_};
        while (!all.is_over()) all.heard(ask(store_, all.request()));
        return all.take();
    }
    /// Resumes each of them. What another process has in hand is among them, as `errc::key_in_use`.
    [[nodiscard]] std::expected<std::vector<resumed_saga<Context>>, error> resume_all() {
        auto ids = unfinished();
        if (!ids) return std::unexpected{std::move(ids).error()};
        std::vector<resumed_saga<Context>> all;
        for (std::string& id : *ids) {
            auto ended = resume(id);
            all.push_back({std::move(id), std::move(ended)});
        }
        return all;
    }

private:
    using task = saga_kernel::task;

    [[nodiscard]] saga_result<Context> play(detail::saga_play<Context> one) {
        for (task next = one.next(); next != task::finish; next = one.next()) {
            if (next == task::ask) {
                one.heard(ask(store_, one.request()));
            } else if (one.may_begin()) {
                const step& which = steps_[one.step()];
                one.settle((next == task::invoke ? which.does : which.undoes)(one.context(), one.deadline()));
            }
        }
        return one.take();
    }

    cell_store& store_;
    const saga_plan plan_;
    const std::vector<step> steps_;
    const detail::saga_audience to_;
};

}  // namespace cutwater
