// What is wrong with options, as whoever makes a policy of them is told.
//
//     #include "cutwater/testing/refused_options.hpp"
//     using namespace cutwater::testing;
//
//     EXPECT_EQ(refused_with<cw::timeout>(cw::timeout_options{.name = "attempt", .after = 0s}),
//               "timeout \"attempt\": after is 0s, allowed is more than 0s and at most 8760h");
//     EXPECT_EQ(refused_with<cw::timeout>(cw::timeout_options{.after = 1s}), "");
#pragma once

#include <string>
#include <utility>

#include "cutwater/core/options.hpp"

namespace cutwater::testing {

/// What making a `Policy` of `options` is refused with, one problem a line; empty where it is made.
template <class Policy, class Options>
[[nodiscard]] std::string refused_with(Options options) {
    try {
        const Policy made{std::move(options)};
        return {};
    } catch (const invalid_options& e) {
        return e.what();
    }
}

}  // namespace cutwater::testing
