// Where a call belongs in a trace that goes through many services: W3C Trace Context, level 2.
//
//     const auto from = cw::parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
//     pipeline.run({.operation = "get_stock", .trace = from ? &*from : nullptr}, [&](cw::attempt& a) {
//         if (a.trace() != nullptr) show(cw::to_traceparent(*a.trace()));    // of this attempt, for who is called
//     });
//
// A trace has an id; what is done in it are spans, each with an id of its own. A context names the span that whatever is called is done for.
// Without a layer that traces (`cw::traced`) a call hands on the context that it was given, as it is.
//
// `traceparent`: lower-case hex digits and dashes, and nothing round them. Version ff, ids of zeros and anything after the flags of version 00
// are refused. A later version is read as far as it is known, and written as 00. Of the flags only `sampled` and `random` are kept.
//
// `tracestate`: up to 32 members `key=value`, those of several header fields joined by commas. One that is malformed, or two with
// the same key, refuse the whole list. What is longer than 512 characters loses whole members: those longer than 128 first, then the last.
//
// Sources: https://www.w3.org/TR/trace-context-2/, 3.2 and 3.3. Keys are those of level 2, in which `@` may stand anywhere but first.
// Thread safety: as values. Errors: `std::bad_alloc`, where it is not `noexcept`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cutwater/core/random.hpp"

namespace cutwater {

/// 16 bytes; all zero: none.
struct trace_id {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    [[nodiscard]] constexpr bool is_zero() const noexcept { return high == 0 && low == 0; }
    [[nodiscard]] static trace_id random(random_source& from) noexcept;

    friend bool operator==(const trace_id&, const trace_id&) = default;
};

/// 8 bytes; all zero: none.
struct span_id {
    std::uint64_t value = 0;

    [[nodiscard]] constexpr bool is_zero() const noexcept { return value == 0; }
    [[nodiscard]] static span_id random(random_source& from) noexcept;

    friend bool operator==(const span_id&, const span_id&) = default;
};

/// Lower-case hex digits: 32, and 16.
[[nodiscard]] std::string to_text(const trace_id& id);
[[nodiscard]] std::string to_text(const span_id& id);

/// What the systems that trace have to say to themselves: a list of theirs that is handed on. Copies share it.
class trace_state {
public:
    trace_state() noexcept = default;

    /// Nothing where it is malformed. An empty list is one.
    [[nodiscard]] static std::optional<trace_state> parse(std::string_view list);

    [[nodiscard]] bool empty() const noexcept { return text_ == nullptr; }
    [[nodiscard]] std::string_view text() const noexcept {
        return text_ ? std::string_view{*text_} : std::string_view{};
    }
    [[nodiscard]] std::optional<std::string_view> find(std::string_view key) const noexcept;

    friend bool operator==(const trace_state& a, const trace_state& b) noexcept { return a.text() == b.text(); }

    static constexpr std::size_t max_members = 32;
    static constexpr std::size_t max_text = 512;

private:
    std::shared_ptr<const std::string> text_;
};

struct trace_context {
    trace_id trace{};
    span_id span{};          ///< what is done now, and what is called is done for
    std::uint8_t flags = 0;  ///< of those below
    trace_state state{};

    static constexpr std::uint8_t sampled = 1;  ///< whoever is before us may have recorded its span
    static constexpr std::uint8_t random = 2;   ///< the low 7 bytes of the trace's id are chosen by chance

    [[nodiscard]] constexpr bool is_sampled() const noexcept { return (flags & sampled) != 0; }

    friend bool operator==(const trace_context&, const trace_context&) = default;
};

/// Nothing where it is malformed; without a `state`, which has a field of its own.
[[nodiscard]] std::optional<trace_context> parse_traceparent(std::string_view text) noexcept;
[[nodiscard]] std::string to_traceparent(const trace_context& context);

/// For who outlasts what is pointed at: a copy of it, if there is any.
class kept_trace {
public:
    explicit kept_trace(const trace_context* from) {
        if (from != nullptr) copy_ = *from;
    }
    [[nodiscard]] const trace_context* get() const noexcept { return copy_ ? &*copy_ : nullptr; }

private:
    std::optional<trace_context> copy_;
};

}  // namespace cutwater
