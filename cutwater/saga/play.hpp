// One saga being run: the kernel, its context and its lease. What both drivers do, but for asking, calling and waiting.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "cutwater/core/instant.hpp"
#include "cutwater/saga/plan.hpp"
#include "cutwater/saga/report.hpp"

namespace cutwater::detail {

template <class Context>
class saga_play {
public:
    using task = saga_kernel::task;
    using codec = cell_codec<Context>;

    /// Of an id that is run.
    saga_play(const saga_plan& plan, saga_audience to, std::string id, Context given)
        : to_{to}, context_{std::move(given)},
          kernel_{plan, saga_entry::run, std::move(id), to.lent.random()(), codec::encode(*context_)} {}
    /// Of one that has been begun.
    saga_play(const saga_plan& plan, saga_audience to, std::string id, saga_entry entry)
        : to_{to}, kernel_{plan, entry, std::move(id), to.lent.random()()} {}

    [[nodiscard]] task next() const noexcept { return kernel_.next(); }
    [[nodiscard]] std::size_t step() const noexcept { return kernel_.step(); }
    [[nodiscard]] Context& context() { return *context_; }
    [[nodiscard]] instant deadline() const noexcept { return deadline_; }

    /// The lease counts from before the question: the store counts it from later.
    [[nodiscard]] cell_request request() {
        if (!kernel_.is_repeated()) deadline_ = add(to_.lent.now(), kernel_.plan().options.lease);
        return kernel_.request();
    }
    void heard(cell_result said) {
        kernel_.heard(std::move(said));
        to_.tell(kernel_);
    }

    /// Whether the step, or the undo, may begin; else something else is next.
    [[nodiscard]] bool may_begin() {
        if (to_.lent.now() >= deadline_) {
            kernel_.lapsed();
            to_.tell(kernel_);
            return false;
        }
        read_context();
        return true;
    }

    /// The step, or the undo, has ended.
    void settle(std::optional<error> failure) {
        std::optional<std::string> bytes;
        try {
            bytes = codec::encode(*context_);
        } catch (...) {
            if (!failure) failure = error::from_exception(std::current_exception());
        }
        if (const std::size_t most = kernel_.plan().options.max_context; bytes && bytes->size() > most) {
            if (!failure)
                failure = error{std::make_error_code(std::errc::value_too_large)}.with_text(
                    "it has left a context of " + std::to_string(bytes->size()) + " bytes; max_context is " +
                    std::to_string(most));
            bytes.reset();
        }
        if (failure)
            kernel_.failed(*failure, std::move(bytes));
        else
            kernel_.done(*std::move(bytes));
    }

    [[nodiscard]] saga_result<Context> take() {
        if (kernel_.refused()) return std::unexpected{*kernel_.refused()};
        read_context();
        const saga_record& record = kernel_.record();
        saga_report<Context> made{.end = record.phase == saga_phase::completed ? saga_end::completed
                                         : record.phase == saga_phase::undone  ? saga_end::undone
                                                                               : saga_end::stuck,
                                  .context = *std::move(context_),
                                  .cause = kernel_.cause(),
                                  .is_replayed = kernel_.is_replay()};
        if (record.cause) made.failed_step = kernel_.step_name(record.cause->step);
        if (made.end != saga_end::stuck) return made;  // what the journal lists was set right
        for (const saga_failure& each : record.not_undone)
            made.left.push_back({std::string{kernel_.step_name(each.step)}, each.as_error()});
        return made;
    }

private:
    /// What the journal says, once, where it was not begun here. The kernel has seen that it can be read.
    void read_context() {
        if (!kernel_.is_found() || std::exchange(is_read_, true)) return;
        context_ = codec::decode(kernel_.record().context);
    }

    saga_audience to_;
    std::optional<Context> context_;
    saga_kernel kernel_;
    instant deadline_ = never;
    bool is_read_ = false;
};

}  // namespace cutwater::detail
