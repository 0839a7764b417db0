// Private to the room: one check of a monitor, when it runs, and what became of it. A value that is told the time; the monitor's lock guards it.
//
// A run is queued, begins when a thread takes it, and ends. One that has begun and has not ended in time is given up on,
// and counts as failed then and at each further period; the next run is queued when it has ended. What it says so late is
// not heard. One that gets no thread in time says nothing of what is checked: that is told, and the latest result stands
// until it is too old. For readiness it stands until there is another, also where that run is withdrawn: that others hang
// takes nobody away. What the other says is then so for readiness from that moment on, and not since the old one is too old.
#pragma once

#include <optional>
#include <string>

#include "cutwater/core/random.hpp"
#include "cutwater/health/check.hpp"
#include "cutwater/health/options.hpp"
#include "cutwater/health/report.hpp"

namespace cutwater::detail {

class check_slot {
public:
    check_slot(check_options options, check_function ask, instant now, health_status worst = health_status::unhealthy);

    [[nodiscard]] const check_options& options() const noexcept { return options_; }
    /// Only for the run that has begun.
    [[nodiscard]] check_function& function() noexcept { return ask_; }

    /// What has become of it when the monitor looks.
    struct looked {
        bool is_to_run = false;              ///< queued now: somebody is to run it
        bool was_given_up = false;           ///< in this moment
        bool has_begun = false;              ///< whether a thread has it
        std::optional<health_status> was{};  ///< where the status has changed: what it was
        duration was_for{};
    };
    [[nodiscard]] looked look(instant now, random_source& random);
    /// When something is to be done that nobody but the time says.
    [[nodiscard]] instant next_look() const noexcept;

    /// A thread has it.
    [[nodiscard]] check_run begin(instant now);
    struct ended {
        bool was_given_up = false;  ///< before: it is not heard
        duration took{};
        std::optional<health_status> was{};
        duration was_for{};
    };
    [[nodiscard]] ended end(check_result said, instant now);
    /// Nobody runs it after all.
    void withdraw() noexcept { state_ = state::idle, given_up_ = false; }
    /// Next, and without waiting for its time.
    void hurry(instant now) noexcept { next_due_ = now; }

    /// What is to be requested to stop, outside of the lock.
    [[nodiscard]] std::stop_source stop_source() const { return stop_; }

    [[nodiscard]] health_status status(instant now) const noexcept { return kernel_.status(now); }
    [[nodiscard]] bool has_worked() const noexcept { return has_worked_; }
    [[nodiscard]] bool keeps_away(instant now, std::uint64_t seed) const noexcept;
    [[nodiscard]] const check_result& latest() const noexcept { return latest_; }
    [[nodiscard]] check_report report(instant now) const;

private:
    enum class state : std::uint8_t { idle, queued, running };

    void give_up(instant now, looked& seen);
    /// For readiness, however old it is.
    [[nodiscard]] bool latest_stands() const noexcept;
    [[nodiscard]] std::optional<health_status> hear(check_result said, instant now, duration& was_for);
    void tell_why_nothing_is_known(check_report& told, instant now) const;

    check_options options_;
    check_function ask_;
    health_kernel kernel_;
    state state_ = state::idle;
    bool given_up_ = false;
    bool has_worked_ = false;
    bool had_no_thread_ = false;            // in time, and has said nothing since
    instant stood_until_ = instant::min();  // for readiness, though it was too old
    instant since_;                         // when it was queued, or has begun
    instant next_due_;
    std::stop_source stop_{std::nostopstate};
    check_result latest_;
    duration took_{};
    std::string last_error_;
    std::optional<instant> last_error_at_{};
};

}  // namespace cutwater::detail
