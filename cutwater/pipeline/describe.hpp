// A composition as text: one layer after another, each inside the one above it; long ones go on in further lines.
//
//     timeout "total" {after = 2s}
//     └─ retry "retry" {max_attempts = 3, …}
//        └─ call
#pragma once

#include <string>

#include "cutwater/core/name.hpp"
#include "cutwater/core/options.hpp"

namespace cutwater {

/// `kind "name" {options}` of one layer; a user's own policy may have `describe()`, `kind`, `described_options()`, `options()`, or none.
template <class Policy>
[[nodiscard]] std::string describe_layer(const Policy& policy) {
    if constexpr (requires { policy.describe(); }) {
        return policy.describe();
    } else {
        std::string line;
        const std::string_view own_name = name{policy.layer_name()}.view();
        if constexpr (requires { Policy::kind; }) {
            line += Policy::kind;
            if (own_name != Policy::kind) line.append(" ").append(in_quotes(own_name));
        } else {
            line += own_name;
        }
        if constexpr (requires { policy.described_options(); })
            line.append(" ").append(policy.described_options());
        else if constexpr (requires { policy.options(); })
            line.append(" ").append(options_text(policy.options()));
        return line;
    }
}

/// One layer below the others, as far in as `depth` says.
void append_layer(std::string& tree, std::size_t depth, std::string_view line);

template <class... Policies>
[[nodiscard]] std::string describe_layers(const Policies&... policies) {
    std::string tree;
    std::size_t depth = 0;
    (append_layer(tree, depth++, describe_layer(policies)), ...);
    append_layer(tree, depth, "call");
    return tree;
}

}  // namespace cutwater
