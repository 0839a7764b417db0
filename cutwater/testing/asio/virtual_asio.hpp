// An `io_context` in virtual time: coroutines sleep, time out and are cancelled without a second passing.
//
//     cw::testing::virtual_time time;
//     cw::testing::virtual_asio loop{time};
//     auto result = loop.run(pipeline, [&](cw::attempt&) -> asio::awaitable<int> { co_await loop.sleep(300ms); co_return 7; });
//     EXPECT_EQ(time.elapsed(), 300ms);
//
// Thread safety: none.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "cutwater/drive/asio/run.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater::testing {

class virtual_asio {
public:
    explicit virtual_asio(virtual_time& time) : time_{time} { timing().use_manual(time); }

    [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }

    /// Runs what is ready, and moves time to what is next, until nothing is left or `done` says so.
    template <class Done>
    void run_until(Done&& done) {
        for (;;) {
            context_.restart();
            context_.poll();
            if (done() || !advance()) return;
        }
    }
    void run_all() {
        run_until([] { return false; });
    }
    /// Does one thing: what is ready first, else moves time to what is next. False where nothing is left.
    bool step() {
        context_.restart();
        return context_.poll_one() > 0 || advance();
    }

    /// Awaits the call in a coroutine of its own; throws `std::logic_error` where it would wait for ever.
    template <class Pipeline, class F>
    auto run(Pipeline& guarded, const call_options& said, F f, boost::asio::cancellation_slot slot = {}) {
        using R = typename decltype(guarded.async_run(said, f))::value_type;
        std::optional<R> out;
        auto awaits = [&]() -> boost::asio::awaitable<void> {
            out.emplace(co_await guarded.async_run(said, f));
            co_await boost::asio::this_coro::throw_if_cancelled(false);  // co_spawn awaits once more, to complete
        };
        boost::asio::co_spawn(context_, awaits(), boost::asio::bind_cancellation_slot(slot, boost::asio::detached));
        run_until([&] { return out.has_value(); });
        if (!out) throw std::logic_error{"virtual_asio: the call waits for ever, and nothing is scheduled to wake it"};
        return std::move(*out);
    }
    template <class Pipeline, class F>
    auto run(Pipeline& guarded, F f) {
        return run(guarded, nothing_said, std::move(f));
    }

    /// Completes `d` from now, or throws `operation_aborted` where it is cancelled.
    [[nodiscard]] boost::asio::awaitable<void> sleep(duration d);

    /// The dependency as a callable for the coroutine driver; refers to it and to this.
    template <class T>
    [[nodiscard]] auto coroutine(mock_dependency<T>& mock) {
        return [this, &mock]() -> boost::asio::awaitable<std::expected<T, std::error_code>> {
            const mock_step<T>& step = mock.begin();
            struct leaving {
                mock_dependency<T>& left;
                ~leaving() { left.end(); }
            } const at_exit{mock};
            if (step.takes > duration::zero()) co_await sleep(step.takes);
            co_return mock.answer(step);
        };
    }

private:
    [[nodiscard]] asio_timing& timing() { return boost::asio::use_service<asio_timing>(context_); }
    bool advance();

    virtual_time& time_;
    boost::asio::io_context context_{1};
};

}  // namespace cutwater::testing
