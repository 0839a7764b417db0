// A pipeline put together at run time: the same policies, the same drivers, the same decisions.
//
//     cw::any_pipeline<stock> guarded;
//     guarded.add(cw::timeout{2s});
//     if (settings.retries) guarded.add(cw::retry{{.max_attempts = settings.attempts}});
//     guarded.add(cw::ref(inventory_health)).add(cw::classify{cw::transient(cw::exception<lost_connection>())});
//     auto result = guarded.run(f);                     // f gives `stock`, or `std::expected<stock, E>`
//
// Layers are added outermost first; rules (`cw::classify`) come last. Each layer costs virtual calls, and nothing is
// allocated for a call through the usual number of layers (1 KB of state).
//
// Errors: `add` throws `std::logic_error` for a layer after the rules, for a gate that stands there already, for a second
// layer with threads of its own, and for a retry or hedge inside of a layer that is for each attempt (`cw::fault`); `run`
// does where a layer has threads of its own and the callable cannot be copied to them.
// Thread safety: `add` before the first call, and from one thread; then as `pipeline`. Movable while no call is in
// flight and no orphan of a worker pool's runs.
#pragma once

#include <algorithm>
#include <stdexcept>

#include "cutwater/core/capture.hpp"
#include "cutwater/core/classify.hpp"
#include "cutwater/pipeline/any_run.hpp"
#include "cutwater/pipeline/check.hpp"
#include "cutwater/pipeline/runs_callables.hpp"

namespace cutwater {

template <class T>
class any_pipeline : public runs_callables<any_pipeline<T>> {
public:
    template <class U>
    using run_type = any_run<U>;

    any_pipeline() = default;

    template <class... Given>
        requires(sizeof...(Given) > 0 &&
                 (... && (policy<policy_of<std::decay_t<Given>>> || is_rules<std::decay_t<Given>>)))
    explicit any_pipeline(Given&&... layers) {
        (add(std::forward<Given>(layers)), ...);
    }

    /// Adds a layer inside those that are there.
    template <class Given>
    any_pipeline& add(Given&& layer) {
        using kept = owned_layer<Given>;
        check_layer<kept>();
        if (stack_->rules)
            throw std::logic_error{
                "cutwater::any_pipeline: a layer is added after the rules; rules are the innermost layer"};
        if constexpr (is_loop<policy_of<kept>>) {
            if (stack_->is_per_attempt)
                throw std::logic_error{
                    "cutwater::any_pipeline: a layer for each attempt (a fault) stands outside of a retry or hedge; it "
                    "belongs inside"};
        }
        if constexpr (racing_loop<policy_of<kept>> || choosing_gate<policy_of<kept>>) {
            if (stack_->chooses_target)
                throw std::logic_error{
                    racing_loop<policy_of<kept>>
                        ? "cutwater::any_pipeline: a layer that chooses where an attempt goes (endpoints) stands "
                          "outside of a hedge; all its attempts would go to the same place. It belongs inside"
                        : "cutwater::any_pipeline: two layers choose where an attempt goes (endpoints); only one can. "
                          "Leave one of them out"};
        }
        if constexpr (is_rules<kept>)
            stack_->rules = std::forward<Given>(layer);
        else if constexpr (racing_loop<policy_of<kept>>)
            race(std::make_unique<any_racer_of<kept>>(std::forward<Given>(layer)));
        else
            push(std::make_unique<any_layer_of<T, kept>>(std::forward<Given>(layer)));
        stack_->is_per_attempt = stack_->is_per_attempt || per_attempt_layer<policy_of<kept>>;
        stack_->chooses_target = stack_->chooses_target || choosing_gate<policy_of<kept>>;
        return *this;
    }

    [[nodiscard]] bool bounds_time() const noexcept { return stack_->bounds_time; }

    [[nodiscard]] std::string describe() {
        std::string tree;
        std::size_t depth = 0;
        const auto append_racer = [&] {
            if (stack_->racer && depth == stack_->race_at) append_layer(tree, depth++, stack_->racer->describe());
        };
        for (auto& place : stack_->places) {
            append_racer();
            append_layer(tree, depth++, place.layer->describe());
        }
        append_racer();
        append_layer(tree, depth, "call");
        return tree;
    }

    /// What its layers are like now, each in its own name.
    void gauges(instant now, gauge_visitor& seen) {
        for (auto& place : stack_->places) place.layer->gauges(now, seen);
    }

    /// For drivers: the machine of one call.
    template <class U>
    [[nodiscard]] any_run<T> start_run(const call_options& said, environment& lent, parking& place) {
        static_assert(std::is_same_v<T, U>,
                      "cutwater::any_pipeline: the callable gives another type than the pipeline");
        return any_run<T>{*stack_, {0, races() ? stack_->race_at : stack_->places.size()}, said, lent, place};
    }

    /// For drivers: whether a layer may have several attempts of a call under way; that layer; and what gives the machine of one of
    /// them, which goes through the layers inside (`start_branch`), and keeps the layers while one is left.
    static constexpr bool may_race = true;
    [[nodiscard]] bool races() const noexcept { return stack_->racer != nullptr; }
    [[nodiscard]] any_racer& racer() noexcept { return *stack_->racer; }
    [[nodiscard]] const std::shared_ptr<any_stack<T>>& share() const noexcept { return stack_; }

private:
    void race(std::unique_ptr<any_racer> racer) {
        if (races()) throw std::logic_error{"cutwater::any_pipeline: two layers hedge; their attempts would multiply"};
        if (stack_->runner != nullptr)
            throw std::logic_error{
                "cutwater::any_pipeline: a layer with threads stands outside of a hedge; attempts run on it, so it "
                "belongs "
                "inside"};
        stack_->race_at = stack_->places.size();
        stack_->racer = std::move(racer);
    }

    void push(std::unique_ptr<any_layer<T>> layer) {
        constexpr std::size_t unit = alignof(std::max_align_t);
        const std::size_t size = (layer->state_size() + unit - 1) / unit * unit;
        call_runner* const runs = layer->runner();
        if (runs != nullptr && stack_->runner != nullptr)
            throw std::logic_error{"cutwater::any_pipeline: two layers have threads of their own; a call runs on one"};
        const auto is_same = [&](const auto& place) { return place.layer->gate() == layer->gate(); };
        if (layer->gate() != nullptr && std::ranges::any_of(stack_->places, is_same)) refuse_same_gate();
        if (runs != nullptr) stack_->runner = runs;
        stack_->bounds_time = stack_->bounds_time || layer->bounds_time();
        stack_->places.push_back({.layer = std::move(layer), .offset = stack_->state_size});
        stack_->state_size += size;
    }

    std::shared_ptr<any_stack<T>> stack_ = std::make_shared<any_stack<T>>();  // calls refer to it: it stays where it is
};

}  // namespace cutwater
