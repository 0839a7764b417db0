#include "examples/payments/till.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/http/http_rules.hpp"
#include "cutwater/http/idempotency/response_codec.hpp"
#include "cutwater/store.hpp"
#include "cutwater/store/postgres/postgres_transaction.hpp"

namespace payments {

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

using guard = cw::idempotency_guard<cw::http_response>;

/// With a payment that says no deadline, and with somebody who pays with the same key and has not committed.
constexpr cw::duration patience = 5s;

/// Hears whether an outcome could not be written down.
class loss final : public cw::listener {
public:
    void on_event(const cw::event& e) override {
        if (e.get_if<cw::idempotency_lost>() != nullptr) happened_ = true;
    }
    [[nodiscard]] bool take() { return std::exchange(happened_, false); }

private:
    bool happened_ = false;
};

auto guarded_by(guard& keys, loss& heard) {
    return cw::pipeline{cw::observe{heard}, cw::ref(keys), cw::classify{cw::http_rules{}}};
}

cw::http_response receipt_of(const std::string& key, const transfer& asked) {
    return {.status = 201,
            .fields = {{"Content-Type", "application/json"}, {"Location", "/payments/" + key}},
            .body = to_json(asked)};
}

}  // namespace

struct till::open {
    explicit open(const std::string& connection) : shop{connection} {}

    database shop;
    cw::postgres_transaction cells{shop.link(), {.timeout = patience}};
    guard keys{cells, {.name = "payments", .store_limit = patience}};
    loss lost;
    decltype(guarded_by(keys, lost)) guarded{guarded_by(keys, lost)};
};

till::till(std::string connection) : connection_{std::move(connection)} {}
till::~till() = default;

cw::http_response till::pay(const cw::idempotent_edge& edge, const cw::call_options& said, const transfer& asked) {
    try {
        if (!open_) open_ = std::make_unique<open>(connection_);
        database& shop = open_->shop;
        shop.begin(std::min(said.deadline, cw::in(patience)));
        bool has_failed = false;
        std::optional<std::string> refused;
        auto got = open_->guarded.run(said, [&] {
            try {
                charge(shop, std::string{said.id}, asked);
            } catch (const std::domain_error& e) {
                refused = e.what();
                throw;
            } catch (const database_error&) {
                has_failed = true;
                throw;
            }
            return receipt_of(std::string{said.id}, asked);
        });
        if (has_failed) throw database_error{"the payment could not be made"};
        if (open_->lost.take()) throw database_error{"the key could not be written"};  // so the charge is not, either
        if (got)
            shop.commit();
        else
            shop.run("ROLLBACK");
        if (refused) return {.status = 400, .body = *std::move(refused)};  // nothing was done, the key is free
        return edge.answer(std::move(got));
    } catch (const database_error&) {
        open_.reset();  // and the server rolls back, unless it has just committed: who asks again with the key will see
        return edge.refusal(cw::error{std::make_error_code(std::errc::connection_reset)});
    } catch (...) {
        open_.reset();  // the next payment is not made in this one's transaction
        throw;
    }
}

}  // namespace payments
