// A hundred orders in three steps: a carrier declines every third, and every seventh time the journal cannot be written, as if the process had gone. Whoever comes
// later resumes what was left. In the end each order is placed or nothing of it is there: the warehouse, the bank and the carrier agree.

#include "cutwater/saga/saga.hpp"

#include <cstdlib>
#include <iostream>
#include <set>

#include "cutwater/cutwater.hpp"
#include "cutwater/store/memory/memory_store.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// What really happens, outside of the process.
struct outer_world {
    std::set<std::string> reserved;
    std::set<std::string> charged;
    std::set<std::string> shipped;
};

/// Every seventh order meets it when it cannot be reached.
class unreliable_store final : public cw::cell_store {
public:
    explicit unreliable_store(cw::cell_store& kept) : kept_{kept} {}

    unsigned works_for = 0;  // so many questions, then
    unsigned fails_for = 0;  // not for so many

    [[nodiscard]] cw::name store_name() const noexcept override { return kept_.store_name(); }
    void begin(cw::cell_request asked, cw::cell_completion done) noexcept override {
        if (works_for > 0) {
            --works_for;
        } else if (fails_for > 0) {
            --fails_for;
            return done(std::unexpected{cw::error{std::make_error_code(std::errc::connection_reset)}});
        }
        kept_.begin(std::move(asked), std::move(done));
    }

private:
    cw::cell_store& kept_;
};

}  // namespace

int main() {
    outer_world world;
    cw::memory_store kept;
    unreliable_store cells{kept};
    cw::pipeline carrier{cw::timeout{5s}, cw::retry{{.max_attempts = 2, .base_delay = 1ms}}};

    // Undos bear that there is nothing to undo, and that they have been made already: erasing from a set does.
    cw::saga<std::string> place{cells,
                                {.name = "place order", .lease = 10ms},
                                {{"reserve", [&](std::string& order) { world.reserved.insert(order); },
                                  [&](std::string& order) { world.reserved.erase(order); }},
                                 {"charge", [&](std::string& order) { world.charged.insert(order); },
                                  [&](std::string& order) { world.charged.erase(order); }},
                                 {"ship",
                                  [&](std::string& order) {
                                      return carrier.run(
                                          {.operation = "ship"}, [&]() -> std::expected<void, std::string> {
                                              if (order.size() % 3 == 0)
                                                  return std::unexpected{"the carrier does not go there"};
                                              world.shipped.insert(order);
                                              return {};
                                          });
                                  },
                                  [&](std::string& order) { world.shipped.erase(order); }}}};

    unsigned placed = 0;
    unsigned undone = 0;
    unsigned left = 0;
    for (unsigned i = 0; i < 100; ++i) {
        if (i % 7 == 6) {
            cells.works_for = 1 + i % 3;
            cells.fails_for = 2;
        }
        const auto ended = place.run("order-" + std::to_string(i), std::string(1 + i, 'x'));
        if (!ended)
            ++left;
        else
            ++(ended->is_completed() ? placed : undone);
    }

    // Another process, later: the leases of what was left are over.
    unsigned resumed = 0;
    while (!place.unfinished()->empty()) {
        const auto ended = place.resume_all();
        for (const auto& each : *ended)
            if (each.ended && each.ended->end == cw::saga_end::undone) ++resumed;
    }

    std::cout << placed << " orders placed, " << undone << " undone at once, " << left << " left by their process, "
              << resumed << " of those undone later; " << world.reserved.size() << " are reserved, "
              << world.charged.size() << " charged, " << world.shipped.size() << " shipped\n";
    const bool agree = world.reserved == world.charged && world.charged == world.shipped;
    return agree && world.shipped.size() == placed && left == resumed && left > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
