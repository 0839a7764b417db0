// A seed played by the coroutine driver in virtual time: many calls at once, on two contexts in one thread.
//
// In some seeds a context is destroyed at some step, and the coroutines on it where they stand; the calls on the other one go on.
#pragma once

#include <array>
#include <deque>

#include <boost/asio/cancellation_signal.hpp>

#include "cutwater/testing/asio/virtual_asio.hpp"
#include "test/soak/audited.hpp"
#include "test/soak/scene.hpp"

namespace cutwater::soak {

class coroutine_play {
public:
    static constexpr scene_kind kind{
        .unit = 1ms, .least_calls = 5, .most_calls = 60, .how = in_step::yes, .may_have = pools::none};

    explicit coroutine_play(scene& drawn);
    void run();

private:
    /// A context, and the step at which it goes.
    struct place {
        std::optional<testing::virtual_asio> loop;
        unsigned steps_left = 0;
        [[nodiscard]] asio_timing& timing() { return boost::asio::use_service<asio_timing>(loop->context()); }
        [[nodiscard]] std::optional<instant> next_due();
    };
    struct caller {
        std::stop_source stop;
        boost::asio::cancellation_signal signal;
        std::size_t at = 0;  ///< its place
    };

    void schedule(const call_plan& p);
    void begin(const call_plan& p);
    void cancel(const call_plan& p);
    [[nodiscard]] boost::asio::awaitable<void> call(const call_plan& p);
    [[nodiscard]] boost::asio::awaitable<std::expected<int, std::error_code>> serve(const call_plan& p);

    /// Does one thing on some context; false where nothing is ready.
    bool step();
    bool step_at(place& p);
    void destroy(place& p);
    /// Has timers expire whose time has come; false where there is none.
    bool expire();
    /// Moves time to what is next; false where nothing is.
    bool advance();

    scene& scene_;
    testing::virtual_time time_;
    std::deque<caller> callers_;
    std::array<place, 2> places_;
};

}  // namespace cutwater::soak
