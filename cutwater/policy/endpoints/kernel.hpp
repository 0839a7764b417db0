// What is right for a set of endpoints, without threads: the specification that the concurrent one is held against.
//
// - A call is sent to one of those that the plan of the moment has (plan.hpp): not ejected, unless there is a panic; not tried by the
//   call, unless all are. It is in flight there until it is settled or abandoned.
// - Its end counts if the endpoint is in the epoch that the call began in, and was not ejected then (tally.hpp). A success ends what was in a
//   row. The failure that makes `consecutive_failures` in a row ejects, where one more may be ejected; else the row begins anew.
// - A failure with a wish to be left alone (`rest`): until then nobody is sent there, while there is another. It is not an ejection, and
//   is kept through one.
// - What was cancelled because another attempt had won (`lose`) took at least so long: its latency learns that where it is more than what is
//   known, and nothing else counts.
// - A failure's latency is at least `failure_penalty`: failing fast is not being fast.
// - Neutral ends (cancelled, rejected, ignored, abandoned) free their place and count for nothing.
// - A replaced set keeps the state of endpoints that stay, by address. What is sent to one that has gone ends there and counts for
//   nothing.
// - A plan holds until what it says is over: a return, a step of a ramp, an interval, an ejection, another set.
//
// Thread safety: none. Lifetime: the options outlive it.
#pragma once

#include <optional>
#include <span>

#include "cutwater/core/tried_targets.hpp"
#include "cutwater/policy/endpoints/ejections.hpp"

namespace cutwater {

/// How an attempt ended, for an endpoint.
enum class endpoint_end : std::uint8_t { success, failure, neutral };

class endpoints_kernel {
public:
    explicit endpoints_kernel(const endpoints_options& options);

    struct ticket {
        std::uint32_t id = 0;  // of the endpoint; another has another, also where it has the same address later
        std::uint16_t epoch = 0;
        instant began{};
        friend bool operator==(const ticket&, const ticket&) = default;
    };
    struct answer {
        std::optional<ticket> sent;
        std::optional<duration> retry_after;  // where it is not sent, and something is known
        endpoint_changes changes;
    };

    [[nodiscard]] answer admit(instant now, random_source& dice, const tried_targets& tried);
    [[nodiscard]] endpoint_changes settle(const ticket& t, endpoint_end how, instant now);
    /// The two halves of `settle`: what the end means, and that the place is free.
    [[nodiscard]] endpoint_changes count(const ticket& t, endpoint_end how, instant now);
    void abandon(const ticket& t) noexcept;
    void rest(const ticket& t, instant until) noexcept;
    void lose(const ticket& t, instant at) noexcept;
    /// Whether there is one that does not rest.
    [[nodiscard]] bool has_awake(instant now) const noexcept;
    /// What time has brought; `admit` begins with it.
    [[nodiscard]] endpoint_changes advance(instant now);
    [[nodiscard]] endpoint_changes replace(const endpoint_list& list, instant now);
    [[nodiscard]] endpoints_reading read(instant now) const;

    /// The two halves of `admit`, for histories: whether the plan in force has it for such a call while nobody rests, and sending one there.
    [[nodiscard]] bool may_send(std::uint32_t id, const tried_targets& tried) const;
    [[nodiscard]] ticket send(std::uint32_t id, instant now);
    [[nodiscard]] const endpoint_plan& plan() const noexcept { return plan_; }
    [[nodiscard]] std::uint32_t id_at(std::size_t place) const noexcept { return at_[place].id; }
    [[nodiscard]] const endpoint_ejections& ejections() const noexcept { return ejections_; }
    [[nodiscard]] unsigned gone_in_flight() const noexcept { return gone_in_flight_; }

    friend bool operator==(const endpoints_kernel& a, const endpoints_kernel& b) {
        return a.ejections_ == b.ejections_ && a.at_ == b.at_ && a.plan_ == b.plan_ &&
               a.gone_in_flight_ == b.gone_in_flight_;
    }

private:
    struct state {
        std::uint32_t id = 0;
        endpoint what;
        endpoint_tally tally{};
        unsigned in_flight = 0;
        endpoint_latency latency{};
        instant rests_until = instant::min();
        friend bool operator==(const state&, const state&) = default;
    };

    [[nodiscard]] state* find(std::uint32_t id) noexcept;
    [[nodiscard]] endpoint_load load_of(std::size_t place, instant now) const noexcept;
    void begin_epochs(std::span<const endpoint_change> changes);
    void make_plan(instant now, endpoint_changes& changes);
    void fail(state& s, instant now, endpoint_changes& changes);

    const endpoints_options* options_;
    endpoint_ejections ejections_;
    std::vector<state> at_;  // as the members of the ejections
    endpoint_plan plan_;
    std::uint32_t last_id_ = 0;
    unsigned gone_in_flight_ = 0;  // at endpoints that are not in the set any more
};

/// What is read of an endpoint whose health is that.
[[nodiscard]] endpoint_reading reading_of(const endpoint& what, const endpoint_ejections::health& state,
                                          const endpoint_tally& tally);

}  // namespace cutwater
