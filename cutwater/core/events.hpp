// Every decision is an event: a small struct in the room that decides, described once.
//
//     struct retry_scheduled {
//         unsigned attempt = 0;
//         duration delay{};
//         static constexpr event_kind kind{"retry_scheduled", severity::warning, "before each sleep"};
//         static void fields(auto& self, auto&& visit) {
//             visit("attempt", self.attempt, "the attempt that failed");
//             visit("delay", self.delay, "how long the call sleeps");
//         }
//     };
//
// A listener receives them as `const event&`: kind, layer, operation, call id, attempt, instant and the fields, by
// visitor or as the struct itself. With no listener no event is built.
//
// Thread safety: `on_event` is called from whichever thread runs the call, never under a lock of the library's; it
// must not block. What it throws is swallowed: watching a call must not fail it. An event and its fields live for the
// duration of `on_event` only.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

#include "cutwater/core/instant.hpp"
#include "cutwater/core/metric.hpp"
#include "cutwater/core/name.hpp"

namespace cutwater {

enum class severity : std::uint8_t { debug, info, warning, error };

[[nodiscard]] constexpr std::string_view to_text(severity s) noexcept {
    constexpr std::string_view texts[] = {"debug", "info", "warning", "error"};
    return texts[static_cast<std::uint8_t>(s)];
}

/// What all events of one type share.
struct event_kind {
    std::string_view name;
    severity level;
    std::string_view when;                   ///< one phrase for the room's table
    std::span<const measure> measures = {};  ///< what it counts
};

/// Receives an event's fields, each by its type.
class field_visitor {
public:
    virtual void on_text(std::string_view field, std::string_view value) = 0;
    virtual void on_integer(std::string_view field, std::int64_t value) = 0;
    virtual void on_number(std::string_view field, double value) = 0;
    virtual void on_flag(std::string_view field, bool value) = 0;  // tidy: allow bool
    virtual void on_duration(std::string_view field, duration value) = 0;

    template <class Value>
    void on_field(std::string_view field, const Value& value) {
        if constexpr (std::is_same_v<Value, bool>)
            on_flag(field, value);
        else if constexpr (std::is_same_v<Value, duration>)
            on_duration(field, value);
        else if constexpr (std::is_same_v<Value, name>)
            on_text(field, value.view());
        else if constexpr (std::is_integral_v<Value>)
            on_integer(field, static_cast<std::int64_t>(value));
        else if constexpr (std::is_floating_point_v<Value>)
            on_number(field, static_cast<double>(value));
        else if constexpr (std::is_enum_v<Value>)
            on_text(field, to_text(value));
        else
            on_text(field, std::string_view{value});
    }

protected:
    ~field_visitor() = default;
};

/// Where and when an event happened.
struct event_origin {
    name layer{};
    name operation{};
    std::string_view call_id{};
    unsigned attempt = 0;
    instant at{};
};

/// One more field of an event, said by who hands it on.
struct event_extra {
    std::string_view field;
    std::int64_t value = 0;
};

/// One event, seen through a reference.
class event {
public:
    template <class Body>
    event(const event_origin& origin, const Body& body) noexcept
        : origin_{origin}, kind_{&Body::kind}, body_{&body}, visit_{&visit_body<Body>} {}

    [[nodiscard]] const event_kind& kind() const noexcept { return *kind_; }
    [[nodiscard]] const event_origin& origin() const noexcept { return origin_; }
    void visit(field_visitor& v) const {
        visit_(body_, v);
        if (extra_ != nullptr) v.on_integer(extra_->field, extra_->value);
    }

    /// The same event with one more field, in place of any that was said so before. `more` outlives what is made.
    [[nodiscard]] event with(const event_extra& more) const noexcept {
        event told{*this};
        told.extra_ = &more;
        return told;
    }

    /// The struct itself where the event is a `Body`, else null.
    template <class Body>
    [[nodiscard]] const Body* get_if() const noexcept {
        return kind_ == &Body::kind ? static_cast<const Body*>(body_) : nullptr;
    }

private:
    template <class Body>
    static void visit_body(const void* body, field_visitor& v) {
        Body::fields(*static_cast<const Body*>(body),
                     [&](std::string_view field, const auto& value, std::string_view) { v.on_field(field, value); });
    }

    event_origin origin_;
    const event_kind* kind_;
    const void* body_;
    void (*visit_)(const void*, field_visitor&);
    const event_extra* extra_ = nullptr;
};

class listener {
public:
    virtual void on_event(const event& e) = 0;

    /// Of one that is a single call's, and not a pipeline's: what keeps it. Attempts that have lost a race may tell it something when the call
    /// is over. Null: it outlives them all.
    [[nodiscard]] virtual std::shared_ptr<listener> kept() { return {}; }

protected:
    ~listener() = default;
};

}  // namespace cutwater
