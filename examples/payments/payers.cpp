#include "examples/payments/payers.hpp"

#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cutwater/http.hpp"

namespace payments {

namespace cw = cutwater;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// Whether it is settled: by a receipt, or by an answer that another try does not change.
bool is_answer(const cw::result<cw::http_response>& got) { return got && got->status < 500 && got->status != 409; }

}  // namespace

class payers::crowd final : public cw::listener {
public:
    crowd(payers& owner, std::uint16_t port, const std::vector<payment>& all)
        : owner_{owner}, seen_{owner.seen_}, all_{all},
          url_{*cw::http_url::parse("http://127.0.0.1:" + std::to_string(port) + "/payments")} {}

    void run(unsigned users) {
        for (unsigned i = 0; i < users; ++i) asio::co_spawn(context_, user(), asio::detached);
        context_.run();
    }
    void stop() { context_.stop(); }

    void on_event(const cw::event& e) override {
        if (e.get_if<cw::retry_scheduled>() != nullptr) ++seen_.retries;
        if (const auto* const begun = e.get_if<cw::hedge_begun>())
            ++(begun->cause == cw::hedge_cause::delay ? seen_.hedges : seen_.instead);
        if (e.get_if<cw::hedge_suppressed>() != nullptr) ++seen_.unpaid_extra;
        const auto* const ended = e.get_if<cw::retry_gave_up>();
        if (ended != nullptr && ended->reason == cw::give_up_reason::budget_exhausted) ++seen_.unpaid_extra;
    }

private:
    asio::awaitable<void> user() {
        while (next_ < all_.size()) co_await pay(all_[next_++]);
    }

    /// Whoever has no answer asks again, with the same key: tomorrow, if need be.
    asio::awaitable<void> pay(const payment& wanted) {
        for (;;) {
            auto ask = [this, &wanted](cw::attempt& a) { return send(a, wanted); };
            const cw::call_options said = wanted.call.options({.operation = "pay"});
            const auto got = co_await bank_.async_run(said, ask);
            if (is_answer(got)) break;
            ++seen_.asked_again;
            asio::steady_timer later{context_, 300ms};
            co_await later.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        ++owner_.paid_;
    }

    /// One attempt. What it refers to outlives every attempt, also those that have lost.
    asio::awaitable<std::expected<cw::http_response, cw::error>> send(cw::attempt& a, const payment& wanted) {
        cw::http_request request{.method = "POST",
                                 .url = url_,
                                 .fields = {{"Content-Type", "application/json"}},
                                 .body = to_json(wanted.what)};
        wanted.call.inject(request.fields, a);
        ++seen_.requests;
        auto answer = co_await client_.send(request);
        count(answer);
        co_return answer;
    }

    void count(const std::expected<cw::http_response, cw::error>& answer) {
        if (!answer) {
            ++(answer.error().code() == std::errc::operation_canceled ? seen_.given_up : seen_.lost);
            return;
        }
        switch (answer->status) {
            case 201:
                ++seen_.created;
                if (answer->fields.find("Idempotency-Replayed")) ++seen_.replayed;
                break;
            case 409: ++seen_.in_use; break;
            default: ++(answer->status > 500 ? seen_.unavailable : seen_.other); break;
        }
    }

    payers& owner_;
    tally& seen_;
    const std::vector<payment>& all_;
    std::size_t next_ = 0;
    cw::http_url url_;
    cw::http_client client_;
    cw::retry_budget budget_{{.name = "bank", .ratio = 0.3}};
    cw::pipeline<cw::observe, cw::timeout, cw::retry, cw::hedge, cw::timeout, cw::classify<cw::keyed_rules>> bank_{
        cw::observe{*this},
        cw::timeout{{.name = "payment", .after = 10s}},
        cw::retry{{.max_attempts = 5, .base_delay = 20ms, .max_delay = 1s, .budget = &budget_}},
        cw::hedge{{.delay = 120ms, .budget = &budget_}},
        cw::timeout{{.name = "attempt", .after = 2s}},
        cw::classify{cw::keyed_rules{}}};
    asio::io_context context_{1};
};

payers::payers(std::uint16_t port, const std::vector<payment>& all, unsigned users)
    : crowd_{std::make_unique<crowd>(*this, port, all)}, users_{users} {}
payers::~payers() = default;

void payers::run() { crowd_->run(users_); }
void payers::stop() { crowd_->stop(); }

}  // namespace payments
