// A drill. A shop asks its warehouse through a retry, a circuit breaker and a timeout; each is proven with faults that are made for it, and
// the drill ends by itself. In virtual time, so the minutes are over at once.

#include <cstdlib>
#include <iostream>
#include <string>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

const cw::injection resets = cw::injection::failure(std::errc::connection_reset);

/// Says what was proven, and remembers whether all of it was.
class protocol {
public:
    void note(std::string_view what, bool holds) {
        std::cout << (holds ? "  proven: " : "  NOT SO: ") << what << '\n';
        all_hold_ = all_hold_ && holds;
    }
    [[nodiscard]] int exit_code() const { return all_hold_ ? EXIT_SUCCESS : EXIT_FAILURE; }

private:
    bool all_hold_ = true;
};

}  // namespace

int main() {
    cw::testing::virtual_time time;
    cw::circuit_breaker health{{.name = "warehouse",
                                .window = cw::breaker_window::consecutive,
                                .consecutive_failures = 5,
                                .open_for = 10s,
                                .probes = 1,
                                .probe_successes = 1}};
    cw::fault drill{{.name = "drill", .seed = 2026}};
    cw::pipeline warehouse{cw::retry{{.max_attempts = 3, .base_delay = 50ms, .jitter = cw::jitter::none}},
                           cw::ref(health), cw::timeout{{.name = "attempt", .after = 500ms}}, cw::ref(drill)};
    const auto ask = [&] { return time.run(warehouse, {.operation = "get_stock"}, [] { return 12; }); };
    protocol says;

    std::cout << "Nobody has armed the drill:\n";
    says.note("the shop is told what is in stock", ask() == 12 && drill.read().empty());

    std::cout << "Two attempts fail:\n";
    drill.replace_rules({{.name = "blip", .what = resets, .when = cw::fault_when::first(2)}});
    drill.arm();
    says.note("the third attempt rescues the call", ask() == 12);

    std::cout << "Every attempt hangs:\n";
    drill.replace_rules({{.name = "hangs", .what = cw::injection::hang()}});
    const cw::instant began = time.present();
    const auto hung = ask();
    says.note("the timeout ends each of three: " + hung.error().message(),
              hung.error().code() == cw::errc::timed_out && time.present() - began == 3 * 500ms + 150ms);

    std::cout << "The warehouse is down:\n";
    drill.replace_rules({{.name = "outage", .what = resets, .until = time.in(30s)}});
    (void)ask();
    const auto refused = ask();
    says.note("the circuit opens: " + refused.error().message(), refused.error().code() == cw::errc::circuit_open);
    const std::uint64_t asked = drill.read().at(0).seen;
    (void)ask();
    says.note("and spares the warehouse", drill.read().at(0).seen == asked);

    std::cout << "Half a minute later the outage is over:\n";
    time.pass(1min);
    says.note("a probe finds out, and the circuit closes",
              ask() == 12 && health.state(time.present()) == cw::circuit_state::closed);

    std::cout << "One attempt in ten fails, for a thousand calls:\n";
    drill.replace_rules({{.name = "lossy", .what = resets, .when = cw::fault_when::share(0.1)}});
    unsigned failed = 0;
    for (int i = 0; i < 1000; ++i) failed += ask().has_value() ? 0U : 1U;
    const cw::fault_reading lossy = drill.read().at(0);
    std::cout << "  " << lossy.injected << " of " << lossy.seen << " attempts failed, and " << failed << " calls\n";
    says.note("hardly a call fails, with three attempts each", failed < 5 && lossy.injected > 70);

    drill.disarm();
    says.note("and when it is over, nothing is injected", ask() == 12);
    return says.exit_code();
}
