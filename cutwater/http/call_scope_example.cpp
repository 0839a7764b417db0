// One request, and all that is done for it. A service is asked with 500 ms left; it asks two others, one of them on a thread of its own, and
// writes an audit in the background. The two are told of less time than it has, that they are not to retry, how much the request matters
// and which operation it is; the audit has all the time in the world.

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>

#include "cutwater/cutwater.hpp"
#include "cutwater/http/call_metadata.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// Another service: shows what it is told. Fails the first time it is asked.
class other_service {
public:
    explicit other_service(std::string name) : name_{std::move(name)} {}

    std::expected<int, std::errc> get(const cw::http_fields& request) {
        static std::mutex one_at_a_time;
        const std::scoped_lock lock{one_at_a_time};
        std::cout << name_ << " is asked:\n";
        for (const cw::http_field& field : request) std::cout << "    " << field.name << ": " << field.value << '\n';
        const cw::call_metadata got = cw::extract(request);
        is_told_ = is_told_ && got.time_left <= 400ms && got.retries_left == 0U && got.key == "order-7" &&
                   got.importance == cw::criticality::critical;
        if (++asked_ == 1) return std::unexpected{std::errc::connection_reset};
        return 7;
    }
    /// Whether it was asked as often as it should be, and told what it should be, each time.
    [[nodiscard]] bool is_content() const { return asked_ == 2 && is_told_; }

private:
    std::string name_;
    int asked_ = 0;
    bool is_told_ = true;
};

/// A client as one writes it: it knows nothing of the request that it is used for.
class client {
public:
    explicit client(other_service& asks) : asks_{asks} {}

    cw::result<int> get() {
        return guarded_.run(cw::inherited({.operation = "get"}), [this](cw::attempt& a) {
            cw::http_fields fields;
            cw::inject(fields, a, cw::metadata_options{.key = cw::key_on_wire::call_id});
            return asks_.get(fields);
        });
    }

private:
    other_service& asks_;
    cw::pipeline<cw::timeout, cw::retry> guarded_{cw::timeout{10s}, cw::retry{{.base_delay = 1ms}}};
};

}  // namespace

int main() {
    other_service stock{"stock"};
    other_service prices{"prices"};
    client stock_client{stock};
    client price_client{prices};
    std::atomic<bool> audit_has_time{false};
    cw::work_queue audits{{.name = "audits", .workers = 1}};
    cw::pipeline write_audit{cw::retry{}};

    const auto serve = [&](const cw::http_fields& request) {
        const cw::call_metadata got = cw::extract(request);
        const cw::call_scope here{got.options(cw::now())};

        cw::result<int> price{std::unexpect, cw::errc::failed};
        std::jthread beside{cw::carrying([&] { price = price_client.get(); })};  // a thread takes the scope along
        const cw::result<int> pieces = stock_client.get();
        beside.join();

        // A task is outside of it: it may be done when nobody waits for this request any more.
        const auto taken = audits.post(cw::ref(write_audit), [&] {
            audit_has_time = cw::inherited().deadline == cw::never;
            std::cout << "the audit is written without a deadline\n";
        });
        return pieces && price && taken;
    };

    const bool served = serve(
        {{"X-Request-Deadline", "500"}, {"X-Request-Criticality", "critical"}, {"Idempotency-Key", "\"order-7\""}});
    audits.drain();
    return served && stock.is_content() && prices.is_content() && audit_has_time ? EXIT_SUCCESS : EXIT_FAILURE;
}
