// Orders come in bursts; the card processor behind takes fifty a second and hiccups now and then. A work queue takes what
// comes, up to a bound, charges at the processor's pace, and lets a retry's delay keep no worker. What matters less makes room first.

#include <atomic>
#include <cstdlib>
#include <iostream>

#include "cutwater/cutwater.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// Fails every third request once.
class processor {
public:
    std::expected<int, std::errc> charge(int order, const cw::attempt& a) {
        ++requests_;
        if (order % 3 == 0 && a.number() == 1) return std::unexpected{std::errc::connection_reset};
        return order;
    }
    [[nodiscard]] unsigned requests() const { return requests_; }

private:
    std::atomic<unsigned> requests_{0};
};

struct ledger {
    std::atomic<unsigned> charged{0};
    std::atomic<unsigned> displaced{0};
    std::atomic<unsigned> failed{0};

    void enter(const cw::result<int>& went) {
        if (went)
            ++charged;
        else if (went.error().code() == cw::errc::displaced)
            ++displaced;
        else
            ++failed;
    }
};

}  // namespace

int main() {
    processor cards;
    ledger book;
    cw::pipeline charge{cw::retry{{.max_attempts = 3, .base_delay = 5ms}}, cw::timeout{200ms}};
    unsigned refused = 0;
    {
        cw::work_queue orders{{.name = "orders",
                               .workers = 2,
                               .max_length = 10,
                               .when_full = cw::queue_overflow::drop_oldest,
                               .rate = 50,
                               .burst = 5}};
        for (int order = 1; order <= 20; ++order) {  // a burst
            const auto importance = order <= 10 ? cw::criticality::best_effort : cw::criticality::normal;
            const auto taken = orders.post(
                {.operation = "charge", .importance = importance}, cw::ref(charge),
                [&cards, order](cw::attempt& a) { return cards.charge(order, a); },
                [&book](const cw::result<int>& went) { book.enter(went); });
            if (!taken) ++refused;
        }
        const unsigned left = orders.drain(30s);
        std::cout << left << " orders are left\n";
    }
    std::cout << book.charged << " charged with " << cards.requests() << " requests, " << book.displaced
              << " made room for others, " << book.failed << " failed, " << refused << " refused\n";
    return book.charged + book.displaced + refused == 20 && book.failed == 0 && cards.requests() >= book.charged
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
