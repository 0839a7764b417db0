// Where an instance's further attempts come from: originals are counted here, and with each question to the store it is told of them, has back what was
// not used in time, and leases more; one question at a time, in the background. Nobody waits.
//
// What the store said last is remembered, with the instant at which it was heard: so the next question is one swap, which succeeds unless somebody has
// come between. Where it is not made the store tells what is there, and it is tried again, a bounded number of times. Of a question whose fate is not known
// nothing is used: neither what it would have leased, nor what it would have brought. An answer comes from any thread, perhaps when the budget has
// gone; the desk lives as long.
//
// An instance owns at most `lease`: what is in hand, and the greater of what a question that is under way gives back and what it asks for.
//
// Thread safety: every member, from any thread. One lock, held across nothing but arithmetic; the store is asked without it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "cutwater/core/attempt_budget.hpp"
#include "cutwater/core/gathered_counter.hpp"
#include "cutwater/policy/shared_retry_budget/options.hpp"
#include "cutwater/store/cell_store.hpp"
#include "cutwater/store/outage.hpp"

namespace cutwater {

class budget_desk : public std::enable_shared_from_this<budget_desk> {
public:
    budget_desk(cell_store& store, const shared_retry_budget_options& options);

    /// Without a lock, but for now and then.
    void count_original(instant now, environment& lent) {
        if (now >= looks_at_.load(std::memory_order_relaxed)) [[unlikely]]
            look(now, lent);
        counter::cell& mine = originals_.mine();
        counter::cell::seen seen = mine.look();
        if (counter::cell::is_open(seen, subject) && !counter::cell::is_full(seen) && mine.count(seen)) [[likely]]
            return;
        count_slowly();
    }

    enum class answer : std::uint8_t { paid, paid_locally, exhausted, leasing, store_unavailable, share };
    [[nodiscard]] answer try_charge(instant now, environment& lent);
    enum class paid_from : std::uint8_t { lease, share };
    /// One that was paid for and is not made. What is more than a lease is lost.
    void refund(paid_from where) noexcept;

    /// What has happened since this was asked last.
    struct news {
        store_outage::news store{};
        unsigned attempts = 0;
        std::uint64_t originals = 0;
        unsigned questions = 0;
        duration took{};
    };
    [[nodiscard]] news take_news();
    [[nodiscard]] bool has_news() const noexcept { return has_news_.load(std::memory_order_relaxed); }

    [[nodiscard]] unsigned in_hand(instant now) const;
    /// All that were ever leased, less what went back.
    [[nodiscard]] std::uint64_t leased() const;
    /// What was in the store, as far as is known.
    [[nodiscard]] double balance(instant now) const;

private:
    using counter = gathered_counter<std::atomic>;
    static constexpr std::uint32_t subject = 1;  // what the cells are open for

    /// What is known of the cell, and since when.
    struct knowledge {
        cell_version version = 0;
        retry_credit credit{};
        instant since{};
    };
    struct in_hand_now {
        unsigned count = 0;
        instant end{};
    };
    /// Originals that the store is to hear of, and when the first of them came, or before.
    struct untold {
        std::uint64_t originals = 0;
        instant since{};
    };
    /// A question that is under way, or several where others come between.
    struct flight {
        std::uint64_t number = 0;  // 0: none
        unsigned tries = 0;
        unsigned failures = 0;
        instant began{};
        instant asked{};  // the latest of them
        unsigned takes = 0;
        unsigned gives_back = 0;
        untold tells{};
        bool has_learned = false;  // what is in the cell, since it began
        environment* lent = nullptr;
    };
    struct question {
        std::uint64_t flight = 0;
        retry_credit credit{};
        bool reads = false;
        std::optional<cell_request> what{};
    };

    void look(instant now, environment& lent);
    void count_slowly();
    void ask(question next) noexcept;
    [[nodiscard]] question answered(const question& asked, const cell_result& reply);
    void keep_locked(const question& asked, cell_version version, instant now);
    void end_flight_locked(instant now);
    [[nodiscard]] question learn_locked(const std::optional<cell>& found, instant now);
    [[nodiscard]] question failed_locked(const error& why, instant now);

    void look_locked(instant now);
    void gather_locked(instant now);
    void forget_old_locked(instant now);
    [[nodiscard]] question ask_if_worth_locked(instant now, environment& lent);
    [[nodiscard]] question compose_locked(instant now);
    [[nodiscard]] retry_credit known_locked(instant now) const;
    [[nodiscard]] unsigned usable_locked(instant now) const noexcept { return now < hand_.end ? hand_.count : 0; }
    [[nodiscard]] answer take_locked(instant now);
    [[nodiscard]] bool is_under_way() const noexcept { return flight_.number != 0; }
    void give_back_unused_locked(instant now);
    void put_back_locked();
    void begin_outage_locked(std::string why, instant now);
    void plan_locked(instant now);

    const shared_retry_budget_options options_;
    const shared_retry_budget_kernel rule_;
    const shared_retry_budget_kernel share_;
    const std::string key_;
    cell_store& store_;

    mutable std::mutex lock_;
    in_hand_now hand_;
    unsigned wanted_;       // in hand: `lease`, and less where it is not used
    bool is_used_ = false;  // some of what was leased last
    untold untold_;
    std::uint64_t counted_ = 0;  // beside the cells
    instant gathered_ = instant::min();
    flight flight_;
    std::uint64_t flights_ = 0;
    knowledge known_;
    instant tells_again_ = instant::min();
    std::uint64_t leased_ = 0;
    store_outage outage_;
    retry_credit local_;  // in an outage
    instant local_since_{};
    news news_;

    alignas(cache_line) std::atomic<instant> looks_at_ = instant::min();
    std::atomic<bool> has_news_ = false;
    counter originals_;
};

}  // namespace cutwater
