// How Redis refuses, and how it cannot be reached.
//
//     if (result.error().code() == cw::redis_errc::out_of_memory) show_warning("Redis is full");
//     if (result.error().code() == cw::condition::never_sent) …      // nothing was done, whatever was asked
//
//     what happened                                      the code, or what it equals                   nothing was done
//     no connection: refused, unreachable, no such host   std::errc::connection_refused, …              yes
//     no connection in time                              std::errc::timed_out                          yes
//     max_in_flight                                      std::errc::resource_unavailable_try_again     yes
//     the connection was lost                            std::errc::connection_reset                   not known
//     no reply in time                                   std::errc::timed_out                          not known
//     Redis says why it does not                         redis_errc                                    yes, but for `failed`
//
// A code equals `condition::never_sent` where nothing was done: it left nothing behind, so it may be asked again. The transient
// ones equal `condition::network`, too. Codes are stable. Thread safety: functions of their arguments.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "cutwater/core/error.hpp"

namespace cutwater {

enum class redis_errc {
    elsewhere = 1,        ///< MOVED, ASK, CROSSSLOT: the key belongs to another node of the cluster
    read_only = 2,        ///< READONLY: a replica, as after a failover
    not_ready = 3,        ///< LOADING, MASTERDOWN, CLUSTERDOWN, TRYAGAIN, BUSY, NOREPLICAS, too many clients
    out_of_memory = 4,    ///< OOM
    cannot_save = 5,      ///< MISCONF
    not_allowed = 6,      ///< NOAUTH, WRONGPASS, NOPERM
    wrong_type = 7,       ///< the key holds what is no cell
    failed = 8,           ///< anything else that Redis says
    malformed_reply = 9,  ///< what came is not what was asked for
};

[[nodiscard]] const std::error_category& redis_category() noexcept;
/// Values of `std::generic_category()` that ended what had not been sent.
[[nodiscard]] const std::error_category& redis_unsent_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(redis_errc code) noexcept {
    return {static_cast<int>(code), redis_category()};
}

/// Equal to `e`, and to `condition::never_sent`.
[[nodiscard]] inline std::error_code unsent(std::errc e) noexcept {
    return {static_cast<int>(e), redis_unsent_category()};
}
/// The same, in words.
[[nodiscard]] inline error unsent_error(std::errc e, std::string text) {
    return error{unsent(e)}.with_text(std::move(text));
}

/// The error for an error reply: `OOM command not allowed when used memory > 'maxmemory'.`
[[nodiscard]] error redis_refusal(std::string_view reply);

}  // namespace cutwater

template <>
struct std::is_error_code_enum<cutwater::redis_errc> : std::true_type {};
