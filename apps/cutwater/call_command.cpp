// `cutwater call` on the command line: a resilient curl.

#include <fmt/format.h>

#include <memory>

#include "apps/cutwater/call_outcome.hpp"
#include "apps/cutwater/call_run.hpp"
#include "apps/cutwater/commands.hpp"

namespace cutwater::app {

namespace {

constexpr auto about = R"(Makes an HTTP request that survives a dependency having a bad moment: bounded in time,
tried again where that helps and is safe, and stopped where it does not. The answer goes to standard output, what
happened on the way as JSON lines to standard error. Redirects are not followed.)";

constexpr auto examples = R"(Examples:
  cutwater call https://stock.example/items/7
  cutwater call --timeout 2s --attempt-timeout 500ms --max-attempts 4 http://127.0.0.1:8080/
  cutwater call -X PUT -H 'Content-Type: application/json' -d @item.json https://stock.example/items/7
  cutwater call -d 'sku=7' --idempotent -H 'Idempotency-Key: 4711' https://stock.example/orders
  cutwater call --explain --events info http://127.0.0.1:8080/flaky
  cutwater call --repeat 1000 --concurrency 20 --breaker-open-for 2s http://127.0.0.1:8080/

What is tried again: statuses 408, 425, 429, 502, 503, 504 and failures of the network, if the method is idempotent (GET,
HEAD, OPTIONS, TRACE, PUT, DELETE, or --idempotent) or the request was never sent. A Retry-After is honoured.
Durations have units: 250ms, 1.5s, 2min, 1h.
)";

int refuse(const std::vector<std::string>& problems) {
    for (const std::string& problem : problems) fmt::print(stderr, "cutwater call: {}\n", problem);
    fmt::print(stderr, "Try `cutwater call --help`.\n");
    return misused;
}

int run_call(call_settings settings) {
    if (const auto problems = complete(settings); !problems.empty()) return refuse(problems);
    const auto request = request_of(settings);
    if (!request) return refuse({request.error()});
    try {
        return settings.repeat > 0 ? call_many(settings, *request) : call_once(settings, *request);
    } catch (const invalid_options& e) {  // what only shows when it is used: a file of certificates
        return refuse({e.what()});
    }
}

}  // namespace

void add_call(CLI::App& program, action& chosen) {
    const auto settings = std::make_shared<call_settings>();
    CLI::App* const command =
        program.add_subcommand("call", "An HTTP request that survives a bad moment of its dependency");
    command->description(about);
    command->footer(std::string{examples} + "\n" + call_exit_codes);
    add_call_options(*command, *settings);
    command->callback([settings, &chosen] { chosen = [settings] { return run_call(*settings); }; });
}

}  // namespace cutwater::app
