// Whatever fails, and wherever the process goes: what was done is part of a completed saga, or is undone, or is told.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "cutwater/core/random.hpp"
#include "cutwater/saga/kernel.hpp"

namespace cutwater {
namespace {

using task = saga_kernel::task;

error failure(std::errc code) { return error{std::make_error_code(code)}; }

/// A store, steps that have an effect, and processes that go.
class world {
public:
    explicit world(std::uint64_t seed) : random_{seed} {
        plan_.layer = "saga";
        const std::uint64_t steps = 1 + random_() % 5;
        for (std::uint64_t i = 0; i < steps; ++i) plan_.steps.push_back("step " + std::to_string(i));
        plan_.last_has_undo = happens(0.7);
        plan_.options.after_crash = happens(0.5) ? after_crash::undo : after_crash::go_on;
        plan_.options.undo_attempts = static_cast<unsigned>(1 + random_() % 3);
        in_effect_.resize(steps);
        applied_.resize(steps);
    }

    void play() {
        trouble_ = 0.3 * random_.unit();
        for (int process = 0; process < 12; ++process) live(next_entry());
        trouble_ = 0;
        for (int process = 0; process < 3; ++process) live(process == 0 ? saga_entry::run : saga_entry::resume);
        check_end();
    }

private:
    struct gone {};  // the process

    bool happens(double chance) { return random_.unit() < chance; }
    bool trouble() { return happens(trouble_); }
    void may_crash() {
        if (trouble()) throw gone{};
    }
    saga_entry next_entry() { return happens(0.3) ? saga_entry::run : saga_entry::resume; }

    /// One process, until it ends or goes.
    void live(saga_entry entry) {
        saga_kernel kernel{plan_, entry, "42", ++holder_, "context"};
        bool has_done = false;
        try {
            while (kernel.next() != task::finish) {
                may_crash();
                if (kernel.next() == task::ask) {
                    kernel.heard(reply(kernel.request(), plan_.options.lease));
                    continue;
                }
                has_done = true;
                if (kernel.next() == task::invoke)
                    invoke(kernel);
                else
                    undo(kernel);
            }
        } catch (const gone&) {
            if (has_done) undead_.push_back(kernel);
        }
        wake_undead();
    }

    /// Those that had only seemed to be gone find their journal taken over, and do nothing.
    void wake_undead() {
        std::erase_if(undead_, [&](saga_kernel& old) {
            if (!there_ || old.record().holder == decoded().holder) return false;
            if (old.next() != task::ask) old.done("late");
            while (old.next() == task::ask) old.heard(reply(old.request(), duration{}));
            RC_ASSERT(old.next() == task::finish);
            RC_ASSERT(old.refused().has_value());
            return true;
        });
    }

    cell_result reply(const cell_request& asked, duration age) {
        const bool is_lost = trouble();
        if (is_lost && happens(0.5)) return std::unexpected{failure(std::errc::connection_refused)};
        cell_reply said = made(asked);
        if (is_lost) return std::unexpected{failure(std::errc::connection_reset)};
        if (said.found) said.found->age = age;
        return said;
    }
    cell_reply made(const cell_request& asked) {
        const auto* const swap = std::get_if<swap_cell>(&asked.what);
        if (swap == nullptr) return {.found = there_};
        if (swap->expected != (there_ ? there_->version : 0)) return {.done = false, .found = there_};
        RC_ASSERT(written_.insert(swap->value).second);
        there_ = cell{.value = swap->value, .version = ++last_};
        RC_ASSERT((swap->time_to_live == forever) == !decoded().is_over());
        return {.version = last_};
    }
    saga_record decoded() const { return saga_record::decoded(there_->value).value(); }

    void invoke(saga_kernel& kernel) {
        const std::size_t i = kernel.step();
        RC_ASSERT(undone_first_.empty());
        for (std::size_t before = 0; before < i; ++before) RC_ASSERT(in_effect_[before]);
        may_crash();
        if (trouble() && happens(0.5)) return kernel.failed(failure(std::errc::connection_refused), std::nullopt);
        const bool fails = trouble();
        if (!fails || happens(0.5)) {
            ++applied_[i];
            in_effect_[i] = true;
        }
        may_crash();
        if (fails) return kernel.failed(failure(std::errc::io_error), "half");
        kernel.done("context");
    }

    void undo(saga_kernel& kernel) {
        const std::size_t i = kernel.step();
        RC_ASSERT(i + 1 < plan_.steps.size() || plan_.last_has_undo);
        undone_first_.insert(i);
        for (std::size_t later = i + 1; later < in_effect_.size(); ++later) {
            const bool has_undo = later + 1 < in_effect_.size() || plan_.last_has_undo;
            RC_ASSERT(!in_effect_[later] || !has_undo || undone_first_.contains(later));
        }
        may_crash();
        const bool fails = trouble();
        if (!fails || happens(0.3)) in_effect_[i] = false;
        may_crash();
        if (fails) return kernel.failed(failure(std::errc::io_error), std::nullopt);
        kernel.done("context");
    }

    void check_end() {
        const saga_record end = decoded();
        std::set<std::uint64_t> told;
        for (const saga_failure& each : end.not_undone) told.insert(each.step);
        RC_ASSERT(!end.is_held());
        for (std::size_t i = 0; i < in_effect_.size(); ++i) {
            if (end.phase == saga_phase::completed) RC_ASSERT(in_effect_[i]);
            if (end.phase == saga_phase::undone) RC_ASSERT(!in_effect_[i]);
            if (end.phase == saga_phase::stuck) RC_ASSERT(!in_effect_[i] || told.contains(i));
            if (plan_.options.after_crash == after_crash::undo) RC_ASSERT(applied_[i] <= 1U);
        }
        if (end.phase == saga_phase::stuck) RC_ASSERT(told == std::set{std::uint64_t{plan_.steps.size() - 1}});
        RC_CLASSIFY(end.phase == saga_phase::completed, "completed");
        RC_CLASSIFY(end.phase == saga_phase::undone, "undone");
        RC_CLASSIFY(end.phase == saga_phase::stuck, "stuck");
        RC_CLASSIFY(end.takeovers > 0, "taken over");
    }

    random_source random_;
    saga_plan plan_;
    double trouble_ = 0;
    std::uint64_t holder_ = 0;
    std::optional<cell> there_;
    cell_version last_ = 0;
    std::set<std::string> written_;
    std::vector<bool> in_effect_;
    std::vector<unsigned> applied_;
    std::set<std::size_t> undone_first_;
    std::deque<saga_kernel> undead_;
};

RC_GTEST_PROP(saga_kernel_property, what_was_done_is_kept_or_undone_or_told, (std::uint64_t seed)) {
    world{seed}.play();
}

}  // namespace
}  // namespace cutwater
