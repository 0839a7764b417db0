#include "apps/cutwater/demo/demo.hpp"

#include <csignal>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "apps/cutwater/demo/report.hpp"
#include "cutwater/drive/clock/clock.hpp"

namespace cutwater::demo {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// Leads both sides through the script, and shows how they are doing, until it is over or somebody stops it.
asio::awaitable<void> lead(const script& plays, side& unguarded, side& guarded, screen& shows, const bool& stopped) {
    const instant began = now();
    asio::steady_timer ticks{co_await asio::this_coro::executor};
    std::size_t phase = plays.phases().size();
    for (duration elapsed{}; elapsed < plays.length() && !stopped; elapsed = between(began, now())) {
        if (const std::size_t current = plays.at(elapsed); current != phase) {
            phase = current;
            for (side* s : {&unguarded, &guarded}) s->enter(phase, plays.phases()[phase].does);
        }
        shows.show({.elapsed = elapsed,
                    .length = plays.length(),
                    .phase = plays.phases()[phase].name,
                    .unguarded = unguarded,
                    .guarded = guarded});
        ticks.expires_after(100ms);
        co_await ticks.async_wait(asio::use_awaitable);
    }
    for (side* s : {&unguarded, &guarded}) {
        s->stop();
        s->close();
    }
}

}  // namespace

ending run(const options& chosen, screen& shows, report_form form) {
    asio::io_context context{1};
    const script plays{chosen.scale};
    const auto unguarded = make_unguarded(context, plays, chosen.users);
    const auto guarded = make_guarded(context, plays, chosen.users);
    for (side* s : {unguarded.get(), guarded.get()}) s->start();
    bool stopped = false;
    asio::signal_set signals{context, SIGINT, SIGTERM};
    signals.async_wait([&](const boost::system::error_code& ec, int) { stopped = stopped || !ec; });
    asio::co_spawn(context, lead(plays, *unguarded, *guarded, shows, stopped), [&](const std::exception_ptr& thrown) {
        signals.cancel();
        if (thrown) std::rethrow_exception(thrown);
    });
    context.run();
    shows.done();
    return {.report = form == report_form::json ? report_json(plays, *unguarded, *guarded)
                                                : report_text(plays, *unguarded, *guarded),
            .interrupted = stopped};
}

}  // namespace cutwater::demo
