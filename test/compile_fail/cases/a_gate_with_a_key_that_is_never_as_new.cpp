// says: cutwater::keyed: the policy cannot say when it differs in nothing from a new one; it wants bool is_fresh(instant) const noexcept
#include "cutwater/keyed.hpp"

namespace a_gate_with_a_key_that_is_never_as_new {

namespace cw = cutwater;

struct turnstile {
    struct ticket {};

    [[nodiscard]] cw::name layer_name() const { return "turnstile"; }
    cw::admission<ticket> admit(cw::call_context&, cw::instant) { return ticket{}; }
    void settle(ticket&, const cw::observation&, cw::call_context&, cw::moment&) {}
    void abandon(ticket&) noexcept {}
#ifdef RIGHT
    [[nodiscard]] bool is_fresh(cw::instant) const noexcept { return true; }
#endif
};

auto each = cw::keyed<turnstile>::made_by([] { return turnstile{}; });

}  // namespace a_gate_with_a_key_that_is_never_as_new
