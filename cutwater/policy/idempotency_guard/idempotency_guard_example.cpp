// A client pays, and does not hear the answer: the network loses every third. It asks again, with the same key, until it does. Each of a hundred payments
// is made once.

#include <cstdlib>
#include <iostream>
#include <map>

#include "cutwater/store.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    std::map<std::string, int> charged;  // what really happens
    cw::memory_store cells;
    cw::idempotency_guard<std::string> payments{cells, {.name = "payments"}};
    cw::pipeline serve{cw::ref(payments), cw::timeout{5s}};

    // The server: executes what it is asked for, once for each key.
    const auto server = [&](const cw::call_options& request) {
        return serve.run(request, [&] {
            ++charged[std::string{request.id}];
            return "receipt for " + std::string{request.id};
        });
    };

    // The network: the answer to every third request is lost, after all was done.
    unsigned requests = 0;
    unsigned replays = 0;
    const auto over_the_network = [&](const cw::call_options& request) -> std::expected<std::string, std::errc> {
        const auto answer = server(request);
        if (answer && !answer.source().empty()) ++replays;
        if (++requests % 3 == 0) return std::unexpected{std::errc::connection_reset};
        return answer.value();
    };

    // The client: one key for each payment, the same for all its attempts. That is what makes it safe to be tried again.
    cw::pipeline pay{cw::retry{{.max_attempts = 5, .base_delay = 1ms}}};
    unsigned receipts = 0;
    for (int i = 0; i < 100; ++i) {
        const std::string key = "payment-" + std::to_string(i);
        const cw::call_options request{.operation = "pay",
                                       .idempotent = cw::idempotency::idempotent,
                                       .id = key,
                                       .tenant = "acme",
                                       .fingerprint = "5 EUR"};
        if (pay.run(request, [&] { return over_the_network(request); }) == "receipt for " + key) ++receipts;
    }

    unsigned twice = 0;
    for (const auto& [key, times] : charged)
        if (times != 1) ++twice;
    std::cout << receipts << " receipts for " << requests << " requests, " << replays << " of them replayed; " << twice
              << " customers were charged more or less than once\n";
    return receipts == 100 && charged.size() == 100 && twice == 0 && replays > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
