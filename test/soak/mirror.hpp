// A gate's kernel, told of everything that the gate is told of, in step with it: whatever the gate answers, the kernel must answer, too.
//
// Only for one thread: with several nobody knows the order. A gate that has no mirror here has an empty one. Thread safety: none.
#pragma once

#include <algorithm>

#include "cutwater/core/call.hpp"
#include "cutwater/policy/circuit_breaker/circuit_breaker.hpp"
#include "cutwater/policy/rate_limiter/kernel.hpp"
#include "cutwater/policy/rate_limiter/rate_limiter.hpp"
#include "test/soak/findings.hpp"

namespace cutwater::soak {

/// Nothing to compare with.
template <class Gate>
class mirror {
public:
    static constexpr bool reflects = false;
    explicit mirror(const Gate&) {}
};

template <>
class mirror<rate_limiter> {
public:
    static constexpr bool reflects = true;
    using ticket = rate_limiter::ticket;

    explicit mirror(const rate_limiter& gate) : gate_{gate}, kernel_{gate.options()} {}

    void admitted(const ticket& t, call_context& call, instant now);
    void asked(const admission<ticket>& answer, call_context& call, instant now);
    void lined_up(const admission<ticket>& answer, const waiter& w, call_context& call, instant now);
    void looked(const admission<ticket>& answer, const waiter& w, call_context& call, instant now);
    void left(const waiter& w);
    void settled(const ticket& t, const observation& seen, call_context& call, instant now, random_source& dice);
    void abandoned(const ticket&) noexcept {}

    /// Nothing is being done at this moment: nobody may wait whose permits are there.
    void at_a_stop(instant now);
    void at_the_end(instant now);
    [[nodiscard]] const findings& found() const noexcept { return found_; }

private:
    using kernel = rate_limiter_kernel;
    static kernel::waiter_id id_of(const waiter& w) { return reinterpret_cast<std::uintptr_t>(&w); }
    void check(bool same, std::string_view what) { found_.expect(same, gate_.layer_name().view(), what); }
    void compare(instant now);

    const rate_limiter& gate_;
    kernel kernel_;
    std::vector<kernel::waiter_id> line_;
    findings found_;
};

template <>
class mirror<circuit_breaker> {
public:
    static constexpr bool reflects = true;
    using ticket = circuit_breaker::ticket;

    explicit mirror(circuit_breaker& gate) : gate_{gate}, kernel_{gate.options()} {}

    void admitted(const ticket& t, call_context& call, instant now);
    void asked(const admission<ticket>& answer, call_context& call, instant now);
    void settled(const ticket& t, const observation& seen, call_context& call, instant now, random_source& dice);
    void abandoned(const ticket& t) noexcept { kernel_.abandon(t); }

    void at_a_stop(instant) {}
    void at_the_end(instant now);
    [[nodiscard]] const findings& found() const noexcept { return found_; }

private:
    void check(bool same, std::string_view what) { found_.expect(same, gate_.layer_name().view(), what); }
    void compare(instant now);
    [[nodiscard]] circuit_verdict verdict_of(const ticket& t, const observation& seen, instant now) const;

    circuit_breaker& gate_;
    circuit_breaker_kernel kernel_;
    unsigned compared_ = 0;
    findings found_;
};

}  // namespace cutwater::soak
