// The innermost layer of a pipeline whose ledger is to hold its attempts: it tells when each has ended, how long it took and what came out.
//
//     cw::call_ledger kept;
//     cw::pipeline inventory{cw::observe{kept}, cw::retry{}, cw::timeout{500ms}, cw::tell_attempts{}};
//
// Where nobody listens it reads no clock and does nothing. An attempt that is destroyed, or left to run as an orphan, is not told of. Thread safety: free
// of state.
#pragma once

#include <string_view>

#include "cutwater/core/call.hpp"
#include "cutwater/observe/ledger/events.hpp"

namespace cutwater {

class tell_attempts {
public:
    static constexpr std::string_view kind = "tell_attempts";

    tell_attempts() : layer_{"attempts"} {}
    explicit tell_attempts(name layer) : layer_{layer} {}

    [[nodiscard]] name layer_name() const noexcept { return layer_; }

    struct session {
        instant began{};
        bool is_heard = false;
    };

    [[nodiscard]] session before(call_context& call) const {
        if (call.audience == nullptr) return {};
        return {.began = call.now, .is_heard = true};
    }

    void after(const session& kept, const observation& seen, call_context& call) const {
        if (!kept.is_heard) return;
        call.emit(layer_, [&] {
            return attempt_ended{.took = between(kept.began, call.now),
                                 .meaning = seen.meaning(),
                                 .outcome = seen.failure != nullptr              ? seen.failure->words()
                                            : seen.meaning() == verdict::success ? std::string{}
                                                                                 : words_of(seen.judged),
                                 .target = call.target};
        });
    }

private:
    name layer_;
};

}  // namespace cutwater
