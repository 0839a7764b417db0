// What the system's error codes mean: a table, and rules made of it.
//
//     cw::pipeline guarded{cw::retry{}, cw::classify{cw::system_rules{}}};
//
// Without rules, network errors and timeouts are transient and the rest is permanent. These rules say more: what was short
// for a moment (descriptors, buffers, memory) is transient, too. What is in no row is left to the rules that follow.
//
// The effect is that of a callable of which one system call failed: `none` only for codes that connect() gives, and nothing
// that has been connected. Where the callable makes several connections, say so in a rule of its own, in front:
// `cw::transient(cw::code(std::errc::connection_refused), cw::effect::unknown)`.
//
// Sources: IEEE Std 1003.1-2017 (POSIX), the pages of connect(), send(), recv() and socket(); Linux, tcp(7) and ip(7).
// Thread safety: immutable. Throws nothing.
#pragma once

#include <algorithm>
#include <array>

#include "cutwater/core/outcome.hpp"

namespace cutwater {

struct system_error_row {
    std::errc code;
    std::string_view symbol;
    verdict meaning;
    effect executed;
    std::string_view note;
};

inline constexpr std::array system_error_rows{
    system_error_row{std::errc::connection_refused, "ECONNREFUSED", verdict::transient, effect::none,
                     "connect(): nobody listens"},
    system_error_row{std::errc::address_not_available, "EADDRNOTAVAIL", verdict::transient, effect::none,
                     "connect(): no local port is free, or no such address is"},
    system_error_row{std::errc::connection_reset, "ECONNRESET", verdict::transient, effect::unknown,
                     "send(), recv(): the peer dropped the connection; connect(), too"},
    system_error_row{std::errc::connection_aborted, "ECONNABORTED", verdict::transient, effect::unknown,
                     "the connection was given up on this side"},
    system_error_row{std::errc::broken_pipe, "EPIPE", verdict::transient, effect::unknown,
                     "send(): an earlier part may have been sent"},
    system_error_row{std::errc::not_connected, "ENOTCONN", verdict::transient, effect::unknown,
                     "send(), recv(): it may have been connected before"},
    system_error_row{std::errc::network_reset, "ENETRESET", verdict::transient, effect::unknown,
                     "keep-alive found the peer gone"},
    system_error_row{std::errc::host_unreachable, "EHOSTUNREACH", verdict::transient, effect::unknown,
                     "connect(); also an established connection that a router spoke up for"},
    system_error_row{std::errc::network_unreachable, "ENETUNREACH", verdict::transient, effect::unknown,
                     "connect(); also an established connection that a router spoke up for"},
    system_error_row{std::errc::network_down, "ENETDOWN", verdict::transient, effect::unknown,
                     "connect(), send(): the interface is down"},
    system_error_row{std::errc::timed_out, "ETIMEDOUT", verdict::transient, effect::unknown,
                     "connect(); also an established connection whose peer fell silent"},
    system_error_row{std::errc::stream_timeout, "ETIME", verdict::transient, effect::unknown, "a STREAMS timer"},
    system_error_row{std::errc::resource_unavailable_try_again, "EAGAIN", verdict::transient, effect::unknown,
                     "not now; a socket's own timeout (SO_RCVTIMEO) comes as this, after the request was sent"},
    system_error_row{std::errc::interrupted, "EINTR", verdict::transient, effect::unknown, "a signal came"},
    system_error_row{std::errc::no_buffer_space, "ENOBUFS", verdict::transient, effect::unknown,
                     "socket(), send(): no buffers for now"},
    system_error_row{std::errc::not_enough_memory, "ENOMEM", verdict::transient, effect::unknown, "no memory for now"},
    system_error_row{std::errc::too_many_files_open, "EMFILE", verdict::transient, effect::unknown,
                     "socket(), open(): this process has all that it may have"},
    system_error_row{std::errc::too_many_files_open_in_system, "ENFILE", verdict::transient, effect::unknown,
                     "socket(), open(): the system has all that it may have"},
    system_error_row{std::errc::device_or_resource_busy, "EBUSY", verdict::transient, effect::unknown,
                     "in use by somebody else"},
    system_error_row{std::errc::operation_canceled, "ECANCELED", verdict::cancelled, effect::unknown,
                     "this side has withdrawn it"},
    system_error_row{std::errc::permission_denied, "EACCES", verdict::permanent, effect::unknown,
                     "by a firewall, too, and that amid a connection"},
    system_error_row{std::errc::operation_not_permitted, "EPERM", verdict::permanent, effect::unknown,
                     "by a firewall, too, and that amid a connection"},
    system_error_row{std::errc::message_size, "EMSGSIZE", verdict::permanent, effect::unknown,
                     "it will not be smaller"},
    system_error_row{std::errc::no_space_on_device, "ENOSPC", verdict::permanent, effect::unknown,
                     "a part may have been written"},
    system_error_row{std::errc::io_error, "EIO", verdict::permanent, effect::unknown, "a part may have been written"},
};

/// As a rule of `classify`.
struct system_rules {
    template <class T>
    [[nodiscard]] std::optional<judgement> operator()(const outcome<T>& out) const noexcept {
        if (out.has_value()) return {};
        return of(out.failure().code());
    }

    /// Nothing for what is in no row, and for codes of ours, which are no system's.
    [[nodiscard]] static std::optional<judgement> of(const std::error_code& code) noexcept {
        if (code.category() == cutwater_category()) return {};
        const auto row =
            std::ranges::find_if(system_error_rows, [&](const system_error_row& r) { return code == r.code; });
        if (row == system_error_rows.end()) return {};
        // What another category knows to have never been sent, such as a timeout while connecting, was not.
        const bool never_sent = code == condition::never_sent;
        return judgement{.meaning = row->meaning, .executed = never_sent ? effect::none : row->executed};
    }
};

}  // namespace cutwater
