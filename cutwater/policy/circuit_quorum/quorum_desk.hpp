// Where an instance tells the others of its circuit, and hears of theirs: one cell, one exchange at a time, in the background.
//
// An exchange is one swap where nobody has come between since the last one; else the store tells what is there, and it is tried again, a bounded number of
// times. When it is over the others' advice is asked for, and heeded. An answer comes from any thread, perhaps when the layer has gone: then nothing
// follows from it.
//
// Thread safety: every member, from any thread. One lock, held across nothing but arithmetic and the breaker's own; the store is asked without it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "cutwater/core/environment.hpp"
#include "cutwater/policy/circuit_breaker/circuit_breaker.hpp"
#include "cutwater/policy/circuit_quorum/kernel.hpp"
#include "cutwater/store/cell_store.hpp"
#include "cutwater/store/outage.hpp"

namespace cutwater {

class quorum_desk : public std::enable_shared_from_this<quorum_desk> {
public:
    quorum_desk(cell_store& store, circuit_breaker& breaker, const circuit_quorum_options& options);

    /// When a call that passes is to begin an exchange.
    [[nodiscard]] instant due() const noexcept { return due_.load(std::memory_order_relaxed); }
    /// Begins one, unless one is under way.
    void exchange(instant now, environment& lent);
    /// Ours was seen to be open: where the others have not been told, they are to be, now.
    void notice_open(instant now, environment& lent);
    /// The breaker is not touched any more.
    void forget_breaker() noexcept;

    struct heeded {
        circuit_advice advice{};
        circuit_tally others{};
    };
    /// What has happened since this was asked last.
    struct news {
        store_outage::news store{};
        std::optional<heeded> advice{};
        unsigned unreadable = 0;
        std::optional<unsigned> full{};  ///< no room, among so many
    };
    [[nodiscard]] news take_news();

    [[nodiscard]] circuit_tally others(instant now) const;
    /// Lines that could not be read, in all.
    [[nodiscard]] std::uint64_t unreadable() const;

private:
    /// What is known to be in the cell.
    struct knowledge {
        cell_version version = 0;
        circuit_bulletin said{};
    };
    struct flight {
        std::uint64_t number = 0;  // 0: none
        unsigned tries = 0;
        unsigned failures = 0;
        instant asked{};  // the latest question of it
        circuit_report ours{};
        environment* lent = nullptr;
    };
    struct question {
        std::uint64_t flight = 0;
        circuit_bulletin next{};
        std::optional<cell_request> what{};
    };

    void ask(question next) noexcept;
    [[nodiscard]] question answered(const question& asked, const cell_result& reply);
    [[nodiscard]] question begin_locked(instant now, environment& lent);
    [[nodiscard]] question compose_locked(instant now);
    [[nodiscard]] question learn_locked(const std::optional<cell>& found, instant now);
    [[nodiscard]] question failed_locked(const error& why, instant now);
    void end_locked(instant now);
    void begin_outage_locked(std::string why, instant now);
    [[nodiscard]] circuit_report report_locked(instant now, environment& lent);
    [[nodiscard]] bool is_under_way_locked(instant now);
    void plan_locked() noexcept;

    const circuit_quorum_options options_;
    const std::string key_;
    cell_store& store_;
    std::atomic<instant> due_ = instant::min();
    std::atomic<bool> is_told_open_ = false;

    mutable std::mutex lock_;
    circuit_breaker* breaker_;
    circuit_quorum_kernel kernel_;
    std::uint64_t id_ = 0;  // 0: it has not spoken yet
    std::uint64_t number_ = 0;
    knowledge known_;
    flight flight_;
    std::uint64_t flights_ = 0;
    instant began_ = instant::min();
    instant next_ = instant::min();
    bool is_left_out_ = false;
    std::uint64_t unreadable_ = 0;
    store_outage outage_;
    news news_;
};

}  // namespace cutwater
