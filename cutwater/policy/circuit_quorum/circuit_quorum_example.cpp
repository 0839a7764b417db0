// Six instances call an inventory. One of them has a broken network: it learns that it is alone with that. Then the inventory really goes down, and the instance
// with so little traffic that it would not have noticed for minutes learns it from the others. Here they are in one process, in virtual time.

#include "cutwater/policy/circuit_quorum/circuit_quorum.hpp"

#include <cstdlib>
#include <iostream>
#include <memory>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/store/memory/memory_store.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// One instance: its own breaker, and what it hears of the others'.
struct instance {
    explicit instance(cw::cell_store& cells) : others{cells, health} {}

    cw::circuit_breaker health{{.name = "inventory", .open_for = 5min}};
    cw::circuit_quorum others;
    bool network_is_broken = false;
    unsigned every = 1;  // of the ticks it calls
};

class fleet {
public:
    fleet() {
        for (int i = 0; i < 6; ++i) all_.push_back(std::make_unique<instance>(cells_));
        all_.back()->every = 20;
    }
    instance& of(std::size_t i) { return *all_[i]; }
    bool inventory_is_down = false;

    /// Ticks of a tenth of a second.
    void run(unsigned ticks) {
        for (unsigned tick = 1; tick <= ticks; ++tick, time_.pass(100ms))
            for (const auto& one : all_)
                if (tick % one->every == 0) call(*one);
    }
    [[nodiscard]] std::string_view state(std::size_t i) { return to_text(all_[i]->health.state(time_.present())); }

private:
    void call(instance& one) {
        cw::pipeline guarded{cw::ref(one.others), cw::ref(one.health)};
        (void)time_.run(guarded, [&]() -> std::expected<int, std::error_code> {
            if (one.network_is_broken || inventory_is_down)
                return std::unexpected{std::make_error_code(std::errc::host_unreachable)};
            return 42;
        });
    }

    cw::testing::virtual_time time_;
    cw::memory_store cells_{{.name = "cells"}, time_};  // Redis, where they are processes
    std::vector<std::unique_ptr<instance>> all_;
};

}  // namespace

int main() {
    fleet all;
    all.run(100);

    all.of(0).network_is_broken = true;
    all.run(60);
    std::cout << "one with a broken network: " << all.state(0) << ", another: " << all.state(1) << '\n';
    bool is_well = all.state(0) == "open" && all.state(1) == "closed";

    all.of(0).network_is_broken = false;
    all.run(80);
    std::cout << "eight seconds after it was mended, and not five minutes: " << all.state(0) << '\n';
    is_well &= all.state(0) == "closed";

    all.inventory_is_down = true;
    all.run(200);
    std::cout << "the inventory is down: " << all.state(1) << "; one that calls every two seconds: " << all.state(5)
              << '\n';
    is_well &= all.state(1) == "open" && all.state(5) == "open";
    return is_well ? EXIT_SUCCESS : EXIT_FAILURE;
}
