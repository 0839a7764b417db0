// The knobs of an idempotency guard, with the defaults in force.
//
//     cw::idempotency_options payments{.name = "payments", .lease = 30s, .takeover = cw::takeover::none};
//
// The functions may be empty; those that are set are called from every thread that runs the pipeline, never under a lock.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cutwater/core/call.hpp"
#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// What is done about a call whose holder has not told how it ended, when its lease is over.
enum class takeover : std::uint8_t {
    none,  ///< it stays in doubt: `errc::in_doubt`, until somebody looks
    safe,  ///< the operation may be executed again: the next call takes it over
};
[[nodiscard]] constexpr std::string_view to_text(takeover t) noexcept {
    constexpr std::string_view texts[] = {"none", "safe"};
    return t <= takeover::safe ? texts[static_cast<std::uint8_t>(t)] : "unknown";
}

/// What a call meets whose key is in use.
enum class while_in_use : std::uint8_t {
    refuse,  ///< `errc::key_in_use`, at once
    wait,    ///< it waits for the outcome, within its deadline and `max_wait`
};
[[nodiscard]] constexpr std::string_view to_text(while_in_use w) noexcept {
    constexpr std::string_view texts[] = {"refuse", "wait"};
    return w <= while_in_use::wait ? texts[static_cast<std::uint8_t>(w)] : "unknown";
}

/// What a call is that has no key.
enum class without_key : std::uint8_t {
    refused,    ///< `errc::key_missing`
    unguarded,  ///< it is made, and may be made again
};
[[nodiscard]] constexpr std::string_view to_text(without_key w) noexcept {
    constexpr std::string_view texts[] = {"refused", "unguarded"};
    return w <= without_key::unguarded ? texts[static_cast<std::uint8_t>(w)] : "unknown";
}

/// What is done where the store cannot be asked.
enum class without_store : std::uint8_t {
    refused,    ///< fail closed: `errc::store_unavailable`
    unguarded,  ///< fail open: the call is made, and may be made again
};
[[nodiscard]] constexpr std::string_view to_text(without_store w) noexcept {
    constexpr std::string_view texts[] = {"refused", "unguarded"};
    return w <= without_store::unguarded ? texts[static_cast<std::uint8_t>(w)] : "unknown";
}

/// What becomes of the reservation when the call has been made.
enum class afterwards : std::uint8_t {
    keep,     ///< the outcome is stored, and is what later calls get
    release,  ///< as if it had not been made: the next call executes
    hold,     ///< it may have had an effect: the key stays in use until the lease is over
};
[[nodiscard]] constexpr std::string_view to_text(afterwards a) noexcept {
    constexpr std::string_view texts[] = {"keep", "release", "hold"};
    return a <= afterwards::hold ? texts[static_cast<std::uint8_t>(a)] : "unknown";
}

struct idempotency_options {
    std::string name = "idempotency";
    duration keep_for = 24h;
    duration lease = 1min;
    cutwater::takeover takeover = cutwater::takeover::none;
    cutwater::while_in_use while_in_use = cutwater::while_in_use::refuse;
    duration max_wait = 10s;
    duration poll = 50ms;
    cutwater::without_key without_key = cutwater::without_key::refused;
    cutwater::without_store without_store = cutwater::without_store::refused;
    afterwards unknown_means = afterwards::hold;
    duration store_limit = 1s;
    std::size_t max_key = 255;
    std::size_t max_outcome = 1'000'000;
    std::function<afterwards(const observation&)> should_keep = {};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("keep_for", self.keep_for, within<duration>(1s, 8760h),
              "how long an outcome is kept, and, after its lease, a key in doubt");
        visit("lease", self.lease, within<duration>(10ms, 24h),
              "time that a call has to be made in, and to tell how it ended; its deadline is no later");
        visit("takeover", self.takeover, within(takeover::none, takeover::safe),
              "what is done about a call that has not told, when its lease is over");
        visit("while_in_use", self.while_in_use, within(while_in_use::refuse, while_in_use::wait),
              "what a call meets whose key is in use");
        visit("max_wait", self.max_wait, within<duration>(1ms, 24h), "how long it waits, where it does");
        visit("poll", self.poll, within<duration>(1ms, 1min),
              "how often it looks, where it waits; twice as long each time, up to 1s");
        visit("without_key", self.without_key, within(without_key::refused, without_key::unguarded),
              "what a call is that has no key");
        visit("without_store", self.without_store, within(without_store::refused, without_store::unguarded),
              "what is done where the store cannot be asked");
        visit("unknown_means", self.unknown_means, within(afterwards::keep, afterwards::hold),
              "what becomes of a call that has failed and may have had an effect");
        visit("store_limit", self.store_limit, within<duration>(1ms, 1min),
              "how long one question to the store may take; before the call is made, within its deadline");
        visit("max_key", self.max_key, within(std::size_t{1}, std::size_t{400}),
              "bytes of a key, with operation and tenant");
        visit("max_outcome", self.max_outcome, within(std::size_t{0}, std::size_t{100'000'000}),
              "bytes of an outcome that is kept; one that is larger is held");
        visit("should_keep", self.should_keep, any_value,
              "what becomes of a call that was made, in place of the rule: kept are successes, and permanent failures "
              "that "
              "were returned or whose effect is stated; what cannot have had an effect is released; the rest, and each "
              "exception whose effect nobody states, is what unknown_means says");
    }

    [[nodiscard]] bool applies(std::string_view option) const {
        return while_in_use == while_in_use::wait || (option != "max_wait" && option != "poll");
    }
};

}  // namespace cutwater
