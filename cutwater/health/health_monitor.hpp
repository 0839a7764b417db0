// How this process is: checks of what it depends on, heartbeats of its own loops, and the three questions that an orchestrator asks.
//
//     cw::health_monitor health{{.name = "shop"}};
//     health.check({.name = "database", .importance = cw::check_importance::critical, .timeout = 2s}, [](const cw::check_run& run) { return run.deadline != cw::never; });
//     health.watch(inventory_health);                                              // open circuit, full bulkhead: by itself
//     const auto beats = health.heartbeat({.name = "event loop", .within = 10s});  // liveness: of these, and of nothing else
//     const auto warm = health.startup_task("cache is warm");
//     cw::health_runner runner{health};                                            // runs the checks
//     …
//     warm->done();
//     health.is_ready();
//
// Contract. *Liveness* is up while every heartbeat beats. A check of a dependency cannot be part of it: there is no way to say so. *Startup* is up once all
// startup tasks are done and every check that it waits for has worked, and stays up. *Readiness* is up once startup is, as long as nothing drains and no check keeps
// the replica away; by default none does (`readiness_effect`). *Status* is all checks together (kernel.hpp); a heartbeat that has stopped makes it unhealthy.
//
// Nobody who asks runs a check: answers come from the latest results. A check runs on its own period, one run at a time, given up on at its timeout and not
// run again while it hangs.
//
// fork: it belongs to the process that made it. A child may only let it go, which waits for no thread of its parent's.
// Thread safety: every member, from any thread; callables and listeners run outside of the lock. Lifetime: what checks and watches refer to outlives
// the runner; listener and `time` outlive the monitor, which outlives the runner. Errors: `invalid_options`, also for a name that is taken.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/core/events.hpp"
#include "cutwater/core/waiter.hpp"
#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/health/check.hpp"
#include "cutwater/health/events.hpp"
#include "cutwater/health/gauge_judge.hpp"
#include "cutwater/health/heartbeat.hpp"
#include "cutwater/health/options.hpp"
#include "cutwater/health/report.hpp"

namespace cutwater {

namespace detail {
class check_slot;
class health_news;
}  // namespace detail

class health_monitor;

/// Something that startup waits for. Made by `health_monitor::startup_task`.
class startup_task {
public:
    startup_task(std::string name, health_monitor& of) noexcept : name_{std::move(name)}, of_{&of} {}
    /// If it is the last that startup waited for, listeners hear of it here. Also when the monitor is gone: then nobody does.
    void done() noexcept;
    [[nodiscard]] bool is_done() const noexcept { return done_.load(std::memory_order_acquire); }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
    friend class health_monitor;
    enum class link : std::uint8_t { there, told, cut };

    /// The monitor goes: nobody begins to tell it.
    void cut() noexcept;
    void wait_until_told() const noexcept;

    std::string name_;
    health_monitor* of_;
    std::atomic<bool> done_{false};
    std::atomic<link> link_{link::there};
};

/// A run that is due: for runners. Dropped without being run, it is as if it had not been due; who only has no thread for it keeps it.
class due_check {
public:
    due_check(health_monitor& of, std::shared_ptr<detail::check_slot> slot) noexcept
        : of_{&of}, slot_{std::move(slot)} {}
    due_check(const due_check&) = delete;
    due_check(due_check&&) noexcept = default;
    due_check& operator=(const due_check&) = delete;
    due_check& operator=(due_check&&) = delete;
    ~due_check();

    [[nodiscard]] std::string_view name() const noexcept;
    /// Whether readiness or startup waits for what it says: it should not have to wait for a thread that others hang on.
    [[nodiscard]] bool decides() const noexcept;
    /// All of it, in this thread.
    void run() noexcept;
    /// Its parts, for whoever runs it otherwise.
    [[nodiscard]] check_run begin();
    [[nodiscard]] check_result ask(const check_run& run);
    void end(check_result said);

private:
    health_monitor* of_;
    std::shared_ptr<detail::check_slot> slot_;
};

class health_monitor {
public:
    static constexpr std::string_view kind = "health_monitor";

    /// Throws `invalid_options`.
    explicit health_monitor(health_options options = {}, environment& time = this_machine);
    health_monitor(const health_monitor&) = delete;
    health_monitor& operator=(const health_monitor&) = delete;
    ~health_monitor();

    [[nodiscard]] const health_options& options() const noexcept { return options_; }
    [[nodiscard]] name layer_name() const noexcept { return layer_; }

    /// Who is told. Before the first check.
    health_monitor& tell(listener& told) noexcept { return told_ = &told, *this; }

    // ---- what there is ----
    template <health_check F>
    void check(check_options options, F f) {
        add_check(std::move(options), as_check(std::move(f)));
    }
    /// What a policy or a pipeline is like, judged by its gauges (gauge_judge.hpp): degraded at worst.
    template <has_gauges P>
    void watch(std::string called, P& what, watch_options options = {}) {
        watch_by(
            std::move(called), [&what](instant now, gauge_visitor& seen) { visit_gauges(what, now, seen); }, options);
    }
    template <has_gauges P>
        requires requires(const P& p) { p.layer_name(); }
    void watch(P& policy, watch_options options = {}) {
        watch(std::string{policy.layer_name().view()}, policy, options);
    }
    void watch_by(std::string called, std::function<void(instant now, gauge_visitor& seen)> ask,
                  watch_options options = {});
    /// Takes a check or a watch away; false where there is none. A run that has begun goes on, and is not heard.
    bool remove(std::string_view check);

    [[nodiscard]] std::shared_ptr<cutwater::heartbeat> heartbeat(heartbeat_options options);
    [[nodiscard]] std::shared_ptr<cutwater::startup_task> startup_task(std::string what);

    // ---- how it is ----
    [[nodiscard]] bool is_live() const;
    [[nodiscard]] bool is_ready() const;
    [[nodiscard]] bool is_started() const;
    [[nodiscard]] health_report report() const;
    /// For whoever keeps metrics.
    void gauges(instant now, gauge_visitor& seen) const;

    /// Readiness goes down, for good. Until when requests may still come: what listens stays open as long. Again: the same.
    instant drain();
    [[nodiscard]] bool is_draining() const;

    // ---- for runners ----
    /// What is to be run now; what has not ended in time is given up on.
    [[nodiscard]] std::vector<due_check> take_due();
    /// When there is something to do without anybody saying so.
    [[nodiscard]] instant next_due() const;
    /// Every check that does not run is due now. Whoever asks for it at the same time shares the run.
    void refresh();
    /// Woken, under the lock, when a check comes, goes or is hurried, and when a startup task is done; null for nobody.
    void wakes(waker* runner);
    /// Asks what runs to stop, and what begins before there is a runner again.
    void stop_runs();

private:
    friend class due_check;
    friend class cutwater::startup_task;
    using slot = std::shared_ptr<detail::check_slot>;

    void add_check(check_options options, check_function f, health_status worst = health_status::unhealthy);
    [[nodiscard]] check_run begin(detail::check_slot& s);
    void end(detail::check_slot& s, check_result said);
    void withdraw(detail::check_slot& s);
    void look_at_readiness();

    // with the lock held
    [[nodiscard]] bool live_at(instant now) const;
    [[nodiscard]] bool started_at() const;
    [[nodiscard]] bool ready_at(instant now) const;
    [[nodiscard]] health_status status_at(instant now) const;
    [[nodiscard]] std::vector<std::string> not_ready_because(instant now) const;
    void notice_readiness(instant now, detail::health_news& news);
    void tell(detail::health_news& news, instant now);

    health_options options_;
    const int made_by_;  // which process
    name layer_;
    environment* time_;
    listener* told_ = nullptr;
    std::uint64_t seed_;
    mutable std::mutex mutex_;
    random_source random_;  // from here on guarded
    std::vector<slot> checks_;
    std::vector<std::pair<std::string, std::weak_ptr<cutwater::heartbeat>>> heartbeats_;
    std::vector<std::shared_ptr<cutwater::startup_task>> tasks_;
    mutable bool has_started_ = false;
    bool was_ready_ = false;
    instant drains_until_ = never;
    waker* runner_ = nullptr;
    bool is_stopping_ = false;
};

}  // namespace cutwater
