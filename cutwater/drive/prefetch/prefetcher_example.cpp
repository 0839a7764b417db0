// A shop knows which twenty products everybody asks for, and has them asked for ahead; then the stock service goes down for a while. On threads, in a
// second of real time.

#include <atomic>
#include <cstdlib>
#include <iostream>
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

/// Counts what the prefetcher tells.
class watch final : public cw::listener {
public:
    void on_event(const cw::event& e) override {
        if (e.get_if<cw::prefetch_refreshed>() != nullptr) count(refreshed_);
        if (e.get_if<cw::prefetch_failed>() != nullptr) count(failed_);
        if (e.get_if<cw::prefetch_recovered>() != nullptr) count(recovered_);
    }
    void await_refreshed(unsigned times) const { await(refreshed_, times); }
    void await_failed(unsigned times) const { await(failed_, times); }
    void await_recovered(unsigned times) const { await(recovered_, times); }

private:
    using counter = std::atomic<unsigned>;
    static void count(counter& of) {
        ++of;
        of.notify_all();
    }
    static void await(const counter& of, unsigned times) {
        for (unsigned now = of; now < times; now = of) of.wait(now);
    }
    counter refreshed_{0}, failed_{0}, recovered_{0};
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

    told.await_refreshed(3 * bestsellers);
    std::cout << known.size() << " products are known, and nobody has waited for one\n";

    service.is_down = true;
    told.await_failed(2 * bestsellers);
    unsigned answered = 0;
    for (unsigned i = 0; i < bestsellers; ++i)
        if (inventory.run({.operation = "get_stock", .fingerprint = sku(i)}, [&] { return service.pieces_of(sku(i)); }))
            ++answered;
    std::cout << "in the outage " << answered << " of " << bestsellers << " questions have an answer\n";

    service.is_down = false;
    told.await_recovered(bestsellers);
    std::cout << "the service is back, and every product has been asked for again\n";
    return answered == bestsellers ? EXIT_SUCCESS : EXIT_FAILURE;
}
