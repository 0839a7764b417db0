#include "cutwater/core/call.hpp"

namespace cutwater {

void call_context::deliver_event(const event& e) noexcept {
    try {
        audience->on_event(e);
    } catch (...) {  // watching a call must not fail it
    }
}

}  // namespace cutwater
