// A search that becomes three times as slow, and a timeout that nobody has to set anew. In virtual time: 40 ms at first, 120 ms after the deployment,
// and two answers in a thousand that never come.

#include <cstdio>
#include <string>

#include "cutwater/cutwater.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

cw::sim::latency search_takes(cw::duration usually) {
    const auto answered = cw::sim::latency::lognormal(usually, 2 * usually);
    return cw::sim::latency::mixture({{0.998, answered}, {0.002, cw::sim::latency::constant(24h)}});
}

/// Tells of every change of the limit that is worth telling.
class changes final : public cw::listener {
public:
    explicit changes(cw::sim::world& in) : world_{in} {}
    void on_event(const cw::event& e) override {
        const auto* const changed = e.get_if<cw::adaptive_limit_changed>();
        if (changed == nullptr) return;
        std::printf("%4d s  the limit is %s, after %s\n", static_cast<int>(world_.elapsed() / 1s),
                    cw::to_text(changed->to).c_str(), cw::to_text(changed->from).c_str());
    }

private:
    cw::sim::world& world_;
};

}  // namespace

int main() {
    cw::adaptive_timeout patience{{.name = "search", .initial = 1s, .window = 30s}};
    cw::sim::world world{42};
    changes log{world};
    cw::pipeline guarded{cw::observe{log}, cw::ref(patience)};
    cw::sim::service search{world, {.workers = 10'000, .takes = search_takes(40ms)}};
    cw::sim::clients users{world, cw::sim::via(world, guarded, search)};
    users.arrive(100);
    const auto after_a_minute = [&](const char* title) {
        world.run_for(30s);
        (void)users.take_seen();
        world.run_for(30s);
        const cw::sim::tally seen = users.take_seen();
        const cw::adaptive_timeout_reading r = patience.read(world.now());
        std::printf("%s: limit %s; of %llu samples %.1f %% were cut off; answered %.1f %%\n", title,
                    cw::to_text(r.limit).c_str(), static_cast<unsigned long long>(r.samples), 100 * r.censored_share,
                    100.0 * static_cast<double>(seen.succeeded) / static_cast<double>(seen.calls()));
        return r.limit;
    };

    const cw::duration before = after_a_minute("A good day");
    search.set_takes(search_takes(120ms));
    const cw::duration after = after_a_minute("After the deployment");
    world.end();

    const double grew = static_cast<double>(after.count()) / static_cast<double>(before.count());
    std::printf("The limit has grown to %.1f times what it was.\n", grew);
    return grew > 2 && grew < 4.5 ? 0 : 1;
}
