// One call: what its caller says of it, what its layers see of it, and what the callable sees of one attempt.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

#include "cutwater/core/criticality.hpp"
#include "cutwater/core/environment.hpp"
#include "cutwater/core/events.hpp"
#include "cutwater/core/moment.hpp"
#include "cutwater/core/name.hpp"
#include "cutwater/core/outcome.hpp"
#include "cutwater/core/tried_targets.hpp"
#include "cutwater/core/waiter.hpp"

namespace cutwater {

struct trace_context;

/// Whether an operation may be executed twice.
enum class idempotency : std::uint8_t {
    unstated,        ///< whoever composes a retry round it says that it may
    idempotent,      ///< executing it again changes nothing
    not_idempotent,  ///< repeated only where the request cannot have left
};

[[nodiscard]] constexpr std::string_view to_text(idempotency i) noexcept {
    constexpr std::string_view texts[] = {"unstated", "idempotent", "not_idempotent"};
    return texts[static_cast<std::uint8_t>(i)];
}

/// What the caller says of one call. All of it is optional.
///
///     pipeline.run({.operation = "charge", .deadline = cw::add(cw::now(), 2s), .idempotent = idempotency::not_idempotent}, f);
///
/// Lifetime: what `id`, `tenant`, `target`, `fingerprint` and `trace` point at outlives the call.
struct call_options {
    name operation{};          ///< for errors and events; one of a bounded set
    instant deadline = never;  ///< after which nobody wants the answer
    std::stop_token stop{};    ///< the caller's cancellation
    idempotency idempotent = idempotency::unstated;
    /// This call among others of its operation; on an operation that is made idempotent by a key, that key: one for each logical
    /// call, the same for all its attempts.
    std::string_view id{};
    unsigned weight = 1;                           ///< how much it takes of what is rationed: permits of a rate limiter
    criticality importance = criticality::normal;  ///< who is served where not all can be
    std::string_view tenant{};                     ///< on whose behalf; any text, as it came with the request
    /// What is called, where one pipeline calls several: a service, a shard. A gate that chooses among equivalent endpoints
    /// chooses for itself: see `attempt::target`.
    std::string_view target{};
    /// What is asked for, or a digest of it: two calls with the same id that ask for different things are told apart by it.
    std::string_view fingerprint{};
    /// How old an answer may be, where it may be one that was given before; zero: it is to be the dependency's own to this call.
    duration max_age = forever;
    /// Attempts that our own caller has made already for the same request; with any, this is no original.
    unsigned earlier_attempts = 0;
    /// Further attempts that this and all below it may make together; else not stated.
    std::optional<unsigned> retries_left{};
    /// Where it belongs in a trace: the span that it is made for. Null: nobody has said.
    const trace_context* trace = nullptr;
};

/// What a call is whose caller says nothing.
inline const call_options nothing_said{};

/// What one further attempt has cost; nothing for an original.
struct budget_charge {
    std::uint32_t cost = 0;
    std::uint32_t note = 0;  ///< the budget's own
    friend bool operator==(const budget_charge&, const budget_charge&) = default;
};

/// Work that goes on after its call has given up on it. What is bound to the work, not to the call, is kept here until
/// the work really ends.
class orphan_work {
public:
    /// Calls `release` when the work has ended, at once if it has; destroys it in any case.
    virtual void keep(std::move_only_function<void()> release) = 0;
    [[nodiscard]] virtual bool is_done() const = 0;

    unsigned of_attempt = 0;

protected:
    ~orphan_work() = default;
};

/// A call in flight, as its layers see it.
///
/// Thread safety: none; a call belongs to one thread or strand at a time. Lifetime: as long as the call; a policy must
/// not keep a reference.
class call_context {
public:
    call_context(const call_options& said, environment& lent, parking& place) noexcept
        : now{&read_clock, &lent}, deadline{said.deadline}, target{said.target}, trace{said.trace}, said_{said},
          lent_{lent}, place_{place} {}
    call_context(const call_context&) = delete;
    call_context& operator=(const call_context&) = delete;
    ~call_context() = default;

    moment now;               ///< the present; shared by the layers of one step
    instant deadline;         ///< the earliest of the caller's and the timeouts' around the current layer
    std::string_view target;  ///< where the attempt goes: what a gate chose, else what the caller says
    /// The span that what is inside is done for: of a layer that traces, else the caller's; null where there is none.
    const trace_context* trace;
    unsigned attempt = 1;  ///< 1 is the first
    /// How often the callable was run, or answered for; an attempt that a layer refused is not sent.
    unsigned sent = 0;
    bool deadline_is_ours = false;  ///< whether a timeout layer set `deadline`, rather than the caller
    bool ran_out = false;           ///< whether the latest failure is that `deadline` has passed
    bool cancelled = false;         ///< whether the caller had cancelled when the latest failure came
    bool is_retried = false;        ///< whether a loop around this layer makes further attempts
    unsigned handed_down = 0;       ///< then: how many of them it leaves to what is called
    unsigned given_away = 0;        ///< how many it has left to what was called so far
    unsigned told_sent = 0;         ///< of which attempt that was sent `told_budget` has heard the outcome
    const void* told_budget = nullptr;
    const void* paid_to = nullptr;  ///< the budget that a loop outside has paid for the attempt; null: none has
    budget_charge paid{};           ///< and what: the innermost that shares that budget tells it the outcome
    /// Attempts that nobody waits for but that may still run, the latest last.
    std::vector<std::shared_ptr<orphan_work>> orphans;
    listener* audience = nullptr;  ///< who hears the events; null: nobody, and none is built

    /// One more of them; those that have ended meanwhile are let go.
    void leave_behind(std::shared_ptr<orphan_work> work) {
        std::erase_if(orphans, [](const auto& earlier) { return earlier->is_done(); });
        work->of_attempt = attempt;
        orphans.push_back(std::move(work));
    }

    /// Attempts at the same request before this one: ours, and those of our own caller.
    [[nodiscard]] unsigned earlier_attempts() const noexcept {
        const unsigned most = std::numeric_limits<unsigned>::max();
        const unsigned ours = attempt - 1;
        return said_.earlier_attempts > most - ours ? most : said_.earlier_attempts + ours;
    }
    [[nodiscard]] bool is_original() const noexcept { return attempt == 1 && said_.earlier_attempts == 0; }

    /// Further attempts that what is called may make of its own. None where a loop makes them; else what our own caller has left us.
    [[nodiscard]] std::optional<unsigned> retries_left() const noexcept {
        return is_retried ? handed_down : said_.retries_left;
    }
    /// Of those that our own caller has left us, how many have not been made or given away; the largest number where it said none.
    [[nodiscard]] unsigned own_retries_left() const noexcept {
        if (!said_.retries_left) return std::numeric_limits<unsigned>::max();
        const std::uint64_t used = std::uint64_t{attempt} - 1 + given_away;
        return used >= *said_.retries_left ? 0 : static_cast<unsigned>(*said_.retries_left - used);
    }

    [[nodiscard]] const call_options& said() const noexcept { return said_; }
    [[nodiscard]] name operation() const noexcept { return said_.operation; }
    [[nodiscard]] random_source& random() noexcept { return lent_.random(); }
    [[nodiscard]] waker& parked() { return place_.prepare(); }  ///< for a gate's queue
    [[nodiscard]] environment& surroundings() noexcept { return lent_; }

    /// The targets that this call has been sent to already; one memory for all attempts of a race.
    [[nodiscard]] tried_targets& tried() noexcept { return *tried_; }
    void share_tried(tried_targets& with_others) noexcept { tried_ = &with_others; }
    /// What a loop goes by: where a gate inside keeps the wish to be left alone and another target can be asked, no attempt waits for it.
    [[nodiscard]] observation heeded(const observation& seen) const noexcept {
        return seen.meaning() == verdict::transient && tried_->wish_is_kept() ? seen.without_wish() : seen;
    }

    /// Of an attempt that raced others: when another of them became the call's outcome; `never` where none has. What was cancelled for
    /// that takes longer than until then, and nobody will know by how much.
    [[nodiscard]] instant lost_at() const noexcept { return lost_at_ != nullptr ? *lost_at_ : never; }
    void share_lost_at(const instant& with_others) noexcept { lost_at_ = &with_others; }

    /// Builds and delivers an event, if anybody listens. `build` returns the event's struct.
    template <class Build>
    void emit(name layer, Build&& build) {
        if (audience != nullptr) [[unlikely]]
            deliver(layer, build());
    }

private:
    static instant read_clock(void* lent) noexcept { return static_cast<environment*>(lent)->now(); }

    template <class Body>
    void deliver(name layer, const Body& body) {
        deliver_event(event{origin_of(layer), body});
    }
    [[nodiscard]] event_origin origin_of(name layer) {
        return {.layer = layer, .operation = operation(), .call_id = said_.id, .attempt = attempt, .at = now.get()};
    }
    void deliver_event(const event& e) noexcept;

    const call_options& said_;
    environment& lent_;
    parking& place_;
    tried_targets own_tried_;
    tried_targets* tried_ = &own_tried_;
    const instant* lost_at_ = nullptr;
};

/// One attempt, as the callable sees it: `f(cw::attempt& a)`.
class attempt {
public:
    attempt(const call_context& call, environment& lent, const std::stop_token& stop) noexcept
        : attempt{call, lent, stop, call.said(), call.trace} {}
    /// Of a call that it may outlast: `kept` is what its caller said, where it goes, and in which span, kept as long as this.
    attempt(const call_context& call, environment& lent, const std::stop_token& stop, const call_options& kept) noexcept
        : attempt{call, lent, stop, kept, kept.trace} {
        target_ = kept.target;
    }

    [[nodiscard]] unsigned number() const noexcept { return number_; }  ///< 1 is the first
    [[nodiscard]] name operation() const noexcept { return said_->operation; }

    /// What its caller says of the call, for who is called. Texts are valid until the attempt ends.
    [[nodiscard]] criticality importance() const noexcept { return said_->importance; }
    [[nodiscard]] std::string_view id() const noexcept { return said_->id; }
    [[nodiscard]] std::string_view tenant() const noexcept { return said_->tenant; }

    /// Attempts at the same request before this one, those of our own caller included: what is called is told of them as
    /// its `call_options::earlier_attempts`.
    [[nodiscard]] unsigned earlier_attempts() const noexcept { return earlier_; }
    /// How many further attempts what is called may make of its own: its `call_options::retries_left`. None where a retry stands
    /// around this; where none does, what our own caller has said.
    [[nodiscard]] std::optional<unsigned> retries_left() const noexcept { return retries_left_; }

    /// Where this attempt is to go: what a gate of the pipeline's, as `endpoints`, has chosen for it; where none has, what the caller
    /// says in `call_options::target`. Valid until the attempt ends.
    [[nodiscard]] std::string_view target() const noexcept { return target_; }

    /// The span that this attempt is, for who is called; null where nobody traces. Valid until the attempt ends.
    [[nodiscard]] const trace_context* trace() const noexcept { return trace_; }

    /// When this attempt must have ended: hand it to whatever can be bounded. `never` where nothing bounds it.
    [[nodiscard]] instant deadline() const noexcept { return deadline_; }

    /// What is left until then, not negative; `forever` where nothing bounds it. Reads the clock.
    [[nodiscard]] duration remaining() const noexcept {
        if (deadline_ == never) return forever;
        const duration left = between(lent_->now(), deadline_);
        return left > duration::zero() ? left : duration::zero();
    }

    /// Requested when nobody waits for this attempt any more.
    [[nodiscard]] const std::stop_token& stop_token() const noexcept { return *stop_; }
    [[nodiscard]] bool stop_requested() const noexcept { return stop_->stop_requested(); }

private:
    attempt(const call_context& call, environment& lent, const std::stop_token& stop, const call_options& said,
            const trace_context* trace) noexcept
        : lent_{&lent}, stop_{&stop}, deadline_{call.deadline}, target_{call.target}, said_{&said}, trace_{trace},
          number_{call.attempt}, earlier_{call.earlier_attempts()}, retries_left_{call.retries_left()} {}

    environment* lent_;
    const std::stop_token* stop_;
    instant deadline_;
    std::string_view target_;
    const call_options* said_;
    const trace_context* trace_;
    unsigned number_;
    unsigned earlier_;
    std::optional<unsigned> retries_left_;
};

}  // namespace cutwater
