// Policies composed into a pipeline, outermost first.
//
//     cw::pipeline inventory{
//         cw::timeout{2s},
//         cw::retry{{.max_attempts = 3}},
//         cw::ref(inventory_health),
//         cw::timeout{500ms},
//     };
//     std::expected<stock, cw::error> now  = inventory.run([&](cw::attempt& a) { return client.get(sku, a.deadline()); });
//     std::expected<stock, cw::error> soon = co_await inventory.async_run([&](cw::attempt& a) -> awaitable<stock> { … });
//
// The callable returns a value, `void` or `std::expected<T, E>`, or throws; it takes a `cw::attempt&` or nothing.
// The composition is checked where it is built: an error names the layer that is wrong in its first line.
//
// Thread safety: `run` and `async_run` from any number of threads at once. Lifetime: outlives its calls; what was given
// by `ref` outlives the pipeline. Exceptions: the constructor throws `std::logic_error` where one gate stands twice; `run`
// only what moving a result throws.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>

#include "cutwater/core/capture.hpp"
#include "cutwater/core/classify.hpp"
#include "cutwater/pipeline/check.hpp"
#include "cutwater/pipeline/describe.hpp"
#include "cutwater/pipeline/runs_callables.hpp"
#include "cutwater/pipeline/static_run.hpp"

namespace cutwater {

namespace detail {

/// Splits the rules, which stand innermost, from the layers.
template <class Done, class... Rest>
struct split;
template <class Rules, class... Layers>
struct split_into {
    using layers = std::tuple<Layers...>;
    using rules = Rules;
    static constexpr bool bounds_time = (... || bounds_time_of_calls<policy_of<Layers>>);
    static constexpr std::size_t depth = sizeof...(Layers);
    static constexpr bool is_racer[] = {racing_loop<policy_of<Layers>>..., false};
    static constexpr std::size_t race_at = first_of(is_racer) < depth ? first_of(is_racer) : depth;
    template <class T, std::size_t Begin, std::size_t End>
    using run = static_run<T, rules, layer_span<Begin, End>, Layers...>;
};
template <class... Layers>
struct split<std::tuple<Layers...>> : split_into<classify<>, Layers...> {};
template <class... Layers, class... Rules>
struct split<std::tuple<Layers...>, classify<Rules...>> : split_into<classify<Rules...>, Layers...> {};
template <class... Layers, class Next, class... Rest>
struct split<std::tuple<Layers...>, Next, Rest...> : split<std::tuple<Layers..., Next>, Rest...> {};

/// The layers, where they stay as long as the pipeline; or, where attempts may outlast their call, as long as one of those.
template <class Kept>
class held_here {
public:
    template <class... Args>
    constexpr explicit held_here(std::in_place_t, Args&&... args) : kept_{std::forward<Args>(args)...} {}
    [[nodiscard]] constexpr Kept& operator*() noexcept { return kept_; }
    [[nodiscard]] constexpr Kept* get() noexcept { return &kept_; }

private:
    Kept kept_;
};
template <class Kept>
class held_together {
public:
    template <class... Args>
    explicit held_together(std::in_place_t, Args&&... args)
        : kept_{std::make_shared<Kept>(std::forward<Args>(args)...)} {}
    held_together(const held_together& other)
        requires std::copy_constructible<Kept>
        : kept_{std::make_shared<Kept>(*other.kept_)} {}
    held_together(held_together&&) noexcept = default;
    held_together& operator=(const held_together& other)
        requires std::copy_constructible<Kept>
    {
        kept_ = std::make_shared<Kept>(*other.kept_);
        return *this;
    }
    held_together& operator=(held_together&&) noexcept = default;
    ~held_together() = default;
    [[nodiscard]] Kept& operator*() noexcept { return *kept_; }
    [[nodiscard]] Kept* get() noexcept { return kept_.get(); }  // null once it was moved from
    [[nodiscard]] const std::shared_ptr<Kept>& share() const noexcept { return kept_; }

private:
    std::shared_ptr<Kept> kept_;
};

}  // namespace detail

template <class... Layers>
class pipeline : public runs_callables<pipeline<Layers...>> {
    static_assert((check_composition<Layers...>(), true));  // first: what follows fails in other words
    using parts = detail::split<std::tuple<>, Layers...>;

public:
    using layers = typename parts::layers;
    using rules = typename parts::rules;
    /// Whether a layer may have several attempts of a call under way.
    static constexpr bool may_race = parts::race_at < parts::depth;
    template <class T>
    using run_type = typename parts::template run<T, 0, parts::race_at>;

    constexpr explicit pipeline(Layers... given) : pipeline{std::tuple<Layers...>{std::move(given)...}} {}
    pipeline(const pipeline&) = default;
    pipeline(pipeline&&) = default;
    pipeline& operator=(const pipeline&) = default;
    pipeline& operator=(pipeline&&) = default;
    pipeline& operator=(pipeline&& other) noexcept
        requires(may_race && (... || owns_threads<Layers>))  // else such a layer stays where it is
    {
        if (this == &other) return *this;
        stop_all_threads();
        kept_ = std::move(other.kept_);
        return *this;
    }
    ~pipeline() = default;
    ~pipeline()
        requires(... || owns_threads<Layers>)
    {
        stop_all_threads();
    }

    /// Whether a layer bounds the time of what is inside.
    [[nodiscard]] static constexpr bool bounds_time() noexcept { return parts::bounds_time; }

    /// The composition as a tree of text, with every option in force.
    [[nodiscard]] std::string describe() {
        return std::apply([](auto&... layer) { return describe_layers(unwrap(layer)...); }, (*kept_).stack);
    }

    /// What its layers are like now, each in its own name.
    void gauges(instant now, gauge_visitor& seen) {
        std::apply([&](auto&... layer) { (visit_gauges(unwrap(layer), now, seen), ...); }, (*kept_).stack);
    }

    /// For drivers: the machine of one call.
    template <class T>
    [[nodiscard]] run_type<T> start_run(const call_options& said, environment& lent, parking& place) {
        return run_type<T>{(*kept_).stack, (*kept_).judge, said, lent, place};
    }

    /// For drivers, where `may_race`: the layer that has several attempts under way; and what gives the machine of one of them, which
    /// goes through the layers inside (`start_branch`), and keeps the layers while one is left.
    [[nodiscard]] static constexpr bool races() noexcept { return may_race; }
    [[nodiscard]] auto& racer() noexcept
        requires may_race
    {
        return unwrap(std::get<parts::race_at>((*kept_).stack));
    }
    [[nodiscard]] auto share() const noexcept
        requires may_race
    {
        return kept_.share();
    }

private:
    struct content {
        layers stack;
        [[no_unique_address]] rules judge;

        template <class T>
        [[nodiscard]] auto start_branch(const call_options& said, environment& lent, parking& place) {
            using branch = typename parts::template run<T, parts::race_at + 1, parts::depth>;
            return branch{stack, judge, said, lent, place};
        }
    };
    using kept = std::conditional_t<may_race, detail::held_together<content>, detail::held_here<content>>;

    template <class Layer>
    static void stop_threads([[maybe_unused]] Layer& layer) noexcept {
        if constexpr (owns_threads<Layer>) layer.stop();
    }
    /// Before the layers go: orphans hold permits of other layers.
    void stop_all_threads() noexcept {
        content* const all = kept_.get();
        if (all != nullptr) std::apply([](auto&... layer) { (stop_threads(layer), ...); }, all->stack);
    }

    template <std::size_t... I>
    constexpr pipeline(std::tuple<Layers...> given, std::index_sequence<I...>)
        : kept_{std::in_place, layers{std::move(std::get<I>(given))...}, take_rules(given)} {
        const void* gates[] = {gate_behind(std::get<I>((*kept_).stack))..., nullptr};
        for (std::size_t i = 1; i < sizeof...(I); ++i)
            for (std::size_t outer = 0; outer < i; ++outer)
                if (gates[i] != nullptr && gates[i] == gates[outer]) refuse_same_gate();
    }
    constexpr explicit pipeline(std::tuple<Layers...> given)
        : pipeline{std::move(given), std::make_index_sequence<std::tuple_size_v<layers>>{}} {}

    static constexpr rules take_rules(std::tuple<Layers...>& given) {
        if constexpr (sizeof...(Layers) == std::tuple_size_v<layers>)
            return rules{};
        else
            return std::move(std::get<sizeof...(Layers) - 1>(given));
    }

    kept kept_;
};

template <class... Given>
explicit pipeline(Given&&...) -> pipeline<owned_layer<Given>...>;

}  // namespace cutwater
