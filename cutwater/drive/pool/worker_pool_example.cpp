// An old library blocks for as long as it likes, and takes no timeout. On a worker pool the caller gives up waiting for it;
// what hangs keeps its thread and its permit until it really ends, and nobody can take more threads than there are.

#include <cstdlib>
#include <future>
#include <iostream>
#include <thread>

#include "cutwater/cutwater.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// What hangs waits for this: the moment at which its network comes back.
class outage {
public:
    [[nodiscard]] std::shared_future<void> end() const { return end_; }
    void is_over() { over_.set_value(); }

private:
    std::promise<void> over_;
    std::shared_future<void> end_ = over_.get_future().share();
};

void say(const std::string& what, const cw::result<int>& pieces, const cw::worker_pool& pool) {
    std::cout << what << ": " << (pieces ? std::to_string(*pieces) + " pieces" : pieces.error().message()) << " ("
              << pool.orphans() << " orphans)\n";
}

}  // namespace

int main() {
    outage network;
    cw::circuit_breaker health{{.name = "legacy", .consecutive_failures = 5}};
    cw::worker_pool legacy{{.name = "legacy", .threads = 2, .max_queue = 0}};
    cw::pipeline get_stock{cw::timeout{50ms}, cw::ref(health), cw::ref(legacy)};

    // The callable is copied to the pool's thread and may outlive its call: it captures by value, and never `&`.
    const auto fine = [sku = 6] { return sku + 1; };
    const auto hanging = [end = network.end()] {
        end.wait();
        return 0;
    };

    const auto first = get_stock.run({.operation = "get_stock"}, fine);
    say("it answers", first, legacy);
    const auto second = get_stock.run({.operation = "get_stock"}, hanging);
    say("it hangs", second, legacy);
    const auto third = get_stock.run({.operation = "get_stock"}, hanging);
    say("it hangs again", third, legacy);
    const auto fourth = get_stock.run({.operation = "get_stock"}, fine);
    say("every thread is stuck", fourth, legacy);

    network.is_over();
    while (legacy.orphans() != 0) std::this_thread::yield();
    const auto fifth = get_stock.run({.operation = "get_stock"}, fine);
    say("the orphans have ended", fifth, legacy);

    return first == 7 && second.error().code() == cw::errc::timed_out && third.error().code() == cw::errc::timed_out &&
                   fourth.error().code() == cw::errc::bulkhead_full && fifth == 7 && legacy.orphans_ever() == 2
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
