// A bad moment of a dependency, drawn from its spans: what was the caller's time, and what the callee's.

#include "cutwater/observe/trace/traced.hpp"

#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <string>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/trace/span_recorder.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// A line for each span, as wide as it took: a column for ten milliseconds.
void draw(const cw::span_recorder& seen) {
    const cw::trace_span call = seen.all().back();
    const auto column = [&](cw::unix_nanoseconds t) { return static_cast<std::size_t>((t - call.begin) / 10ms); };
    for (const cw::trace_span& each : seen.all()) {
        const std::size_t from = column(each.begin);
        std::cout << std::left << std::setw(20) << each.name << std::string(from, ' ')
                  << std::string(std::max<std::size_t>(column(each.end) - from, 1),
                                 each.kind == cw::span_kind::client ? '#' : '-')
                  << (each.status == cw::span_status::error ? "  " + each.status_message : "") << '\n';
        for (const cw::span_event& e : each.events)
            std::cout << std::setw(20) << "" << std::string(column(e.at), ' ') << "^ " << e.name << '\n';
    }
}

}  // namespace

int main() {
    cw::testing::virtual_time time;
    cw::testing::mock_dependency<int> stock{time};
    stock.fails(std::errc::connection_reset, 40ms).hangs().returns(7, 60ms);

    cw::span_recorder seen;
    cw::tracer tracer{seen, {.share = 1.0}, time};
    cw::pipeline inventory{
        cw::traced{tracer},
        cw::retry{{.max_attempts = 3, .jitter = cw::jitter::none}},
        cw::traced_attempt{tracer},
        cw::timeout{200ms},
    };
    const auto pieces = time.run(inventory, {.operation = "get_stock"}, stock.blocking());

    draw(seen);
    const auto all = seen.all();
    for (const cw::span_attribute& a : all.back().attributes)
        if (const auto* seconds = std::get_if<double>(&a.value)) std::cout << a.key << " = " << *seconds << " s\n";
    return pieces == 7 && seen.all().size() == 4 ? EXIT_SUCCESS : EXIT_FAILURE;
}
