// Whose time ran out? The attempt's, the whole call's, the caller's, or nobody's: the caller lost interest. Four ends of a
// call to a dependency that hangs, and how a program tells them apart.

#include <cstdio>
#include <string>

#include "cutwater/cutwater.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// A client that is told its deadline and keeps to it, as a socket with a timeout does. The server never answers.
std::expected<int, std::error_code> hanging_server(cw::attempt& a) {
    while (a.remaining() > 0s && !a.stop_requested()) {}
    return std::unexpected{std::make_error_code(std::errc::timed_out)};
}

/// What a program does about each.
const char* advice(const cw::error& e) {
    if (e.code() == cw::errc::timed_out) return "the dependency was too slow: say so to those who run it";
    if (e.code() == cw::errc::deadline_exceeded) return "there was no time left: answer the one who asked so late";
    if (e.code() == cw::errc::cancelled) return "nobody waits any more: say nothing";
    return "something else";
}

template <class Pipeline>
void call(const char* title, Pipeline& stock, const cw::call_options& said) {
    const auto result = stock.run(said, hanging_server);
    std::printf("%s:\n", title);
    if (result) return;
    std::printf("  %s\n  %s\n", result.error().message().c_str(), advice(result.error()));
}

}  // namespace

int main() {
    cw::pipeline patient{
        cw::timeout{{.name = "total", .after = 1h}},
        cw::timeout{{.name = "attempt", .after = 5ms}},
    };
    call("The attempt's limit is the tighter one", patient, {.operation = "get_stock"});

    cw::pipeline hasty{
        cw::timeout{{.name = "total", .after = 5ms}},
        cw::retry{{.max_attempts = 9, .base_delay = 1h, .max_delay = 1h}},
        cw::timeout{{.name = "attempt", .after = 1h}},
    };
    call("The whole call's is", hasty, {.operation = "get_stock", .id = "order-17"});

    call("The caller has less time than both", patient, {.operation = "get_stock", .deadline = cw::in(1ms)});

    call("The caller has none left, and nothing is sent", patient, {.operation = "get_stock", .deadline = cw::now()});

    std::stop_source stop;
    cw::pipeline cancelled{cw::timeout{1h}};
    const auto result = cancelled.run({.operation = "get_stock", .stop = stop.get_token()}, [&](cw::attempt& a) {
        stop.request_stop();  // as another thread would
        return hanging_server(a);
    });
    std::printf("The caller cancels:\n  %s\n  %s\n", result.error().message().c_str(), advice(result.error()));
}
