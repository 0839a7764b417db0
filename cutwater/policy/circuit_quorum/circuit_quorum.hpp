// What instances tell each other of one dependency's circuit: those that have not noticed an outage look sooner, and those that are alone with theirs do, too.
//
//     cw::memory_store cells;                                            // or SQLite, PostgreSQL, Redis
//     cw::circuit_breaker health{{.name = "inventory"}};
//     cw::circuit_quorum others{cells, health};                          // one for each breaker
//     cw::pipeline guarded{cw::retry{}, cw::ref(others), cw::ref(health), cw::timeout{500ms}};
//
// Contract. It advises and never orders: all that it does to the breaker is `probe()`, so that a few calls find out what holds. Where a quorum of the others is open and
// ours is closed, ours is half-open; where a quorum is closed and ours is open, it probes before its time. No instance opens or closes another's circuit.
// Nothing that is exchanged is an hour of anybody's clock.
//
// A gate that lets every call pass. One that comes when `every` is over begins an exchange in the background, and none waits for it: the others of them compare two
// instants. It has no thread: an instance without calls says nothing, unless `exchange` is called by hand. Where the store fails the breaker goes on alone.
//
// Thread safety: every member, from any thread. Lifetime: the breaker outlives it; the store, and what tells the time, outlive what is still under way, this
// need not.
#pragma once

#include <memory>
#include <string_view>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/call.hpp"
#include "cutwater/policy/circuit_quorum/events.hpp"
#include "cutwater/policy/circuit_quorum/options.hpp"
#include "cutwater/policy/circuit_quorum/quorum_desk.hpp"

namespace cutwater {

class circuit_quorum {
public:
    static constexpr std::string_view kind = "circuit_quorum";

    struct ticket {};

    /// Throws `invalid_options`.
    circuit_quorum(cell_store& store, circuit_breaker& breaker, circuit_quorum_options options = {});
    circuit_quorum(const circuit_quorum&) = delete;  // one for each breaker: cw::ref(quorum)
    circuit_quorum(circuit_quorum&&) noexcept = default;
    circuit_quorum& operator=(const circuit_quorum&) = delete;
    circuit_quorum& operator=(circuit_quorum&&) = delete;
    ~circuit_quorum() {
        if (desk_ != nullptr) desk_->forget_breaker();
    }

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const circuit_quorum_options& options() const noexcept { return options_; }

    [[nodiscard]] bool try_admit(ticket&, call_context&, moment& now) noexcept { return now.get() < desk_->due(); }
    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now);
    void settle(ticket&, const observation& seen, call_context& call, moment& now) {
        const bool is_refused = seen.failure != nullptr && seen.failure->code() == errc::circuit_open;
        if (is_refused) [[unlikely]]
            desk_->notice_open(now, call.surroundings());
    }
    void abandon(ticket&) noexcept {}

    /// By hand, for a timer of one's own: begins an exchange, unless one is under way. `lent` outlives it: `cw::this_machine`.
    void exchange(environment& lent) { desk_->exchange(lent.now(), lent); }

    /// For gauges: the others that are fresh, by their circuit's state; lines of the cell that could not be read.
    [[nodiscard]] circuit_tally others(instant now) const { return desk_->others(now); }
    [[nodiscard]] std::uint64_t unreadable() const { return desk_->unreadable(); }

private:
    void tell_news(call_context& call);

    circuit_quorum_options options_;
    name layer_;
    std::shared_ptr<quorum_desk> desk_;
};

}  // namespace cutwater
