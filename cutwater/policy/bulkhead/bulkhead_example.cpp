// A shop has eight workers and two dependencies. One of them, the inventory, turns slow. Without bulkheads it takes all the
// workers, and payments stand still as well; with one for each it takes no more than its share. Each worker is a thread,
// and the slow dependency is a gate that stays shut until the show is over.

#include <atomic>
#include <cstdio>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// An inventory that answers nobody until it is let go.
class slow_inventory {
public:
    int stock() {
        arrived_.fetch_add(1);
        gate_.wait();
        return 42;
    }
    void let_go() { opening_.set_value(); }
    void wait_for(unsigned callers) const {
        while (arrived_.load() < callers) std::this_thread::yield();
    }

private:
    std::promise<void> opening_;
    std::shared_future<void> gate_ = opening_.get_future().share();
    std::atomic<unsigned> arrived_{0};
};

struct tally {
    std::atomic<unsigned> answered{0};
    std::atomic<unsigned> refused{0};
};

/// What came of a call.
void note(tally& counts, const auto& result) { ++(result ? counts.answered : counts.refused); }

}  // namespace

int main() {
    constexpr unsigned workers = 8;
    slow_inventory inventory;
    cw::bulkhead inventory_calls{{.name = "inventory", .max_concurrent = 3}};
    cw::bulkhead payment_calls{{.name = "payments", .max_concurrent = 5, .max_queue = 5, .max_wait = 1min}};
    cw::pipeline look_up{cw::ref(inventory_calls)};
    cw::pipeline charge{cw::ref(payment_calls)};

    tally stock;
    tally payments;
    {
        std::vector<std::jthread> shop;
        for (unsigned i = 0; i < 3; ++i)
            shop.emplace_back(
                [&] { note(stock, look_up.run({.operation = "stock"}, [&] { return inventory.stock(); })); });
        inventory.wait_for(3);
        std::printf("Three workers are stuck in the inventory: %u of %u permits are taken.\n", inventory_calls.in_use(),
                    inventory_calls.limit());

        for (unsigned i = 0; i < 20; ++i)
            note(stock, look_up.run({.operation = "stock"}, [&] { return inventory.stock(); }));
        std::printf("Twenty more asked for stock: %u were refused, at once, and went on with something else.\n",
                    stock.refused.load());
        const auto refused = look_up.run({.operation = "stock"}, [&] { return inventory.stock(); });
        std::printf("  \"%s\"\n", refused.error().message().c_str());

        std::vector<std::jthread> tills;
        for (unsigned i = 0; i < workers - 3; ++i)
            tills.emplace_back([&] {
                for (int n = 0; n < 100; ++n) note(payments, charge.run({.operation = "charge"}, [] { return true; }));
            });
        tills.clear();
        std::printf("Meanwhile the other five took %u payments; %u were refused.\n", payments.answered.load(),
                    payments.refused.load());
        inventory.let_go();
    }
    std::printf("The inventory answers again: %u got their stock, and all permits are back (%u taken).\n",
                stock.answered.load(), inventory_calls.in_use());

    inventory_calls.resize(1);
    std::printf("It is given one permit from now on: its limit is %u.\n", inventory_calls.limit());
}
