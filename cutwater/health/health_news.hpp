// Private to the room: events that are told when the lock is given back.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cutwater/health/events.hpp"

namespace cutwater::detail {

class health_news {
public:
    using any =
        std::variant<health_worsened, health_improved, health_check_hung, health_check_returned, readiness_changed>;

    template <class Body>
    void add(Body said) {
        all_.emplace_back(std::in_place_type<Body>, std::move(said));
    }
    /// What a listener throws is swallowed.
    void tell(listener* to, name layer, instant now) const noexcept {
        if (to == nullptr) return;
        for (const any& each : all_) std::visit([&](const auto& body) { tell_one(*to, layer, now, body); }, each);
    }

private:
    static void tell_one(listener& to, name layer, instant now, const auto& body) noexcept {
        const event_origin origin{.layer = layer, .operation = {}, .call_id = {}, .at = now};
        try {
            to.on_event(event{origin, body});
        } catch (...) {  // watching must not fail what is watched
        }
    }

    std::vector<any> all_;
};

}  // namespace cutwater::detail
