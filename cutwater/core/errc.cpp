#include "cutwater/core/errc.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace cutwater {

namespace {

constexpr std::array network_errors{
    std::errc::connection_refused, std::errc::connection_reset, std::errc::connection_aborted,
    std::errc::broken_pipe,        std::errc::host_unreachable, std::errc::network_unreachable,
    std::errc::network_down,       std::errc::network_reset,    std::errc::not_connected,
};

/// No connection was made, so no request can have left. Not the unreachable ones: Linux gives them to an established
/// connection, too, in place of ETIMEDOUT, where a router had said so while the request went unanswered (tcp(7), ip(7)).
constexpr std::array never_sent_errors{std::errc::connection_refused, std::errc::address_not_available};

constexpr std::array timeout_errors{std::errc::timed_out, std::errc::stream_timeout};

template <class List>
bool is_one_of(const std::error_code& code, const List& list) {
    return std::ranges::any_of(list, [&](std::errc e) { return code == e; });
}

bool is_ours(const std::error_code& code, errc first, errc last) {
    return code.category() == cutwater_category() && code.value() >= static_cast<int>(first) &&
           code.value() <= static_cast<int>(last);
}

bool is_refusal(const std::error_code& code) { return is_ours(code, errc::refused, errc::store_unavailable); }

bool is_our_timeout(const std::error_code& code) {
    return is_ours(code, errc::timed_out, errc::deadline_exceeded) || code == errc::expired;
}

class error_texts final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "cutwater"; }

    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
            case errc::failed: return "the call failed";
            case errc::timed_out: return "the time limit was reached";
            case errc::deadline_exceeded: return "the caller's deadline has passed";
            case errc::cancelled: return "the caller cancelled the call";
            case errc::callback_failed: return "a callback of the pipeline's failed";
            case errc::withdrawn: return "the caller cancelled before it had begun";
            case errc::refused: return "the call was refused";
            case errc::circuit_open: return "the circuit is open";
            case errc::bulkhead_full: return "the bulkhead is full";
            case errc::wait_timed_out: return "no permit or place became free in time";
            case errc::rate_limited: return "the rate limit is reached";
            case errc::concurrency_limited: return "the concurrency limit is reached";
            case errc::load_shed: return "shed, so that what matters more is served";
            case errc::throttled: return "not sent, because the dependency has been refusing";
            case errc::queue_full: return "the queue is full";
            case errc::displaced: return "another call took its place in the queue";
            case errc::queue_overloaded: return "waited too long in a queue that does not drain";
            case errc::too_many_keys: return "there is no room to remember another key";
            case errc::queue_closed: return "the queue takes no more";
            case errc::expired: return "the deadline passed before it had begun";
            case errc::no_endpoint: return "there is no endpoint, or none is well enough";
            case errc::key_missing: return "the idempotency key is missing";
            case errc::key_reused: return "the idempotency key is that of another request";
            case errc::store_unavailable: return "what is shared cannot be asked";
            case errc::key_in_use: return "a call with this idempotency key is under way";
            case errc::in_doubt: return "how the earlier call with this idempotency key ended is not known";
        }
        return "unknown error " + std::to_string(value);
    }

    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
        switch (static_cast<errc>(value)) {
            case errc::timed_out:
            case errc::deadline_exceeded:
            case errc::expired: return std::errc::timed_out;
            case errc::cancelled:
            case errc::withdrawn: return std::errc::operation_canceled;
            case errc::bulkhead_full:
            case errc::rate_limited:
            case errc::concurrency_limited:
            case errc::load_shed:
            case errc::throttled:
            case errc::queue_full:
            case errc::displaced:
            case errc::queue_overloaded:
            case errc::too_many_keys:
            case errc::no_endpoint:
            case errc::store_unavailable:
            case errc::key_in_use: return std::errc::resource_unavailable_try_again;
            default: return {value, *this};
        }
    }
};

class condition_texts final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "cutwater.condition"; }

    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<condition>(value)) {
            case condition::refused: return "refused by a policy";
            case condition::timeout: return "time ran out";
            case condition::network: return "the network failed";
            case condition::never_sent: return "the request was never sent";
        }
        return "unknown condition " + std::to_string(value);
    }

    [[nodiscard]] bool equivalent(const std::error_code& code, int value) const noexcept override {
        switch (static_cast<condition>(value)) {
            case condition::refused: return is_refusal(code);
            case condition::timeout: return is_our_timeout(code) || is_one_of(code, timeout_errors);
            case condition::network: return is_one_of(code, network_errors);
            case condition::never_sent:
                return is_refusal(code) || code == errc::withdrawn || is_one_of(code, never_sent_errors);
        }
        return false;
    }
};

}  // namespace

std::string_view to_text(errc code) noexcept {
    switch (code) {
        case errc::failed: return "failed";
        case errc::timed_out: return "timed_out";
        case errc::deadline_exceeded: return "deadline_exceeded";
        case errc::cancelled: return "cancelled";
        case errc::callback_failed: return "callback_failed";
        case errc::refused: return "refused";
        case errc::circuit_open: return "circuit_open";
        case errc::bulkhead_full: return "bulkhead_full";
        case errc::wait_timed_out: return "wait_timed_out";
        case errc::rate_limited: return "rate_limited";
        case errc::concurrency_limited: return "concurrency_limited";
        case errc::load_shed: return "load_shed";
        case errc::throttled: return "throttled";
        case errc::queue_full: return "queue_full";
        case errc::displaced: return "displaced";
        case errc::queue_overloaded: return "queue_overloaded";
        case errc::too_many_keys: return "too_many_keys";
        case errc::queue_closed: return "queue_closed";
        case errc::withdrawn: return "withdrawn";
        case errc::expired: return "expired";
        case errc::no_endpoint: return "no_endpoint";
        case errc::key_missing: return "key_missing";
        case errc::key_reused: return "key_reused";
        case errc::store_unavailable: return "store_unavailable";
        case errc::key_in_use: return "key_in_use";
        case errc::in_doubt: return "in_doubt";
    }
    return "unknown";
}

const std::error_category& cutwater_category() noexcept {
    static const error_texts category;
    return category;
}

const std::error_category& condition_category() noexcept {
    static const condition_texts category;
    return category;
}

}  // namespace cutwater
