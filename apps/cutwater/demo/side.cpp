#include "apps/cutwater/demo/side.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/http/http_rules.hpp"

namespace cutwater::demo {

namespace asio = boost::asio;
using namespace std::chrono_literals;

duration tally::longest() const { return waits.empty() ? duration{} : *std::ranges::max_element(waits); }

duration tally::percentile(double share) const {
    if (waits.empty()) return {};
    std::vector<duration> sorted = waits;
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
    std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(rank));
    return sorted[rank];
}

duration tally::stuck() const {
    duration sum{};
    for (const duration waited : waits) sum += std::max(waited - patience, duration{});
    return sum;
}

side::side(std::string name, std::string_view circuit, asio::io_context& context, const script& plays, unsigned users)
    : name_{std::move(name)}, context_{context}, dependency_{context, plays},
      request_{.url = *http_url::parse(dependency_.url())}, users_{users}, by_phase_(plays.phases().size()),
      circuit_{circuit} {}

void side::start() {
    for (unsigned number = 0; number < users_; ++number) asio::co_spawn(context_, be_a_user(number), asio::detached);
}

void side::enter(std::size_t phase, behaviour does) {
    phase_ = phase;
    dependency_.enter(does);
}

asio::awaitable<void> side::be_a_user(unsigned number) {
    constexpr auto thinking = 150ms;
    asio::steady_timer thinks{context_, thinking * number / users_};  // they do not all begin at once
    co_await thinks.async_wait(asio::use_awaitable);
    while (!stopping_) {
        const instant asked = now();
        const std::size_t phase = phase_;
        since_[number] = asked;
        const answer got = co_await call_once();
        since_.erase(number);
        const duration waited = between(asked, now());
        if (stopping_ && got == answer::failed && waited < tally::patience) co_return;  // cut off by the demo's end
        note(got, waited, phase);
        thinks.expires_after(thinking);
        co_await thinks.async_wait(asio::use_awaitable);
    }
}

void side::note(answer a, duration waited, std::size_t phase) {
    for (tally* t : {&in_all_, &by_phase_[phase]}) {
        ++(a == answer::fresh ? t->fresh : a == answer::degraded ? t->degraded : t->failed);
        t->waits.push_back(waited);
    }
}

duration side::longest_wait_now() const {
    instant oldest = never;
    for (const auto& [user, asked] : since_) oldest = std::min(oldest, asked);
    return oldest == never ? duration{} : between(oldest, now());
}

duration side::circuit_open() const {
    return opened_ == never ? circuit_open_ : circuit_open_ + between(opened_, now());
}

void side::on_event(const event& e) {
    if (e.get_if<circuit_refused>() != nullptr) ++refusals_;
    if (e.get_if<circuit_opened>() != nullptr) {
        circuit_ = "open";
        if (opened_ == never) opened_ = e.origin().at;
    } else if (e.get_if<circuit_half_opened>() != nullptr) {
        circuit_ = "half-open";
    } else if (e.get_if<circuit_closed>() != nullptr) {
        circuit_ = "closed";
        circuit_open_ += between(opened_, e.origin().at);
        opened_ = never;
    }
}

namespace {

/// How it is often written: tries again at once, and waits as long as it takes.
class unguarded_side final : public side {
public:
    using side::side;

private:
    asio::awaitable<answer> call_once() override {
        constexpr int tries = 4;
        for (int i = 0; i < tries; ++i)
            if (const auto got = co_await send(); got && got->status == 200) co_return answer::fresh;
        co_return answer::failed;
    }
};

class guarded_side final : public side {
public:
    using side::side;

private:
    asio::awaitable<answer> call_once() override {
        const auto got = co_await guarded_.async_run({.operation = "stock"}, [this] { return send(); });
        if (!got || got->status != 200) co_return answer::failed;
        co_return got.is_degraded() ? answer::degraded : answer::fresh;
    }

    pipeline<observe, decltype(fallback{tier("last known", http_response{})}), timeout, retry, circuit_breaker,
             bulkhead, timeout, classify<decltype(http_rules{})>>
        guarded_{observe{static_cast<listener&>(*this)},
                 fallback{tier("last known", http_response{.status = 200, .body = "7 pieces, an hour ago"})},
                 timeout{{.name = "total", .after = 800ms}},
                 retry{{.max_attempts = 3, .base_delay = 20ms, .max_delay = 200ms}},
                 circuit_breaker{
                     {.name = "stock", .window_time = 2s, .minimum_calls = 10, .open_for = 500ms, .ramp_for = 500ms}},
                 bulkhead{{.max_concurrent = 8, .max_queue = 16, .max_wait = 100ms}},
                 timeout{{.name = "attempt", .after = 250ms}},
                 classify{http_rules{}}};
};

}  // namespace

std::unique_ptr<side> make_unguarded(asio::io_context& context, const script& plays, unsigned users) {
    return std::make_unique<unguarded_side>("unguarded", "none", context, plays, users);
}
std::unique_ptr<side> make_guarded(asio::io_context& context, const script& plays, unsigned users) {
    return std::make_unique<guarded_side>("guarded", "closed", context, plays, users);
}

}  // namespace cutwater::demo
