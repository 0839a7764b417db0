#include "apps/cutwater/demo.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "apps/cutwater/demo_report.hpp"
#include "cutwater/drive/clock/clock.hpp"

namespace cutwater::demo {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// Leads both sides through the script, and shows how they are doing.
asio::awaitable<void> lead(const script& plays, side& unguarded, side& guarded, screen& shows) {
    const instant began = now();
    asio::steady_timer ticks{co_await asio::this_coro::executor};
    std::size_t phase = plays.phases().size();
    for (duration elapsed{}; elapsed < plays.length(); elapsed = between(began, now())) {
        if (const std::size_t current = plays.at(elapsed); current != phase) {
            phase = current;
            for (side* s : {&unguarded, &guarded}) s->enter(phase, plays.phases()[phase].does);
        }
        shows.show({.elapsed = elapsed, .length = plays.length(), .phase = plays.phases()[phase].name, .unguarded = unguarded, .guarded = guarded});
        ticks.expires_after(100ms);
        co_await ticks.async_wait(asio::use_awaitable);
    }
    for (side* s : {&unguarded, &guarded}) {
        s->stop();
        s->close();
    }
}

}  // namespace

std::string run(const options& chosen, screen& shows, report_form form) {
    asio::io_context context{1};
    const script plays{chosen.scale};
    const auto unguarded = make_unguarded(context, plays, chosen.users);
    const auto guarded = make_guarded(context, plays, chosen.users);
    for (side* s : {unguarded.get(), guarded.get()}) s->start();
    asio::co_spawn(context, lead(plays, *unguarded, *guarded, shows), asio::detached);
    context.run();
    shows.done();
    return form == report_form::json ? report_json(plays, *unguarded, *guarded) : report_text(plays, *unguarded, *guarded);
}

}  // namespace cutwater::demo
