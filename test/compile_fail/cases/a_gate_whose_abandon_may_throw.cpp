// says: cutwater::pipeline: a layer has tickets and is no gate; it wants admit(call, now), settle(ticket, seen, call, now) and abandon(ticket) noexcept
#include "cutwater/cutwater.hpp"

namespace a_gate_whose_abandon_may_throw {

namespace cw = cutwater;

#ifdef RIGHT
inline constexpr bool is_safe = true;
#else
inline constexpr bool is_safe = false;
#endif

struct turnstile {
    struct ticket {};

    [[nodiscard]] cw::name layer_name() const { return "turnstile"; }
    cw::admission<ticket> admit(cw::call_context&, cw::instant) { return ticket{}; }
    void settle(ticket&, const cw::observation&, cw::call_context&, cw::instant) {}
    void abandon(ticket&) noexcept(is_safe) {}
};

cw::pipeline guarded{turnstile{}};
const auto ran = guarded.run([] { return 1; });

}  // namespace a_gate_whose_abandon_may_throw
