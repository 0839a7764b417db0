// Whose an event is: while it is there, each event of a call is followed by one that says so.
//
// It stands where the call's listener was, and hands on what it hears. Where nobody listens, or the options want no such thing, it
// does nothing. Thread safety: as the call's. Lifetime: within one step of the call.
#pragma once

#include "cutwater/core/call.hpp"
#include "cutwater/policy/keyed/events.hpp"
#include "cutwater/policy/keyed/options.hpp"

namespace cutwater {

class key_teller final : public listener {
public:
    /// `mark()` is the key's, asked for only where somebody hears it.
    template <class Mark>
    key_teller(const keyed_options& options, call_context& call, Mark&& mark) : call_{call}, outer_{call.audience} {
        if (!options.tell_keys || outer_ == nullptr) [[likely]]
            return;
        mark_ = mark();
        call.audience = this;
    }
    key_teller(const key_teller&) = delete;
    key_teller& operator=(const key_teller&) = delete;
    ~key_teller() { call_.audience = outer_; }

    void on_event(const event& e) override {
        outer_->on_event(e);
        outer_->on_event(event{e.origin(), key_told{e.kind().name, mark_text(mark_)}});
    }

private:
    call_context& call_;
    listener* const outer_;
    std::uint64_t mark_ = 0;
};

}  // namespace cutwater
