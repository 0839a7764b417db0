// Time that passes only when somebody waits: tests of hours run in microseconds, and the same every time.
//
//     cw::testing::virtual_time time;
//     auto result = time.run(pipeline, [&] { time.pass(300ms); return fetch(); });
//     EXPECT_EQ(time.elapsed(), 900ms);
//     EXPECT_THAT(time.sleeps(), ElementsAre(100ms, 200ms));
//
// What happens meanwhile is scheduled: `time.after(50ms, [&] { stop.request_stop(); })` runs when a wait, or `pass`,
// reaches that instant. Thread safety: none; one virtual time belongs to one thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "cutwater/drive/sync/run.hpp"

namespace cutwater::testing {

class virtual_time final : public environment, public blocking_environment {
public:
    /// Starts far enough from zero that nothing wraps, at a round number.
    explicit virtual_time(std::uint64_t seed = 42) : random_{seed} {}

    // environment
    [[nodiscard]] instant now() noexcept override { return ++reads_, now_.load(); }  // a pool's threads ask, too
    [[nodiscard]] random_source& random() noexcept override { return random_; }

    // blocking_environment
    [[nodiscard]] environment& lent() noexcept override { return *this; }
    [[nodiscard]] wait_end wait(parker& place, instant until, const std::stop_token& stop) override;

    /// Runs `f` through `guarded` in this time.
    template <class Pipeline, class F>
    auto run(Pipeline& guarded, const call_options& said, F&& f) {
        return run_blocking(guarded, said, std::forward<F>(f), *this);
    }
    template <class Pipeline, class F>
    auto run(Pipeline& guarded, F&& f) {
        return run(guarded, nothing_said, std::forward<F>(f));
    }

    /// The present, without counting as a reading.
    [[nodiscard]] instant present() const noexcept { return now_.load(); }
    [[nodiscard]] instant in(duration d) const noexcept { return add(present(), d); }
    [[nodiscard]] duration elapsed() const noexcept { return present() - start; }

    /// Lets `d` pass; what is scheduled meanwhile happens.
    void pass(duration d) { advance_to(add(present(), d)); }
    /// Has `what` happen `d` from now.
    void after(duration d, std::function<void()> what) { scheduled_.emplace(add(present(), d), std::move(what)); }
    /// Moves to the next thing scheduled and lets it happen; false where there is none.
    bool advance_to_next();

    [[nodiscard]] std::optional<instant> next_scheduled() const {
        return scheduled_.empty() ? std::nullopt : std::optional{scheduled_.begin()->first};
    }

    /// How often the clock was read, and every wait by its length.
    [[nodiscard]] unsigned reads() const noexcept { return reads_; }
    void reset_reads() noexcept { reads_ = 0; }
    [[nodiscard]] const std::vector<duration>& sleeps() const noexcept { return sleeps_; }

    static constexpr instant start{std::chrono::hours{1000}};

private:
    void advance_to(instant t);

    std::atomic<instant> now_ = start;
    random_source random_;
    std::atomic<unsigned> reads_ = 0;
    std::vector<duration> sleeps_;
    std::multimap<instant, std::function<void()>> scheduled_;
};

}  // namespace cutwater::testing
