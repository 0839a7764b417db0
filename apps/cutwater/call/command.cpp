// `cutwater call` on the command line: a resilient curl.

#include "apps/cutwater/call/command.hpp"

#include <memory>

#include "apps/cutwater/call/options.hpp"
#include "apps/cutwater/call/outcome.hpp"
#include "apps/cutwater/call/run.hpp"
#include "apps/cutwater/console/terminal.hpp"

namespace cutwater::app {

namespace {

constexpr auto about_call = R"(Makes an HTTP request that survives a bad moment of its dependency.

Bounded in time, tried again where that helps and is safe, and stopped where it does not. The answer goes to standard output, what happened on the way as JSON lines to standard error. Redirects are not followed: what the server said is what you get.)";

constexpr auto tried_again =
    R"(What is tried again: the statuses of --retry-status and failures of the network, if the method is idempotent (GET, HEAD, OPTIONS, TRACE, PUT, DELETE, or --idempotent) or the request was never sent. A Retry-After is honoured, as seconds or as a date.

Several servers: with --endpoint for each, a retry goes to another, and who fails is left out for a while. The exit code is that of the last attempt.

Durations have units: 250ms, 1.5s, 2min, 1h. Sizes: 4096, 64KiB, 16MB.
)";

constexpr auto call_examples = R"(
Examples:
  cutwater call https://stock.example/items/7
  cutwater call --timeout 2s --max-attempts 4 http://127.0.0.1:8080/
  cutwater call -X PUT -d @item.json http://127.0.0.1:8080/items/7
  cutwater call -d sku=7 --idempotent http://127.0.0.1:8080/orders
  cutwater call --explain http://127.0.0.1:8080/flaky
  cutwater call --repeat 1000 --concurrency 20 http://127.0.0.1:8080/
  cutwater call --endpoint http://10.0.0.1 --endpoint http://10.0.0.2 /items/7)";

int refuse(const std::vector<std::string>& problems) {
    for (const std::string& problem : problems) complain("cutwater call", problem);
    complain("cutwater call", "try `cutwater call --help`");
    return misused;
}

int run_call(call_settings settings) {
    if (const auto problems = complete(settings); !problems.empty()) return refuse(problems);
    if (!settings.silent)
        for (const std::string& note : notes_on(settings)) complain("cutwater call", note);
    const auto request = request_of(settings);
    if (!request) return refuse({request.error()});
    try {
        return settings.repeat ? call_many(settings, *request) : call_once(settings, *request);
    } catch (const invalid_options& e) {  // what only shows when it is used: a file of certificates
        return refuse(in_flags(settings.client.name, e.problems()));
    }
}

}  // namespace

void add_call(CLI::App& program, action& chosen) {
    const auto settings = std::make_shared<call_settings>();
    CLI::App* const command = program.add_subcommand("call", about_call);
    command->footer(std::string{tried_again} + "\n" + call_exit_codes + "\n" + call_examples);
    add_call_options(*command, *settings);
    command->callback([settings, &chosen] { chosen = [settings] { return run_call(*settings); }; });
}

}  // namespace cutwater::app
