// A price service has ten replicas, one of which has become slow. One call in ten meets it, and waits; hedged, it asks another
// after 30 ms. In virtual time, so that the minutes are over at once.

#include <cstdlib>
#include <iomanip>
#include <iostream>

#include "cutwater/cutwater.hpp"
#include "cutwater/sim/clients.hpp"
#include "cutwater/sim/service.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// Each request goes to the next replica.
class replicas {
public:
    explicit replicas(cw::sim::world& in) : world_{in} {}

    void operator()(const cw::attempt&, const cw::sim::reply<void>& answer) {
        const cw::duration takes = ++asked_ % 10 == 0 ? 400ms : 10ms;
        world_.after(takes, [answer] { (void)answer.give({}); });
    }
    [[nodiscard]] unsigned asked() const { return asked_; }

private:
    cw::sim::world& world_;
    unsigned asked_ = 0;
};

struct figures {
    cw::duration p99{};
    unsigned asked = 0;
};

template <class Pipeline>
figures of_a_minute(Pipeline& prices) {
    cw::sim::world world{7};
    replicas service{world};
    cw::sim::clients shop{world, cw::sim::via(world, prices, service), {.idempotent = cw::idempotency::idempotent}};
    shop.arrive(100);
    world.run_for(60s);
    shop.stop();
    world.run();
    return {shop.seen().percentile(0.99), service.asked()};
}

void print(std::string_view how, const figures& f) {
    std::cout << std::left << std::setw(12) << how << "p99 " << std::setw(8) << cw::to_text(f.p99) << "requests "
              << f.asked << '\n';
}

}  // namespace

int main() {
    cw::pipeline alone{cw::timeout{1s}};
    cw::pipeline hedged{cw::timeout{1s}, cw::hedge{{.delay = 30ms}}};
    const figures without = of_a_minute(alone);
    const figures with = of_a_minute(hedged);
    print("alone", without);
    print("hedged", with);
    return without.p99 == 400ms && with.p99 <= 40ms && with.asked < without.asked * 1.15 ? EXIT_SUCCESS : EXIT_FAILURE;
}
