// A search service goes down for a minute, and twenty instances call it. Each with a retry budget of its own, its floor alone is sixty further attempts a second; with one
// budget for all of them it is three. Here they are in one process, in virtual time.

#include "cutwater/policy/shared_retry_budget/shared_retry_budget.hpp"

#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/store/memory/memory_store.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

constexpr unsigned instances = 20;
constexpr unsigned calls_each = 600;  // in a minute

/// How often a service that is down is asked in a minute, when instance `i` retries as `budgets[i]` pays for.
unsigned asked_in_a_minute(cw::testing::virtual_time& time, const std::vector<cw::attempt_budget*>& budgets) {
    unsigned asked = 0;
    const auto search = [&]() -> std::expected<int, std::error_code> {
        ++asked;
        return std::unexpected{std::make_error_code(std::errc::connection_refused)};
    };
    for (unsigned call = 0; call < calls_each; ++call)
        for (cw::attempt_budget* const budget : budgets) {
            cw::pipeline guarded{cw::retry{{.base_delay = 1ms, .max_delay = 2ms, .budget = budget}}};
            (void)time.run(guarded, search);
            time.pass(cw::duration{60s} / (calls_each * instances));
        }
    return asked - calls_each * instances;
}

}  // namespace

int main() {
    cw::testing::virtual_time time;
    cw::memory_store cells{{.name = "cells"}, time};  // Redis, where they are processes

    std::vector<std::unique_ptr<cw::retry_budget>> own;
    std::vector<std::unique_ptr<cw::shared_retry_budget>> shared;
    std::vector<cw::attempt_budget*> each_its_own;
    std::vector<cw::attempt_budget*> one_for_all;
    for (unsigned i = 0; i < instances; ++i) {
        own.push_back(std::make_unique<cw::retry_budget>(
            cw::retry_budget_options{.name = "search", .ratio = 0.05, .min_per_second = 3}));
        shared.push_back(std::make_unique<cw::shared_retry_budget>(
            cells, cw::shared_retry_budget_options{
                       .name = "search", .ratio = 0.05, .min_per_second = 3, .capacity = 50, .lease = 2}));
        each_its_own.push_back(own.back().get());
        one_for_all.push_back(shared.back().get());
    }

    const unsigned apart = asked_in_a_minute(time, each_its_own);
    const unsigned together = asked_in_a_minute(time, one_for_all);
    std::cout << "12000 calls in a minute, all of which fail\n"
              << "further attempts with a budget for each instance: " << apart << '\n'
              << "with one for all: " << together << "; a twentieth of the calls is 600, three a second are 180\n";
    return apart > 3000 && together > 600 && together <= 600 + 200 + 50 + 40 ? EXIT_SUCCESS : EXIT_FAILURE;
}
