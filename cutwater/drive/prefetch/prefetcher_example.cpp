// A shop knows which twenty products everybody asks for, and has them asked for ahead; then the stock service goes down for a while. On threads, in
// real time: a second, or as long as it takes.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <string>

#include "cutwater/store.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// The stock service.
class stock_service {
public:
    std::expected<int, std::errc> pieces_of(std::string_view sku) const {
        if (is_down) return std::unexpected{std::errc::connection_refused};
        return static_cast<int>(sku.size());
    }
    std::atomic<bool> is_down{false};
};

/// Knows of each key what the prefetcher tells of it; whoever waits for something waits for just that, however long it takes.
class watch final : public cw::listener {
public:
    struct key {
        unsigned refreshed = 0;
        bool is_failing = false;
    };

    void on_event(const cw::event& e) override {
        const std::scoped_lock held{lock_};
        if (const auto* came = e.get_if<cw::prefetch_refreshed>()) ++keys_[std::string{came->asked}].refreshed;
        if (const auto* failed = e.get_if<cw::prefetch_failed>()) keys_[std::string{failed->asked}].is_failing = true;
        if (const auto* well = e.get_if<cw::prefetch_recovered>()) keys_[std::string{well->asked}].is_failing = false;
        changed_.notify_all();
    }

    /// Until it is so of `many` keys.
    template <class Is>
    void await(std::size_t many, Is is) {
        std::unique_lock held{lock_};
        changed_.wait(held, [&] {
            return std::ranges::count_if(keys_, [&](const auto& each) { return is(each.second); }) ==
                   static_cast<std::ptrdiff_t>(many);
        });
    }

private:
    std::mutex lock_;
    std::condition_variable changed_;
    std::map<std::string, key> keys_;
};

constexpr unsigned bestsellers = 20;
std::string sku(unsigned number) { return "sku-" + std::to_string(number); }

}  // namespace

int main() {
    stock_service service;
    watch told;
    cw::cache<int> known{{.name = "stock", .fresh_for = 200ms, .stale_if_error = 1h}};
    cw::pipeline inventory{cw::ref(known), cw::timeout{1s}};
    cw::prefetcher ahead{known,
                         cw::ref(inventory),
                         [&](const cw::cache_key& key) { return service.pieces_of(key.asked); },
                         {.first_within = 20ms, .least_pause = 10ms, .base_delay = 50ms, .max_delay = 100ms},
                         told};
    for (unsigned i = 0; i < bestsellers; ++i)
        if (!ahead.declare({.operation = "get_stock", .asked = sku(i)})) return EXIT_FAILURE;

    told.await(bestsellers, [](const watch::key& each) { return each.refreshed >= 3; });
    std::cout << known.size() << " products are known, and nobody has waited for one\n";

    service.is_down = true;
    told.await(bestsellers, [](const watch::key& each) { return each.is_failing; });
    unsigned answered = 0;
    for (unsigned i = 0; i < bestsellers; ++i)
        if (inventory.run({.operation = "get_stock", .fingerprint = sku(i)}, [&] { return service.pieces_of(sku(i)); }))
            ++answered;
    std::cout << "in the outage " << answered << " of " << bestsellers << " questions have an answer\n";

    service.is_down = false;
    told.await(bestsellers, [](const watch::key& each) { return !each.is_failing; });
    std::cout << "the service is back, and every product has been asked for again\n";
    return answered == bestsellers ? EXIT_SUCCESS : EXIT_FAILURE;
}
