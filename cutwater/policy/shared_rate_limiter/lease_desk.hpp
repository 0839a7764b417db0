// Where an instance's permits come from: it leases them from the store, one question at a time, and calls wait here for the answer.
//
// What the store said last is remembered, with the instant at which it was heard: so the next lease is one swap, which succeeds unless somebody has
// come between, and a limit that is known to be exhausted is not asked about. Where a swap is not made the store tells what is there, and it is tried again, a
// bounded number of times. An answer comes from any thread, perhaps when the limiter has gone; the desk lives as long.
//
// Thread safety: every member, from any thread. One lock, held across nothing but arithmetic and wakers; the store is asked without it.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cutwater/core/call.hpp"
#include "cutwater/policy/shared_rate_limiter/known_limit.hpp"
#include "cutwater/policy/shared_rate_limiter/leased_permits.hpp"
#include "cutwater/policy/shared_rate_limiter/local_share.hpp"
#include "cutwater/policy/shared_rate_limiter/options.hpp"
#include "cutwater/store/cell_store.hpp"

namespace cutwater {

class lease_desk : public std::enable_shared_from_this<lease_desk> {
public:
    lease_desk(cell_store& store, const shared_rate_limiter_options& options);

    enum class answer : std::uint8_t { taken, waits, exhausted, contended, full, out_of_order, unguarded, share };
    struct said {
        answer what = answer::waits;
        taken_permits permits{};
        duration wait{};        ///< until asking again makes sense
        instant until = never;  ///< of `waits`: when to look again
    };

    /// Without a lock.
    [[nodiscard]] bool try_take(unsigned n, instant now, taken_permits& taken) noexcept {
        return hand_.try_take(n, now, taken);
    }
    /// For one who does not wait; `waits` where it is worth that.
    [[nodiscard]] said look(unsigned n, call_context& call);
    /// The same for one who has a place in line now, or is told how it ended.
    [[nodiscard]] said enqueue(waiter& w, call_context& call);
    [[nodiscard]] said look_again(waiter& w, call_context& call);
    void leave(waiter& w) noexcept;

    /// What was not used.
    void give_back(const taken_permits& unused, call_context& call);

    /// What has happened since this was asked last.
    struct news {
        std::optional<std::string> failure{};
        std::optional<duration> back_after{};
        unsigned leased = 0;
        unsigned questions = 0;
        duration took{};
    };
    [[nodiscard]] news take_news();

    [[nodiscard]] unsigned queued() const;
    /// Permits in hand.
    [[nodiscard]] unsigned in_hand();
    /// All that were ever leased.
    [[nodiscard]] std::uint64_t leased() const;

private:
    /// One lease that is under way: a question, or several where others come between.
    struct flight {
        std::uint64_t number = 0;  // 0: none
        unsigned need = 1;         // so many were missing
        unsigned tries = 0;
        unsigned failures = 0;
        instant began{};
        std::size_t given_back = 0;  // so many of `over_`
        environment* lent = nullptr;
    };
    /// A question that is asked, and what it is worth if the answer is yes.
    struct question {
        std::uint64_t flight = 0;
        leased_permits::batch worth{};
        rate_backlog backlog{};
        environment* lent = nullptr;
        std::optional<cell_request> what{};
    };

    void ask(question next) noexcept;
    [[nodiscard]] question answered(const question& asked, const cell_result& reply);
    [[nodiscard]] question heard_locked(const question& asked, const cell_result& reply, instant now);
    void keep_locked(const question& asked, cell_version version, instant now);
    [[nodiscard]] question lost_locked(const std::optional<cell>& found, instant now);
    [[nodiscard]] question failed_locked(const error& why, instant now);

    [[nodiscard]] question begin_locked(unsigned need, instant now, environment& lent);
    [[nodiscard]] question compose_locked(instant now);
    [[nodiscard]] question serve_locked(instant now, environment& lent);
    [[nodiscard]] question refill_locked(instant now, environment& lent);
    void end_flight_locked() noexcept;
    void end_overdue_locked(instant now);
    void begin_outage_locked(std::string why, instant now);
    void end_outage_locked(instant now);
    void turn_away_all_locked(errc why) noexcept;

    enum class asking : std::uint8_t { allowed, not_now };
    [[nodiscard]] said try_locked(unsigned n, call_context& call, asking may, question& next);
    [[nodiscard]] said turned_away_locked(const waiter& w, instant now);
    [[nodiscard]] said without_store_locked(unsigned n, instant now);
    [[nodiscard]] instant next_look_locked(const waiter& w) const;
    [[nodiscard]] bool is_under_way() const noexcept { return flight_.number != 0; }
    [[nodiscard]] bool may_ask_locked(instant now) const { return !is_under_way() && now >= asks_again_; }
    void put_back_locked(const taken_permits& unused);
    void take_in_locked(instant now);
    void lay_out_locked(instant now);

    const shared_rate_limiter_options options_;
    const shared_rate_limiter_kernel rule_;
    const std::string key_;
    const duration usable_for_;
    cell_store& store_;

    leased_permits hand_;
    mutable std::mutex lock_;
    waiter_queue line_;
    flight flight_;
    std::uint64_t flights_ = 0;
    known_limit known_;
    std::optional<random_source> dice_;
    std::vector<leased_permits::batch> over_;  // came to their end unused
    std::uint64_t leased_ = 0;

    bool is_down_ = false;
    instant down_since_{};
    instant asks_again_{};  // after a failure, or where others came between again and again
    local_share share_;
    bool is_to_tell_ = false;  // the next call looks here, to tell
    news news_;
};

}  // namespace cutwater
