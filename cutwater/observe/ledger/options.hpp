// The knobs of a ledger.
//
//     cw::call_ledger kept{{.only_call = "order-7"}};
#pragma once

#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

struct call_ledger_options {
    std::string name = "ledger";
    std::string only_call = {};
    std::size_t max_entries = 10'000;
    std::size_t max_text = 1'000;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names it in errors");
        visit("only_call", self.only_call, any_value, "the id of the one call that is written down; empty: all calls");
        visit("max_entries", self.max_entries, within(std::size_t{1}, std::size_t{100'000'000}),
              "entries that are kept; those that come later are counted");
        visit("max_text", self.max_text, within(std::size_t{1}, std::size_t{1'000'000}),
              "bytes of one text that are kept");
    }
};

}  // namespace cutwater
