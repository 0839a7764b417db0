// Four calls through retries: one that is rescued, one that waits as long as it is told to, one that must not be repeated,
// and one for which nothing helps.

#include <cstdio>
#include <string>

#include "cutwater/cutwater.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

struct response {
    int status = 200;
    cw::duration retry_after{};
};

/// The header says how long to leave the server alone.
std::optional<cw::judgement> judge(const cw::outcome<response>& out) {
    if (!out.has_value() || out.result()->status != 503) return std::nullopt;
    return cw::judgement{.meaning = cw::verdict::transient, .retry_after = out.result()->retry_after};
}

std::string milliseconds(cw::duration d) { return std::to_string(d / 1ms) + " ms"; }

void print_retry(const cw::retry_scheduled& next) {
    std::printf("  attempt %u failed (%s): again in %s\n", next.failed_attempts, next.error_message.c_str(),
                milliseconds(next.delay).c_str());
}

/// Without jitter, so that this prints the same every time: leave it out where more than one client may fail at once.
cw::retry_options patient() {
    return {.max_attempts = 4, .base_delay = 2ms, .jitter = cw::jitter::none, .on_retry = print_retry};
}

std::unexpected<std::error_code> fails(std::errc code) { return std::unexpected{std::make_error_code(code)}; }

void is_rescued() {
    std::printf("A connection is reset twice:\n");
    cw::pipeline prices{cw::retry{patient()}, cw::timeout{{.name = "attempt", .after = 500ms}}};
    const auto price = prices.run([](cw::attempt& a) -> std::expected<int, std::error_code> {
        if (a.number() < 3) return fails(std::errc::connection_reset);
        return 1299;
    });
    std::printf("  price: %d\n", price.value_or(0));
}

void waits_as_told() {
    std::printf("A server is overloaded, and says for how long:\n");
    cw::retry_options options = patient();
    options.on_retry = [](const cw::retry_scheduled& next) {
        std::printf("  not before 5 ms have passed: %s\n", next.delay >= 5ms && next.delay < 8ms ? "kept" : "broken");
    };
    cw::pipeline reports{cw::retry{options}, cw::classify{judge}};
    const auto report = reports.run(
        [](cw::attempt& a) { return a.number() == 1 ? response{.status = 503, .retry_after = 5ms} : response{}; });
    std::printf("  status: %d\n", report ? report->status : 0);
}

void must_not_be_repeated() {
    std::printf("A charge, which must not happen twice:\n");
    cw::pipeline charges{cw::retry{patient()}};
    const cw::call_options charge{.operation = "charge", .idempotent = cw::idempotency::not_idempotent};
    const auto result = charges.run(charge, [](cw::attempt& a) -> std::expected<int, std::error_code> {
        if (a.number() == 1) return fails(std::errc::connection_refused);  // cannot have left: safe to try again
        return fails(std::errc::connection_reset);                         // may have been executed: not safe
    });
    std::printf("  %s\n", result ? "charged" : result.error().message().c_str());
}

void nothing_helps() {
    std::printf("A dependency that is down:\n");
    cw::pipeline prices{cw::retry{patient()}};
    const auto price = prices.run({.operation = "get_price"}, []() -> std::expected<int, std::error_code> {
        return fails(std::errc::host_unreachable);
    });
    if (price) return;
    std::printf("  %s\n", price.error().message().c_str());
    for (const cw::attempt_record& a : price.error().history())
        std::printf("    attempt %u: %s%s\n", a.number, a.text.c_str(),
                    a.wait_after > 0s ? (", then " + milliseconds(a.wait_after) + " of waiting").c_str() : "");
}

}  // namespace

int main() {
    is_rescued();
    waits_as_told();
    must_not_be_repeated();
    nothing_helps();
}
