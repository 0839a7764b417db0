// A span that has not ended: it hears the events of the layers inside, and hands them on to who heard them before.
//
// One for each call, and for each attempt. Shared by the layer that began it and by attempts of a race, which may outlast the call. Thread safety: none; as a
// call's, it belongs to one thread or strand at a time.
#pragma once

#include <memory>
#include <vector>

#include "cutwater/core/call.hpp"
#include "cutwater/core/events.hpp"
#include "cutwater/observe/trace/tracer.hpp"

namespace cutwater::detail {

enum class span_role : std::uint8_t { call, attempt };

class open_span;

/// What a span begins as.
struct span_start {
    span_role role = span_role::call;
    trace_context own{};
    span_id parent{};                     ///< the span that it is done for; zero: none
    std::shared_ptr<open_span> around{};  ///< of an attempt: its call's, where that is recorded as well
};

class open_span final : public listener, public std::enable_shared_from_this<open_span> {
public:
    open_span(tracer& by, span_start as, call_context& call);
    open_span(const open_span&) = delete;
    open_span& operator=(const open_span&) = delete;
    ~open_span() = default;

    /// The one that hears the events of `call` now, if it is `by`'s.
    [[nodiscard]] static std::shared_ptr<open_span> of(const tracer& by, const call_context& call);

    void on_event(const event& e) override;
    [[nodiscard]] std::shared_ptr<listener> kept() override { return shared_from_this(); }

    [[nodiscard]] const trace_context& context() const noexcept { return ended_.context; }
    [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }

    /// Tells the sink, or the call that it is an attempt of. Once.
    void end(const observation& seen, call_context& call);

private:
    [[nodiscard]] unix_nanoseconds unix_time(instant t) const noexcept;
    void record(const event& e);

    void child_began(instant at) noexcept;
    void child_ended(instant at) noexcept;
    void take_child(trace_span&& child);

    void add_call(const call_context& call, instant now);
    void add_attempt(const call_context& call);
    void add_outcome(const observation& seen);
    void deliver();

    tracer* by_;
    span_role role_;
    duration offset_;
    instant began_;
    listener* next_;
    std::shared_ptr<listener> next_kept_;
    std::shared_ptr<open_span> around_;
    trace_span ended_;  // as far as it is known
    unsigned sent_before_;
    bool has_ended_ = false;
    bool is_wanted_;  // by the sink

    // of a call: its attempts
    std::vector<trace_span> held_;
    unsigned not_held_ = 0;
    unsigned children_ = 0;
    unsigned under_way_ = 0;
    instant busy_since_{};
    duration busy_{};  // while at least one was under way
};

}  // namespace cutwater::detail
