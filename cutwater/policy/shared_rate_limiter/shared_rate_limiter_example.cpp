// A partner takes a hundred requests a second from us, and locks us out for more. We are three processes, and a fourth that was started yesterday and forgotten:
// each with a limiter, all over one store. Here they are in one process, in virtual time.

#include "cutwater/policy/shared_rate_limiter/shared_rate_limiter.hpp"

#include <array>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "cutwater/cutwater.hpp"
#include "cutwater/store/memory/memory_store.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::testing::virtual_time time;
    cw::memory_store cells{{.name = "cells"}, time};  // Redis, where they are processes
    const cw::shared_rate_limiter_options limit{
        .name = "partner api", .permits = 100, .per = 1s, .burst = 20, .lease = 5};

    std::array<std::unique_ptr<cw::shared_rate_limiter>, 4> processes;
    for (auto& one : processes) one = std::make_unique<cw::shared_rate_limiter>(cells, limit);

    unsigned asked = 0;
    unsigned refused = 0;
    cw::duration latest_hint{};
    const auto partner = [&] { return ++asked; };
    for (int ms = 0; ms < 10'000; ++ms, time.pass(1ms))
        for (const auto& one : processes) {
            cw::pipeline guarded{cw::ref(*one)};
            const auto told = time.run(guarded, {.operation = "price"}, partner);
            if (told) continue;
            ++refused;
            latest_hint = told.error().retry_after().value_or(0s);
        }

    std::uint64_t leased = 0;
    for (const auto& one : processes) leased += one->leased();
    std::cout << "of 40000 requests in ten seconds " << asked << " were sent; " << refused
              << " were refused, the last one for " << cw::to_text(latest_hint) << '\n'
              << leased << " permits were leased\n";
    return asked <= 20 + 1000 && asked >= 900 && leased >= asked ? EXIT_SUCCESS : EXIT_FAILURE;
}
