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

#include <string>
#include <tuple>

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
template <class... Layers>
struct split<std::tuple<Layers...>> {
    using layers = std::tuple<Layers...>;
    static constexpr bool bounds_time = (... || deadline_frame<policy_of<Layers>>);
    using rules = classify<>;
    template <class T>
    using run = static_run<T, rules, Layers...>;
};
template <class... Layers, class... Rules>
struct split<std::tuple<Layers...>, classify<Rules...>> {
    using layers = std::tuple<Layers...>;
    static constexpr bool bounds_time = (... || deadline_frame<policy_of<Layers>>);
    using rules = classify<Rules...>;
    template <class T>
    using run = static_run<T, rules, Layers...>;
};
template <class... Layers, class Next, class... Rest>
struct split<std::tuple<Layers...>, Next, Rest...> : split<std::tuple<Layers..., Next>, Rest...> {};

}  // namespace detail

template <class... Layers>
class pipeline : public runs_callables<pipeline<Layers...>> {
    static_assert((check_composition<Layers...>(), true));  // first: what follows fails in other words
    using parts = detail::split<std::tuple<>, Layers...>;

public:
    using layers = typename parts::layers;
    using rules = typename parts::rules;
    template <class T>
    using run_type = typename parts::template run<T>;

    constexpr explicit pipeline(Layers... given) : pipeline{std::tuple<Layers...>{std::move(given)...}} {}
    pipeline(const pipeline&) = default;
    pipeline(pipeline&&) = default;
    pipeline& operator=(const pipeline&) = default;
    pipeline& operator=(pipeline&&) = default;
    ~pipeline() = default;
    ~pipeline()
        requires(... || owns_threads<Layers>)
    {  // orphans hold permits of other layers
        std::apply([](auto&... layer) { (stop_threads(layer), ...); }, layers_);
    }

    /// Whether a layer bounds the time of what is inside.
    [[nodiscard]] static constexpr bool bounds_time() noexcept { return parts::bounds_time; }

    /// The composition as a tree of text, with every option in force.
    [[nodiscard]] std::string describe() {
        return std::apply([](auto&... layer) { return describe_layers(unwrap(layer)...); }, layers_);
    }

    /// For drivers: the machine of one call.
    template <class T>
    [[nodiscard]] run_type<T> start_run(const call_options& said, environment& lent, parking& place) {
        return run_type<T>{layers_, rules_, said, lent, place};
    }

private:
    template <class Layer>
    static void stop_threads([[maybe_unused]] Layer& layer) noexcept {
        if constexpr (owns_threads<Layer>) layer.stop();
    }

    template <std::size_t... I>
    constexpr pipeline(std::tuple<Layers...> given, std::index_sequence<I...>)
        : layers_{std::move(std::get<I>(given))...}, rules_{take_rules(given)} {
        const void* gates[] = {gate_behind(std::get<I>(layers_))..., nullptr};
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

    layers layers_;
    [[no_unique_address]] rules rules_;
};

template <class... Given>
explicit pipeline(Given&&...) -> pipeline<owned_layer<Given>...>;

}  // namespace cutwater
