// What a retry costs a call: where the first attempt succeeds, and on each way to fail; the first also with two threads on
// one retry. Waits take no time here, and the clock that is read costs nothing: what is left is the retry's own.

#include "bench/support/reference.hpp"
#include "cutwater/cutwater.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;
using cw::bench::bare_call;
using cw::bench::keep;

class waits_take_no_time final : public cw::environment, public cw::blocking_environment {
public:
    [[nodiscard]] cw::instant now() noexcept override { return time_; }
    [[nodiscard]] cw::random_source& random() noexcept override { return dice_; }
    [[nodiscard]] cw::environment& lent() noexcept override { return *this; }
    [[nodiscard]] cw::wait_end wait(cw::parker&, cw::instant until, const std::stop_token&) override {
        time_ = until;
        return cw::wait_end::time;
    }

private:
    cw::instant time_{};
    cw::random_source dice_{42};
};

/// Fails the first so many attempts of each call.
struct failing {
    std::error_code code;
    unsigned attempts = ~0U;

    std::expected<int, std::error_code> operator()(cw::attempt& a) const {
        if (a.number() <= attempts) return std::unexpected{code};
        return bare_call();
    }
};

class refusing {
public:
    struct ticket {};
    [[nodiscard]] cw::name layer_name() const { return {}; }
    [[nodiscard]] cw::admission<ticket> admit(cw::call_context&, cw::moment&) const { return cw::refusal{}; }
    void settle(ticket&, const cw::observation&, cw::call_context&, cw::moment&) const {}
    void abandon(ticket&) const noexcept {}
};

template <class Pipeline, class F>
void measure(benchmark::State& state, Pipeline&& guarded, const F& f) {
    waits_take_no_time waits;
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) keep(cw::run_blocking(guarded, cw::nothing_said, f, waits));
}

const failing once{std::make_error_code(std::errc::connection_reset), 1};
const failing always{std::make_error_code(std::errc::connection_reset)};
const failing hopelessly{std::make_error_code(std::errc::permission_denied)};

void no_layer(benchmark::State& state) { measure(state, cw::pipeline{cw::classify{}}, bare_call); }
void no_layer_and_a_failure(benchmark::State& state) { measure(state, cw::pipeline{cw::classify{}}, hopelessly); }
void refusing_layer(benchmark::State& state) { measure(state, cw::pipeline{refusing{}}, bare_call); }
CUTWATER_BENCH_ALONE(no_layer, "reference/no_layer");
CUTWATER_BENCH_ALONE(no_layer_and_a_failure, "reference/no_layer_and_a_failure");
CUTWATER_BENCH_ALONE(refusing_layer, "reference/refusing_layer");

void first_attempt_succeeds(benchmark::State& state) {
    static cw::pipeline shared{cw::retry{}};
    measure(state, shared, bare_call);
}
void with_a_total(benchmark::State& state) { measure(state, cw::pipeline{cw::retry{{.max_total = 1min}}}, bare_call); }
void second_attempt_succeeds(benchmark::State& state) { measure(state, cw::pipeline{cw::retry{}}, once); }
void all_three_attempts_fail(benchmark::State& state) { measure(state, cw::pipeline{cw::retry{}}, always); }
void failure_is_permanent(benchmark::State& state) { measure(state, cw::pipeline{cw::retry{}}, hopelessly); }
void layer_inside_refuses(benchmark::State& state) {
    static cw::pipeline shared{cw::retry{}, refusing{}};
    measure(state, shared, bare_call);
}
CUTWATER_BENCH(first_attempt_succeeds, "retry/first_attempt_succeeds");
CUTWATER_BENCH_ALONE(with_a_total, "retry/first_attempt_succeeds_within_a_total");
CUTWATER_BENCH_ALONE(second_attempt_succeeds, "retry/second_attempt_succeeds");
CUTWATER_BENCH_ALONE(all_three_attempts_fail, "retry/all_three_attempts_fail");
CUTWATER_BENCH_ALONE(failure_is_permanent, "retry/failure_is_permanent");
CUTWATER_BENCH(layer_inside_refuses, "retry/layer_inside_refuses");

}  // namespace
