#include "test/soak/threads_play.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cutwater/drive/asio/run.hpp"
#include "cutwater/drive/sync/run.hpp"

namespace cutwater::soak {

namespace asio = boost::asio;

namespace {

/// Waits, unless told to stop; whether it has waited to the end.
bool wait_until_then(instant until, const std::stop_token& stop) {
    parker place;
    wait_end end = wait_end::time;
    while (now() < until && end != wait_end::cancelled) end = place.wait(until, stop);
    return end != wait_end::cancelled;
}

}  // namespace

threads_play::threads_play(scene& drawn) : scene_{drawn}, began_{now()}, stops_(drawn.plans.size()) {
    if (drawn.draws.chance(0.4)) doom_ = drawn.draws.some(drawn.unit, 1, 100);
    for (const call_plan& p : drawn.plans) (drawn.draws.chance(0.5) ? blocking_ : coroutines_).push_back(&p);
    coroutines_left_ = coroutines_.size();
    context_.emplace(static_cast<int>(context_threads));
}

void threads_play::run() {
    std::vector<std::jthread> callers;
    std::jthread canceller{[this](const std::stop_token& enough) { cancel_in_turn(enough); }};
    for (std::size_t i = 0; i < blocking_threads; ++i) callers.emplace_back([this, i] { call_in_turn(i); });
    run_context();
    for (std::jthread& caller : callers) caller.join();
    canceller.request_stop();
    canceller.join();
    scene_.config.check_at_the_end(now(), scene_.book, scene_.found);
}

call_options threads_play::said_of(const call_plan& p) {
    call_options said = p.said;
    if (p.cancelled) said.stop = stops_[p.number].get_token();
    if (p.patience) said.deadline = in(*p.patience);
    return said;
}

void threads_play::cancel_in_turn(const std::stop_token& enough) {
    std::vector<const call_plan*> doomed;
    for (const call_plan& p : scene_.plans)
        if (p.cancelled) doomed.push_back(&p);
    std::ranges::sort(doomed, {}, [](const call_plan* p) { return p->begins + *p->cancelled; });
    for (const call_plan* p : doomed) {
        if (!wait_until_then(add(began_, p->begins + *p->cancelled), enough)) return;
        const std::scoped_lock held{going_};
        stops_[p->number].request_stop();
    }
}

// ---- blocking ----

void threads_play::call_in_turn(std::size_t thread) {
    for (std::size_t i = thread; i < blocking_.size(); i += blocking_threads) call(*blocking_[i]);
}

void threads_play::call(const call_plan& p) {
    call_entry& entry = scene_.book.at(p.number);
    ++entry.begun;
    const auto serves = [this, &p](attempt& a) { return serve(p, a); };  // a pool's thread may call it when we are gone
    const result<int> r = scene_.config.pipeline(p.pipeline).run(said_of(p), serves);
    if (r || r.error().code()) ++entry.answered;
}

std::expected<int, std::error_code> threads_play::serve(const call_plan& p, const attempt& a) {
    const call_book::visit inside{scene_.book, p.number};
    const attempt_plan& what = p.attempt_of(scene_.book.at(p.number).served);
    const instant done = in(what.takes);
    const instant until = what.deaf ? done : std::min(done, a.deadline());
    if (!wait_until_then(until, what.deaf ? std::stop_token{} : a.stop_token()))
        return std::unexpected{std::make_error_code(std::errc::operation_canceled)};
    if (until < done) return std::unexpected{std::make_error_code(std::errc::timed_out)};
    return what.result();
}

// ---- coroutines ----

void threads_play::run_context() {
    spawn_coroutines();
    {
        std::vector<std::jthread> team;
        for (std::size_t i = 0; i < context_threads; ++i) team.emplace_back([this] { context_->run(); });
        if (doom_) {
            (void)wait_until_then(add(began_, *doom_), {});
            context_->stop();
        }
    }
    for (const call_plan* p : coroutines_)
        if (call_entry& entry = scene_.book.at(p->number); entry.begun > entry.answered) entry.forsaken = true;
    const std::scoped_lock held{going_};
    context_.reset();
}

void threads_play::spawn_coroutines() {
    if (coroutines_.empty()) return context_->stop();
    for (const call_plan* p : coroutines_)
        asio::co_spawn(asio::make_strand(*context_), call_as_coroutine(*p), [this](const std::exception_ptr&) {
            if (--coroutines_left_ == 0) context_->stop();  // it would linger
        });
}

asio::awaitable<void> threads_play::call_as_coroutine(const call_plan& p) {
    call_entry& entry = scene_.book.at(p.number);
    ++entry.begun;
    const result<int> r =
        co_await scene_.config.pipeline(p.pipeline).async_run(said_of(p), [this, &p] { return serve_as_coroutine(p); });
    if (r || r.error().code()) ++entry.answered;
}

asio::awaitable<std::expected<int, std::error_code>> threads_play::serve_as_coroutine(const call_plan& p) {
    const call_book::visit inside{scene_.book, p.number};
    const attempt_plan& what = p.attempt_of(scene_.book.at(p.number).served);
    asio::steady_timer timer{co_await asio::this_coro::executor, what.takes};
    if (what.takes > duration::zero()) co_await timer.async_wait(asio::use_awaitable);
    co_return what.result();
}

}  // namespace cutwater::soak
