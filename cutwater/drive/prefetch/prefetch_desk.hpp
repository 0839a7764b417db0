// A plan that threads share, and the gate that its rounds wait at: a round is a task of a work queue, and passes when a key is due.
//
// What is heard of a key is kept until the round looks, which knows the time and draws the shares: nobody else needs a clock.
//
// Thread safety: every member, from any thread. Locks: a round is woken under the desk's, and the queue's is taken inside of it; no user code is
// called under either. Listeners are called by the round.
#pragma once

#include <mutex>
#include <vector>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/core/random.hpp"
#include "cutwater/drive/prefetch/events.hpp"
#include "cutwater/drive/prefetch/plan.hpp"

namespace cutwater {

class prefetch_desk {
public:
    static constexpr std::string_view kind = "prefetch";
    struct ticket {};

    /// Throws `invalid_options`.
    prefetch_desk(prefetch_options options, duration usual, listener* hears);
    prefetch_desk(const prefetch_desk&) = delete;
    prefetch_desk& operator=(const prefetch_desk&) = delete;
    ~prefetch_desk() = default;

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const prefetch_options& options() const noexcept { return options_; }

    // --- for whoever declares
    /// Whether it is declared now; `value` is what is kept of it.
    [[nodiscard]] bool declare(const cache_key& key, std::optional<cache_lifetime> value);
    bool withdraw(const cache_key& key);
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::size_t failing() const;

    // --- for a round
    [[nodiscard]] std::optional<prefetch_ticket> take_due();
    void hear(prefetch_report report);

    // --- as a gate: a round waits until a key is due
    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now) { return look(nullptr, call, now); }
    [[nodiscard]] admission<ticket> enqueue(waiter& w, call_context& call, moment& now) { return look(&w, call, now); }
    [[nodiscard]] admission<ticket> resume(waiter& w, call_context& call, moment& now) { return look(&w, call, now); }
    void leave(waiter& w) noexcept;
    void settle(ticket&, const observation&, call_context&, moment&) noexcept {}
    void abandon(ticket&) noexcept {}

private:
    [[nodiscard]] admission<ticket> look(waiter* w, call_context& call, moment& now);
    [[nodiscard]] std::vector<prefetch_news> plan_locked(instant now, random_source& dice);
    void tell(const std::vector<prefetch_news>& news, instant now) const noexcept;
    void tell(const prefetch_news& news, instant now) const;

    const prefetch_options options_;
    const name layer_;
    listener* const hears_;
    mutable std::mutex mutex_;
    prefetch_plan plan_;
    std::vector<prefetch_report> heard_;  // since the round looked
    waiter_queue round_;                  // that waits
    instant looked_{};                    // when the round did last
};

}  // namespace cutwater
