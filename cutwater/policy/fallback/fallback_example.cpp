// Three tiers: the live price, the last one that was known, a safe default. The dependency goes down and comes back, and
// each answer says where it is from.

#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>

#include "cutwater/cutwater.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// The prices that were seen last. Only successes write into it.
class price_cache {
public:
    int remember(const std::string& sku, int price) { return last_[sku] = price; }

    [[nodiscard]] std::expected<int, std::errc> last_known(const std::string& sku) const {
        const auto found = last_.find(sku);
        if (found == last_.end()) return std::unexpected{std::errc::no_such_file_or_directory};
        return found->second;
    }

private:
    std::map<std::string, int> last_;
};

struct price_server {
    bool up = true;

    [[nodiscard]] std::expected<int, std::errc> price_of(const std::string& sku) const {
        if (!up) return std::unexpected{std::errc::connection_refused};
        return 100 + static_cast<int>(sku.size());
    }
};

class shop {
public:
    price_server server;

    void show(const std::string& sku) {
        cw::pipeline prices{
            cw::fallback{
                cw::tier("last known price", [&] { return cache_.last_known(sku); }),
                cw::tier("list price", 199),
            },
            cw::retry{{.max_attempts = 2, .base_delay = 1ms}},
        };
        const auto price = prices.run({.operation = "get_price"}, [&]() -> std::expected<int, std::errc> {
            const auto live = server.price_of(sku);
            if (live) cache_.remember(sku, *live);
            return live;
        });
        std::printf("  %-8s %d", sku.c_str(), *price);
        if (price.is_degraded()) std::printf("  (%s)", std::string{price.source().view()}.c_str());
        std::printf("\n");
    }

private:
    price_cache cache_;
};

void count_visitor() { throw std::runtime_error{"the counter is down"}; }

}  // namespace

int main() {
    shop front;
    std::printf("The price server is up:\n");
    front.show("lamp");

    std::printf("It is down; one price is known, the other is not:\n");
    front.server.up = false;
    front.show("lamp");
    front.show("chair");

    std::printf("It is back:\n");
    front.server.up = true;
    front.show("chair");

    std::printf("Where all tiers fail, the first error comes out, and the others with it:\n");
    cw::fallback backup{
        cw::tier("replica", []() -> std::expected<int, std::errc> { return std::unexpected{std::errc::io_error}; })};
    const auto none = backup([] { return price_server{.up = false}.price_of("lamp"); });
    std::printf("  %s\n", none ? "a price" : none.error().message().c_str());

    std::printf("What is not critical never fails, and is not silent:\n");
    const auto log = [](const cw::error& e) { std::printf("  hidden: %s\n", e.words().c_str()); };
    const auto counted = cw::fail_safe(log)(count_visitor);
    std::printf("  the page is shown: %s\n", counted ? "yes" : "no");
}
