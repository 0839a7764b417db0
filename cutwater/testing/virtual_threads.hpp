// A worker pool in virtual time: what runs on it sleeps without a second passing, several calls at once, the same every time.
//
//     cw::testing::virtual_time time;
//     cw::testing::virtual_threads threads{time};
//     cw::testing::mock_dependency<int> shop{time};
//     cw::pipeline guarded{cw::hedge{{.delay = 50ms}}, cw::ref(threads)};
//     auto result = time.run(guarded, {.idempotent = cw::idempotency::idempotent}, threads.blocking(shop));
//
// There is a thread for each call, and exactly one of all, or the test, runs at a time: it goes on until it sleeps or ends. So the mock
// dependency and the time need no locks. What is still asleep when this is destroyed ends then, at the time that it is.
// Thread safety: none; it belongs to the thread of its virtual time, and lends that to those that it makes, one at a time.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/runner.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater::testing {

class virtual_threads final : public call_runner {
public:
    struct ticket {};

    explicit virtual_threads(virtual_time& time, name layer = "virtual_threads") : time_{time}, layer_{layer} {}
    virtual_threads(const virtual_threads&) = delete;
    virtual_threads& operator=(const virtual_threads&) = delete;
    ~virtual_threads();

    // a gate with threads of its own
    [[nodiscard]] name layer_name() const noexcept override { return layer_; }
    [[nodiscard]] admission<ticket> admit(call_context&, moment&) { return ticket{}; }
    void settle(ticket&, const observation&, call_context&, moment&) noexcept {}
    void abandon(ticket&) noexcept {}
    [[nodiscard]] call_runner& runner() noexcept { return *this; }

    // a runner
    void submit(std::shared_ptr<runnable> work) override;
    [[nodiscard]] bool withdraw(const runnable&) noexcept override { return false; }
    void orphan_began() noexcept override { ++orphans_; }
    void orphan_ended() noexcept override { --orphans_; }
    [[nodiscard]] duration max_wait() const noexcept override { return forever; }

    [[nodiscard]] unsigned orphans() const noexcept { return orphans_; }

    /// For code that runs on one of the threads: lets `d` pass there.
    void sleep(duration d);

    /// The dependency as a callable that runs here, and cannot be interrupted; refers to it and to this.
    template <class T>
    [[nodiscard]] auto blocking(mock_dependency<T>& mock) {
        return [this, &mock]() -> std::expected<T, std::error_code> {
            const mock_step<T>& step = mock.begin();
            if (step.takes > duration::zero()) sleep(step.takes);
            mock.end();
            return mock.answer(step);
        };
    }

private:
    struct fiber {
        std::thread thread;
        bool runs = false;  // whether it is this one's turn
        bool ended = false;
    };

    void run_until_it_sleeps(fiber& f);
    void give_back(fiber& f);

    virtual_time& time_;
    name layer_;
    unsigned orphans_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::shared_ptr<fiber>> fibers_;
    bool ending_ = false;
    static thread_local fiber* here;
};

}  // namespace cutwater::testing
