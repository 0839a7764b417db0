// An interface that many tenants share: ten requests a second for each, whoever else there is. One of them has a loop that has
// gone wrong, and somebody sends a new name with every request. In virtual time, so a minute is over at once.

#include "cutwater/keyed.hpp"

#include <cstdlib>
#include <iostream>

#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::testing::virtual_time time;
    cw::keyed<cw::rate_limiter> per_tenant{{.name = "per tenant", .permits = 10, .per = 1s, .burst = 10},
                                           {.by = cw::by_tenant, .max_keys = 1000}};
    cw::keyed<cw::circuit_breaker> each_shard{{.name = "shard", .open_for = 20s}, {.by = cw::by_target}};
    cw::pipeline guarded{cw::ref(per_tenant), cw::ref(each_shard)};
    std::cout << guarded.describe() << '\n';

    unsigned acme = 0;
    unsigned looping = 0;
    unsigned strangers = 0;
    const auto answered = [&](std::string_view tenant, std::string_view shard) {
        return time.run(guarded, {.operation = "search", .tenant = tenant, .target = shard}, [] { return 7; }) ? 1U
                                                                                                               : 0U;
    };
    const std::size_t before = per_tenant.bytes();
    for (int tick = 0; tick < 6000; ++tick) {  // a minute
        if (tick % 20 == 0) acme += answered("acme", "shard-1");
        looping += answered("looping", "shard-1");
        for (int i = 0; i < 10; ++i) strangers += answered("stranger-" + std::to_string(tick * 10 + i), "shard-2");
        time.pass(10ms);
    }
    std::cout << "acme asked 300 times, and was answered " << acme << " times\n"
              << "looping asked 6000 times, and was answered " << looping << " times\n"
              << "of 60000 strangers " << strangers << " were answered; " << per_tenant.size() << " keys are known, in "
              << per_tenant.bytes() / 1024 << " KB\n";

    (void)each_shard.get("shard-1", time.present())->open(time.present());  // by hand: it is being repaired
    unsigned open = 0;
    each_shard.visit(time.present(), [&](std::uint64_t, const cw::circuit_breaker& its) {
        if (its.is_open(time.present())) ++open;
    });
    const auto refused = time.run(guarded, {.tenant = "acme", .target = "shard-1"}, [] { return 7; });
    std::cout << "shards that are open: " << open << "; acme hears: " << refused.error().message() << '\n';

    const bool bounded = per_tenant.bytes() == before;
    return acme == 300 && looping <= 10 + 10 * 60 && bounded && open == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
