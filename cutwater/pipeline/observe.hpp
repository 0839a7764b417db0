// Who hears what happens inside: the outermost layer of a pipeline that is watched.
//
//     cw::json_log log{std::clog};                              // any cw::listener
//     cw::pipeline guarded{cw::observe{log}, cw::retry{}, …};
//
// Every event of the layers inside goes to the listener, and one each when a call starts and when it completes, fails or is refused. Without an
// `observe` layer, and in layers outside of it, no event is built. The listener outlives the pipeline.
#pragma once

#include <concepts>
#include <string>
#include <type_traits>

#include "cutwater/core/call.hpp"
#include "cutwater/core/outcome.hpp"
#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {

struct call_started {
    static constexpr event_kind kind{"call_started", severity::debug, "a call enters the pipeline"};
    static void fields(auto&, auto&&) {}
};

struct call_completed {
    unsigned attempts = 0;
    duration elapsed{};
    verdict meaning{};

    static constexpr measure measures[]{
        {.of = &metrics::calls, .detail_field = "meaning", .is_of_layer = false},
        {.of = &metrics::attempts, .value_field = "attempts", .is_of_layer = false},
        {.of = &metrics::call_duration, .detail_field = "meaning", .value_field = "elapsed", .is_of_layer = false}};
    static constexpr event_kind kind{"call_completed", severity::info, "a call gives a value", measures};
    static void fields(auto& self, auto&& visit) {
        visit("attempts", self.attempts, "attempts that were begun");
        visit("elapsed", self.elapsed, "from start to end, waits included");
        visit("meaning", self.meaning, "the verdict on the value");
    }
};

struct call_failed {
    unsigned attempts = 0;
    duration elapsed{};
    verdict meaning{};
    std::string error_type;
    std::string error_message;

    static constexpr measure measures[]{
        {.of = &metrics::calls, .detail_field = "meaning", .is_of_layer = false},
        {.of = &metrics::attempts, .value_field = "attempts", .is_of_layer = false},
        {.of = &metrics::call_duration, .detail_field = "meaning", .value_field = "elapsed", .is_of_layer = false}};
    static constexpr event_kind kind{"call_failed", severity::error, "a call gives an error", measures};
    static void fields(auto& self, auto&& visit) {
        visit("attempts", self.attempts, "attempts that were begun; one that a layer refused is among them");
        visit("elapsed", self.elapsed, "from start to end, waits included");
        visit("meaning", self.meaning, "the verdict on the error");
        visit("error_type", self.error_type, "the type of the error");
        visit("error_message", self.error_message, "its words");
    }
};

/// Not an error: in an overload most calls may end so, and what refused them has told so already.
struct call_refused {
    unsigned attempts = 0;
    duration elapsed{};
    std::string error_type;
    std::string error_message;

    static constexpr measure measures[]{
        {.of = &metrics::calls, .detail = "rejected", .is_of_layer = false},
        {.of = &metrics::attempts, .value_field = "attempts", .is_of_layer = false},
        {.of = &metrics::call_duration, .detail = "rejected", .value_field = "elapsed", .is_of_layer = false}};
    static constexpr event_kind kind{"call_refused", severity::warning, "a call is refused by a policy", measures};
    static void fields(auto& self, auto&& visit) {
        visit("attempts", self.attempts, "attempts that were begun; the one that was refused is among them");
        visit("elapsed", self.elapsed, "from start to end, waits included");
        visit("error_type", self.error_type, "the type of the refusal");
        visit("error_message", self.error_message, "its words");
    }
};

class observe {
public:
    static constexpr std::string_view kind = "observe";

    explicit observe(listener& hears) : hears_{&hears}, layer_{"observe"} {}
    template <std::derived_from<listener> Temporary>
        requires(!std::is_lvalue_reference_v<Temporary>)
    explicit observe(Temporary&&) : hears_{nullptr} {
        static_assert(sizeof(Temporary) == 0,
                      "cutwater::observe: a temporary would be gone before the first call; give the listener a name");
    }

    [[nodiscard]] name layer_name() const noexcept { return layer_; }

    /// What the layer remembers of one call.
    struct session {
        listener* outer = nullptr;
        instant started{};
    };

    [[nodiscard]] session before(call_context& call) const {
        const session kept{.outer = call.audience, .started = call.now};
        call.audience = hears_;
        call.emit(layer_, [] { return call_started{}; });
        return kept;
    }

    void after(const session& kept, const observation& seen, call_context& call) const {
        const duration elapsed = between(kept.started, call.now);
        if (seen.failure == nullptr)
            call.emit(layer_, [&] { return call_completed{call.attempt, elapsed, seen.meaning()}; });
        else if (seen.meaning() == verdict::rejected)
            call.emit(layer_,
                      [&] { return call_refused{call.attempt, elapsed, seen.failure->type(), seen.failure->words()}; });
        else
            call.emit(layer_, [&] {
                return call_failed{call.attempt, elapsed, seen.meaning(), seen.failure->type(), seen.failure->words()};
            });
        call.audience = kept.outer;
    }

private:
    listener* hears_;
    name layer_;
};

}  // namespace cutwater
