// A call through layers that were chosen at run time; the same machine to its driver as `static_run`.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "cutwater/core/classify.hpp"
#include "cutwater/pipeline/any_layer.hpp"
#include "cutwater/pipeline/any_racer.hpp"
#include "cutwater/pipeline/run_state.hpp"

namespace cutwater {

template <class T>
class any_run;

/// The layers of an `any_pipeline`, and where each keeps its state in a call's memory.
template <class T>
struct any_stack {
    struct place {
        std::unique_ptr<any_layer<T>> layer;
        std::size_t offset = 0;
    };
    std::vector<place> places;
    std::size_t state_size = 0;
    bool bounds_time = false;
    bool is_per_attempt = false;       // a layer that is: no loop may stand inside of it
    bool chooses_target = false;       // a layer that does: no other may, and no race may stand inside of it
    std::unique_ptr<any_racer> racer;  // null: no layer has several attempts under way
    std::size_t race_at = 0;           // how many layers stand outside of it
    call_runner* runner = nullptr;
    std::function<judgement(const outcome<T>&)> rules;  // empty: the default ones

    any_stack() = default;
    any_stack(const any_stack&) = delete;
    any_stack& operator=(const any_stack&) = delete;
    ~any_stack() {  // orphans hold permits of other layers
        for (place& p : places) p.layer->stop();
    }

    /// The machine of one of several attempts, through the layers inside of the one that has them.
    template <class U>
    [[nodiscard]] any_run<T> start_branch(const call_options& said, environment& lent, parking& parked);
};

template <class T>
class any_run : public run_state<T> {
public:
    static constexpr bool chosen_at_run_time = true;
    static constexpr bool may_run_elsewhere = true;

    /// Of the layers from `first` to before `last`.
    struct span {
        std::size_t first;
        std::size_t last;
    };
    // NOLINTNEXTLINE(*-member-init): the memory is the layers' to fill
    any_run(any_stack<T>& stack, span of, const call_options& said, environment& lent, parking& place)
        : run_state<T>{said, lent, place}, stack_{stack}, span_{of}, entered_{of.first} {
        if (stack.state_size > sizeof memory_)
            large_ = std::make_unique<std::max_align_t[]>(stack.state_size / sizeof(std::max_align_t) + 1);
        base_ = large_ ? reinterpret_cast<std::byte*>(large_.get()) : memory_;
    }
    any_run(const any_run&) = delete;
    any_run& operator=(const any_run&) = delete;
    ~any_run() {
        while (entered_ > span_.first) finish(--entered_);
    }

    [[nodiscard]] step start() {
        if (this->is_too_late()) [[unlikely]]
            return tell_watchers(span_.first), step::finish;
        return enter_from(span_.first);
    }
    [[nodiscard]] step settle() { return leave_from(entered_); }
    [[nodiscard]] step resume() {
        this->call_.now.forget();
        return go_on(layer(paused_at_).resume(state(paused_at_), this->call_, this->out_, this->pause_));
    }
    [[nodiscard]] step interrupt() {
        this->call_.now.forget();
        return go_on(layer(paused_at_).interrupt(state(paused_at_), this->call_, this->out_));
    }

    [[nodiscard]] call_runner* runner() noexcept { return stack_.runner; }

    void judge() noexcept {
        if (stack_.rules)
            this->judge_by(stack_.rules);
        else
            this->judge_by(classify<>{});
    }

private:
    void judge_answer() noexcept {
        if (stack_.rules)
            this->judge_answer_by(stack_.rules);
        else
            this->judge_answer_by(classify<>{});
    }

    [[nodiscard]] any_layer<T>& layer(std::size_t i) noexcept { return *stack_.places[i].layer; }
    [[nodiscard]] void* state(std::size_t i) noexcept { return base_ + stack_.places[i].offset; }
    void finish(std::size_t i) noexcept { layer(i).finish(state(i)); }

    /// Of a call that comes too late, which enters no other layer.
    void tell_watchers(std::size_t i) {
        if (i == span_.last) return;
        const flow entered = layer(i).watch(state(i), this->call_, this->out_);
        tell_watchers(i + 1);
        if (entered == flow::inward) layer(i).unwatch(state(i), this->call_, this->out_);
    }

    [[nodiscard]] step enter_from(std::size_t i) {
        for (; i < span_.last; ++i) {
            entered_ = i + 1;
            const flow next = layer(i).enter(state(i), this->call_, this->out_, this->pause_);
            if (next != flow::inward) [[unlikely]]
                return stop_at(i, next);
        }
        return ++this->call_.sent, step::invoke;
    }

    /// Leaves layer i - 1 and those around it.
    [[nodiscard]] step leave_from(std::size_t i) {
        while (i-- > span_.first) {
            const flow next = layer(i).leave(state(i), this->call_, this->out_, this->pause_);
            if (next != flow::outward) [[unlikely]] {
                if (next == flow::answer) {
                    judge_answer();
                    ++i;  // the same layer again
                    continue;
                }
                paused_at_ = i;
                return step::pause;
            }
            finish(i);
            entered_ = i;
        }
        return step::finish;
    }

    [[nodiscard]] step stop_at(std::size_t i, flow next) {
        if (next == flow::pause) {
            paused_at_ = i;
            return step::pause;
        }
        if (next == flow::answer) return judge_answer(), leave_from(i + 1);
        finish(i);
        entered_ = i;
        return leave_from(i);
    }

    [[nodiscard]] step go_on(flow next) {
        return next == flow::inward ? enter_from(paused_at_ + 1) : stop_at(paused_at_, next);
    }

    any_stack<T>& stack_;
    span span_;
    std::byte* base_;
    std::size_t entered_;  // up to here, layers have states
    std::size_t paused_at_ = 0;
    std::unique_ptr<std::max_align_t[]> large_;         // where the layers need more than the usual
    alignas(std::max_align_t) std::byte memory_[1024];  // the layers' to fill
};

template <class T>
template <class U>
any_run<T> any_stack<T>::start_branch(const call_options& said, environment& lent, parking& parked) {
    return any_run<T>{*this, {race_at, places.size()}, said, lent, parked};
}

}  // namespace cutwater
