// One instance, shared by several pipelines.
//
//     cw::circuit_breaker inventory_health{{.name = "inventory"}};
//     cw::pipeline reads{cw::retry{}, cw::ref(inventory_health)};
//     cw::pipeline writes{cw::ref(inventory_health)};
//
// A pipeline owns the policies that it is given; what it is given by `ref` it only refers to, and it must not outlive it.
#pragma once

#include <type_traits>

namespace cutwater {

template <class Policy>
class reference {
public:
    constexpr explicit reference(Policy& policy) noexcept : policy_{&policy} {}
    [[nodiscard]] constexpr Policy& get() const noexcept { return *policy_; }

private:
    Policy* policy_;
};

template <class Policy>
[[nodiscard]] constexpr reference<Policy> ref(Policy& policy) noexcept {
    return reference<Policy>{policy};
}
template <class Policy>
auto ref(const Policy&& temporary) {
    static_assert(sizeof(Policy) == 0,
                  "cutwater::ref: a temporary would be gone before the first call; give the policy a name");
    return reference{temporary};
}

namespace detail {

template <class Layer>
struct layer_policy {
    using type = Layer;
    static constexpr Layer& of(Layer& layer) noexcept { return layer; }
};
template <class Policy>
struct layer_policy<reference<Policy>> {
    using type = Policy;
    static constexpr Policy& of(reference<Policy>& layer) noexcept { return layer.get(); }
};

}  // namespace detail

/// The policy behind a layer: itself, or what it refers to.
template <class Layer>
using policy_of = typename detail::layer_policy<Layer>::type;

template <class Layer>
[[nodiscard]] constexpr policy_of<Layer>& unwrap(Layer& layer) noexcept {
    return detail::layer_policy<Layer>::of(layer);
}

}  // namespace cutwater
