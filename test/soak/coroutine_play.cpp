#include "test/soak/coroutine_play.hpp"

#include <limits>

#include <boost/asio/bind_cancellation_slot.hpp>

namespace cutwater::soak {

namespace asio = boost::asio;

coroutine_play::coroutine_play(scene& drawn)
    : scene_{drawn}, time_{drawn.draws.number()}, callers_(drawn.plans.size()) {
    for (place& p : places_) {
        p.loop.emplace(time_);
        p.steps_left = drawn.draws.chance(0.3) ? drawn.draws.from(1, 600) : std::numeric_limits<unsigned>::max();
    }
    for (caller& c : callers_) c.at = drawn.draws.from(0, 1);
}

void coroutine_play::run() {
    for (const call_plan& p : scene_.plans) schedule(p);
    do {
        do
            while (step()) {}
        while (expire());
        scene_.config.check_at_a_stop(time_.present(), scene_.found);
    } while (advance());
    scene_.config.check_at_the_end(time_.present(), scene_.book, scene_.found);
}

void coroutine_play::schedule(const call_plan& p) {
    time_.after(p.begins, [this, &p] { begin(p); });
    if (p.cancelled) time_.after(p.begins + *p.cancelled, [this, &p] { cancel(p); });
}

void coroutine_play::begin(const call_plan& p) {
    caller& who = callers_[p.number];
    if (!places_[who.at].loop) return;
    asio::co_spawn(places_[who.at].loop->context(), call(p),
                   asio::bind_cancellation_slot(who.signal.slot(), [](const std::exception_ptr&) {}));
}

void coroutine_play::cancel(const call_plan& p) {
    caller& who = callers_[p.number];
    if (!p.by_slot)
        who.stop.request_stop();
    else if (places_[who.at].loop)
        who.signal.emit(asio::cancellation_type::terminal);
}

asio::awaitable<void> coroutine_play::call(const call_plan& p) {
    call_options said = p.said;
    if (p.cancelled && !p.by_slot) said.stop = callers_[p.number].stop.get_token();
    if (p.patience) said.deadline = time_.in(*p.patience);
    call_entry& entry = scene_.book.at(p.number);
    ++entry.begun;
    const result<int> r = co_await scene_.config.pipeline(p.pipeline).async_run(said, [this, &p] { return serve(p); });
    if (r || r.error().code()) ++entry.answered;
    co_await asio::this_coro::throw_if_cancelled(false);
}

asio::awaitable<std::expected<int, std::error_code>> coroutine_play::serve(const call_plan& p) {
    const call_book::visit inside{scene_.book, p.number};
    const attempt_plan& what = p.attempt_of(scene_.book.at(p.number).served);
    if (what.takes > duration::zero()) co_await places_[callers_[p.number].at].loop->sleep(what.takes);
    co_return what.result();
}

bool coroutine_play::step() {
    bool did = false;
    for (place& p : places_) did = step_at(p) || did;
    return did;
}

bool coroutine_play::step_at(place& p) {
    if (!p.loop) return false;
    p.loop->context().restart();
    if (p.loop->context().poll_one() == 0) return false;
    if (--p.steps_left == 0) destroy(p);
    return true;
}

void coroutine_play::destroy(place& gone) {
    for (const call_plan& p : scene_.plans)
        if (call_entry& entry = scene_.book.at(p.number);
            &places_[callers_[p.number].at] == &gone && entry.begun > entry.answered)
            entry.forsaken = true;
    gone.loop.reset();
}

std::optional<instant> coroutine_play::place::next_due() {
    if (!loop) return {};
    const auto due = timing().next_due();
    return due && *due < never - std::chrono::hours{1} ? due : std::nullopt;
}

bool coroutine_play::expire() {
    bool did = false;
    for (place& p : places_)
        if (const auto due = p.next_due(); due && *due <= time_.present())
            did = p.timing().advance(time_.present()) > 0 || did;
    return did;
}

/// The context whose timer is first moves time, to that timer or to what is scheduled before.
bool coroutine_play::advance() {
    place* first = nullptr;
    for (place& p : places_)
        if (const auto due = p.next_due(); due && (first == nullptr || *due < *first->next_due())) first = &p;
    if (first == nullptr) return time_.advance_to_next();
    return first->loop->step();
}

}  // namespace cutwater::soak
