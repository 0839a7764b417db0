// The composition checked where it is built.
//
// A wrong composition fails one `static_assert` here, before any body is instantiated, and the first line of the error
// names what is wrong. `test/compile_fail` holds the first line of each.
#pragma once

#include <chrono>
#include <cstddef>
#include <type_traits>

#include "cutwater/core/classify.hpp"
#include "cutwater/core/family.hpp"
#include "cutwater/pipeline/ref.hpp"

namespace cutwater {

template <class Layer>
inline constexpr bool is_rules = false;
template <class... Rules>
inline constexpr bool is_rules<classify<Rules...>> = true;

template <class Layer>
inline constexpr bool is_duration = false;
template <class Count, class Period>
inline constexpr bool is_duration<std::chrono::duration<Count, Period>> = true;

namespace detail {

template <class Given>
struct layer_from {
    static_assert(!std::is_base_of_v<listener, std::decay_t<Given>>,
                  "cutwater::pipeline: a listener is no layer; write cw::observe{listener}");
    static_assert(
        std::is_base_of_v<listener, std::decay_t<Given>> || std::is_constructible_v<std::decay_t<Given>, Given>,
        "cutwater::pipeline: a layer cannot be copied, it is one for all who share it; write cw::ref(layer), or "
        "std::move(layer) where it is this pipeline's alone");
    using type = std::decay_t<Given>;
};

}  // namespace detail

/// The layer that a pipeline keeps of what it is given.
template <class Given>
using owned_layer = typename detail::layer_from<Given>::type;

/// Whether `Layer` belongs to one of the families; specialise the message for your own by modelling a concept.
template <class Layer>
consteval void check_layer() {
    if constexpr (!is_rules<Layer>) {
        static_assert(!is_duration<Layer>, "cutwater::pipeline: a layer is a duration; write cw::timeout{500ms}");
        static_assert(named_layer<policy_of<Layer>>, "cutwater::pipeline: a layer has no layer_name()");
        if constexpr (requires { typename policy_of<Layer>::ticket; })
            static_assert(gate<policy_of<Layer>>,
                          "cutwater::pipeline: a layer has tickets and is no gate; it wants admit(call, now), "
                          "settle(ticket, seen, call, now) and abandon(ticket) noexcept");
        static_assert(
            policy<policy_of<Layer>>,
            "cutwater::pipeline: a layer is neither a gate, a loop nor a frame (see cutwater/core/family.hpp)");
    }
}

/// The gate behind a layer; null where it is none. Whoever stands in the same gate twice can wait for itself for ever.
template <class Layer>
[[nodiscard]] constexpr const void* gate_behind([[maybe_unused]] Layer& layer) noexcept {
    if constexpr (gate<policy_of<Layer>>)
        return &unwrap(layer);
    else
        return nullptr;
}
[[noreturn]] void refuse_same_gate();

/// Whether a policy makes further attempts, one after the other or beside each other.
template <class P>
inline constexpr bool is_loop = loop<P> || racing_loop<P>;

/// The first that holds, from `at` on; their number where none does.
template <std::size_t N>
[[nodiscard]] consteval std::size_t first_of(const bool (&holds)[N], std::size_t at = 0) {
    while (at < N && !holds[at]) ++at;
    return at;
}

template <class... Layers>
consteval void check_composition() {
    static_assert(sizeof...(Layers) > 0, "cutwater::pipeline: there is no layer");
    constexpr bool rules[] = {is_rules<Layers>...};
    constexpr std::size_t count = (std::size_t{0} + ... + std::size_t{is_rules<Layers>});
    static_assert(count <= 1, "cutwater::pipeline: classify stands twice; put all rules into one");
    static_assert(count == 0 || rules[sizeof...(Layers) - 1],
                  "cutwater::pipeline: classify is not the innermost layer; outcomes are judged where they are born");
    static_assert((std::size_t{0} + ... + std::size_t{runs_calls<policy_of<Layers>>}) <= 1,
                  "cutwater::pipeline: two layers have threads of their own; a call runs on one");
    constexpr bool races[] = {racing_loop<policy_of<Layers>>...};
    constexpr bool runs[] = {runs_calls<policy_of<Layers>>...};
    constexpr std::size_t racer = first_of(races);
    static_assert(racer == sizeof...(Layers) || first_of(races, racer + 1) == sizeof...(Layers),
                  "cutwater::pipeline: two layers hedge; their attempts would multiply");
    static_assert(
        racer == sizeof...(Layers) || first_of(runs) > racer,
        "cutwater::pipeline: a layer with threads stands outside of a hedge; attempts run on it, so it belongs "
        "inside");
    constexpr bool per_attempt[] = {per_attempt_layer<policy_of<Layers>>...};
    constexpr bool loops[] = {is_loop<policy_of<Layers>>...};
    static_assert(
        first_of(loops, first_of(per_attempt)) == sizeof...(Layers),
        "cutwater::pipeline: a layer for each attempt (a fault) stands outside of a retry or hedge; it belongs inside");
    constexpr bool chooses[] = {choosing_gate<policy_of<Layers>>...};
    constexpr std::size_t chooser = first_of(chooses);
    static_assert(
        first_of(chooses, chooser + 1) >= sizeof...(Layers),
        "cutwater::pipeline: two layers choose where an attempt goes (endpoints); only one can. Leave one of them out");
    static_assert(first_of(races, chooser) >= sizeof...(Layers),
                  "cutwater::pipeline: a layer that chooses where an attempt goes (endpoints) stands outside of a "
                  "hedge; all its attempts would go to the same place. It belongs inside");
    (check_layer<Layers>(), ...);
}

}  // namespace cutwater
