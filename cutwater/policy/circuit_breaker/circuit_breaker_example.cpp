// A payment service goes down for a minute and comes back slowly. Once a second a shop calls it, through a circuit breaker:
// what the shop sees, what the service has to bear, and every decision of the breaker's. The minute passes in no time.

#include <cstdio>
#include <string>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// Prints what the breaker decides, but for its many refusals.
class told_on_screen final : public cw::listener, cw::field_visitor {
public:
    void on_event(const cw::event& e) override {
        const std::string_view name = e.kind().name;
        if (!name.starts_with("circuit_") || name == "circuit_refused") return;
        std::printf("\n%9.*s", static_cast<int>(name.size()), name.data());
        e.visit(*this);
        std::printf("\n");
    }

private:
    void on_text(std::string_view field, std::string_view value) override { print(field, std::string{value}); }
    void on_integer(std::string_view field, std::int64_t value) override { print(field, cw::to_text(value)); }
    void on_number(std::string_view field, double value) override { print(field, cw::to_text(value)); }
    void on_flag(std::string_view field, bool value) override { print(field, cw::to_text(value)); }
    void on_duration(std::string_view field, cw::duration value) override { print(field, cw::to_text(value)); }

    static void print(std::string_view field, const std::string& value) {
        std::printf(" %.*s=%s", static_cast<int>(field.size()), field.data(), value.c_str());
    }
};

/// Well, then down from second 10 to 70, then noisy for a while.
class payment_service {
public:
    explicit payment_service(cw::testing::virtual_time& time) : time_{time} {}

    std::expected<int, std::errc> charge() {
        ++calls_;
        const cw::duration t = time_.elapsed();
        const bool down = t >= 10s && t < 70s;
        const bool noisy = t >= 70s && t < 90s && calls_ % 3 == 0;
        if (down || noisy) return std::unexpected{std::errc::connection_refused};
        return calls_;
    }
    [[nodiscard]] int calls() const { return calls_; }

private:
    cw::testing::virtual_time& time_;
    int calls_ = 0;
};

}  // namespace

int main() {
    cw::testing::virtual_time time;
    payment_service service{time};
    told_on_screen screen;
    cw::circuit_breaker health{{
        .name = "payments",
        .window_time = 10s,
        .minimum_calls = 5,
        .failure_rate = 0.5,
        .open_for = 8s,
        .open_growth = 1.5,
        .probes = 3,
        .probe_successes = 2,
        .ramp_for = 10s,
    }};
    cw::pipeline checkout{cw::observe{screen}, cw::ref(health)};

    std::printf("Each sign is a second: . paid, x failed, - refused at once\n");
    int paid = 0;
    int refused = 0;
    constexpr int seconds = 120;
    for (int second = 0; second < seconds; ++second, time.pass(1s)) {
        const auto result = time.run(checkout, {.operation = "charge"}, [&] { return service.charge(); });
        const bool open = !result && result.error().code() == cw::errc::circuit_open;
        paid += result ? 1 : 0;
        refused += open ? 1 : 0;
        std::printf("%c", result ? '.' : open ? '-' : 'x');
    }

    const auto last = health.counts(time.present());
    std::printf("\n\nThe shop asked %d times: %d paid, %d refused at once, %d failed.\n", seconds, paid, refused,
                seconds - paid - refused);
    std::printf("The service was called %d times; while it was down, it was spared the rest.\n", service.calls());
    const std::string_view state = cw::to_text(health.state(time.present()));
    std::printf("Now the circuit is %.*s, with %llu calls in its window.\n", static_cast<int>(state.size()),
                state.data(), static_cast<unsigned long long>(last.calls));
}
