// A context that is destroyed after one step more each time, and what must hold then.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"

namespace cutwater::destruction {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::awaitable;

/// Counts the frames and callables that are alive.
class counted {
public:
    explicit counted(int& alive) : alive_{&alive} { ++*alive_; }
    counted(const counted& other) : alive_{other.alive_} { ++*alive_; }
    counted& operator=(const counted&) = delete;
    ~counted() { --*alive_; }

private:
    int* alive_;
};

/// What outlives the context that is destroyed.
class world {
public:
    bulkhead narrow{{.max_concurrent = 1, .max_queue = 10, .max_wait = 1h}};
    bulkhead wide{{.max_concurrent = 100}};
    testing::virtual_time time;
    std::optional<testing::virtual_asio> loop{std::in_place, time};
    std::deque<asio::cancellation_signal> signals;
    int completed = 0;

    /// Something that sleeps, and knows that it is alive.
    [[nodiscard]] auto sleeps(duration d) {
        return [this, d, callable = counted{alive_}](attempt&) -> awaitable<int> {
            const counted frame{alive_};
            co_await loop->sleep(d);
            co_return 7;
        };
    }
    /// The same, and fails.
    [[nodiscard]] auto fails_after(duration d) {
        return [this, d, callable = counted{alive_}]() -> awaitable<std::expected<int, std::errc>> {
            const counted frame{alive_};
            co_await loop->sleep(d);
            co_return std::unexpected{std::errc::connection_reset};
        };
    }
    /// Awaits one call in a coroutine of its own.
    template <class Pipeline, class F>
    void awaits(Pipeline& guarded, F f) {
        asio::co_spawn(
            loop->context(),
            [this, &guarded, f, frame = counted{alive_}]() -> awaitable<void> {
                (void)co_await guarded.async_run(f);
                ++completed;
            },
            asio::bind_cancellation_slot(signals.emplace_back().slot(), asio::detached));
    }
    /// Has a call complete a handler.
    template <class Pipeline, class F>
    void completes(Pipeline& guarded, F f, const call_options& said = {}) {
        guarded.async_run(
            said, f,
            asio::bind_cancellation_slot(
                signals.emplace_back().slot(),
                asio::bind_executor(loop->context(), [this, handler = counted{alive_}](const auto&) { ++completed; })));
    }

    /// For frames of a test's own.
    [[nodiscard]] int& count() { return alive_; }
    [[nodiscard]] int alive() const { return alive_; }

private:
    int alive_ = 0;
};

/// Destroys what `begin(world)` began after no step, after one, after two …; gives how many there are.
template <class Begin>
int destroyed_at_every_step(Begin begin) {
    for (int steps = 0;; ++steps) {
        SCOPED_TRACE("destroyed after " + std::to_string(steps) + " steps");
        world w;
        auto kept = begin(w);
        bool goes_on = true;
        for (int done = 0; done < steps && goes_on; ++done) goes_on = w.loop->step();
        const int completed = w.completed;
        w.loop.reset();
        EXPECT_EQ(w.alive(), 0);
        EXPECT_EQ(w.narrow.in_use(), 0U);
        EXPECT_EQ(w.narrow.queued(), 0U);
        EXPECT_EQ(w.wide.in_use(), 0U);
        EXPECT_EQ(w.completed, completed) << "what is destroyed does not complete";
        if (!goes_on || ::testing::Test::HasFailure()) return steps;
    }
}

/// A pipeline that is kept while its context is destroyed, by whoever began the call.
template <class Pipeline>
auto keep(Pipeline guarded) {
    return std::make_unique<Pipeline>(std::move(guarded));
}

}  // namespace cutwater::destruction
