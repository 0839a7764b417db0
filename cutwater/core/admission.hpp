// What a gate answers when a call asks to pass: a ticket, a refusal, or "wait".
//
// A ticket is plain data that only its gate understands. The pipeline holds it in a `permit`, whose destructor gives it
// back as abandoned where nobody said more: a thrown exception, a destroyed coroutine, an early return or a later
// layer's refusal can neither leak it nor be counted as a verdict.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "cutwater/core/errc.hpp"
#include "cutwater/core/instant.hpp"
#include "cutwater/core/outcome.hpp"

namespace cutwater {

/// Why a gate said no. Built on the stack, carried as a value: no allocation, no write, no throw.
struct refusal {
    errc reason = errc::refused;
    std::optional<duration> retry_after{};  ///< when asking again makes sense; nothing: unknown
    std::optional<duration> limit{};        ///< the limit that was reached, where there is one
};

/// The call may wait in the gate's queue until it is woken, or until this instant.
struct wait_until {
    instant until = never;
};

template <class Ticket>
using admission = std::variant<Ticket, refusal, wait_until>;

/// A ticket and the gate that it goes back to. Movable; thread safety: as a value.
template <class Gate>
class permit {
public:
    using ticket = typename Gate::ticket;

    permit() noexcept = default;
    permit(Gate& gate, ticket t) noexcept : gate_{&gate}, ticket_{std::move(t)} {}
    permit(permit&& other) noexcept : gate_{std::exchange(other.gate_, nullptr)}, ticket_{std::move(other.ticket_)} {}
    permit& operator=(permit&& other) noexcept {
        if (this != &other) {
            abandon();
            gate_ = std::exchange(other.gate_, nullptr);
            ticket_ = std::move(other.ticket_);
        }
        return *this;
    }
    permit(const permit&) = delete;
    permit& operator=(const permit&) = delete;
    ~permit() { abandon(); }

    /// For a gate to fill in; `hold` says that it did.
    [[nodiscard]] ticket& blank() noexcept { return ticket_; }
    void hold(Gate& gate) noexcept { gate_ = &gate; }

    [[nodiscard]] explicit operator bool() const noexcept { return gate_ != nullptr; }

    /// Tells the gate how it went, once. `about` is what the gate's `settle` takes beside ticket and observation.
    template <class... About>
    void settle(const observation& seen, About&&... about) {
        if (Gate* const gate = std::exchange(gate_, nullptr))
            gate->settle(ticket_, seen, std::forward<About>(about)...);
    }

    /// Tells a gate that wants to know how it went for who has given up on the work; the ticket stays with the work, and is not settled.
    template <class... About>
    void tell_orphaned(const observation& seen, About&&... about) {
        if constexpr (requires(Gate& g) { g.orphaned(ticket_, seen, std::forward<About>(about)...); })
            if (gate_ != nullptr) gate_->orphaned(ticket_, seen, std::forward<About>(about)...);
    }

    /// Gives the ticket back without a verdict.
    void abandon() noexcept {
        if (Gate* const gate = std::exchange(gate_, nullptr)) gate->abandon(ticket_);
    }

private:
    Gate* gate_ = nullptr;
    [[no_unique_address]] ticket ticket_{};
};

}  // namespace cutwater
