// A seed played on threads of the machine: blocking calls on some, coroutines on an `io_context` that two others run, work on pools, and
// a thread that cancels. Only what is drawn is the same each time; what comes of it is not.
//
// In some seeds the context is stopped and destroyed, with its coroutines, while the threads go on.
#pragma once

#include <deque>
#include <mutex>
#include <thread>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "test/soak/audited.hpp"
#include "test/soak/scene.hpp"

namespace cutwater::soak {

class threads_play {
public:
    static constexpr scene_kind kind{
        .unit = 50us, .least_calls = 12, .most_calls = 40, .how = in_step::no, .may_have = pools::some};

    explicit threads_play(scene& drawn);
    void run();

private:
    static constexpr std::size_t blocking_threads = 2;
    static constexpr std::size_t context_threads = 2;

    void call_in_turn(std::size_t thread);
    void call(const call_plan& p);
    [[nodiscard]] std::expected<int, std::error_code> serve(const call_plan& p, const attempt& a);
    void cancel_in_turn(const std::stop_token& enough);

    void spawn_coroutines();
    [[nodiscard]] boost::asio::awaitable<void> call_as_coroutine(const call_plan& p);
    [[nodiscard]] boost::asio::awaitable<std::expected<int, std::error_code>> serve_as_coroutine(const call_plan& p);
    void run_context();

    [[nodiscard]] call_options said_of(const call_plan& p);

    scene& scene_;
    instant began_;
    std::optional<duration> doom_;  ///< when the context goes, if it does before its calls have ended
    std::deque<std::stop_source> stops_;
    std::vector<const call_plan*> blocking_;
    std::vector<const call_plan*> coroutines_;
    std::atomic<std::size_t> coroutines_left_;
    std::mutex going_;  ///< held while the context goes: nobody may post into it then, as a stop that is requested does
    std::optional<boost::asio::io_context> context_;
};

}  // namespace cutwater::soak
