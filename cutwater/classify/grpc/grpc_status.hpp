// What a gRPC status means to a pipeline: whether another try may help, and whether the call can have had an effect.
//
//     struct status { int code = 0; };                                   // grpc::Status, s.error_code()
//     cw::classify rules{cw::judging<status>([](const status& s) { return cw::grpc_judgement(s.code); })};
//
// Codes are plain numbers, so that nothing of gRPC is needed here. What the library or the server adds goes with the code:
//
//     cw::judgement j = cw::grpc_judgement({.code = 14, .pushback = "150"});    // `grpc-retry-pushback-ms`
//     j = cw::grpc_judgement({.code = 14, .was = cw::grpc_request::refused});   // RST_STREAM with REFUSED_STREAM
//
// A pushback is how long the server wants to be left alone; a negative one, or one that is no number, says "do not try
// again" (gRFC A6). A code that is in no row is permanent, and its effect unknown.
//
// Sources: grpc/doc/statuscodes.md; gRFC A6 "gRPC Retry Design" (pushback, transparent retries); RFC 9113 §8.7
// (REFUSED_STREAM, GOAWAY); the OpenTelemetry Protocol, "Failures", for RESOURCE_EXHAUSTED.
// Thread safety: functions of their arguments; the first call makes the reasons' names. Throws `std::bad_alloc` there.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "cutwater/core/outcome.hpp"

namespace cutwater {

struct grpc_row {
    int code;
    std::string_view symbol;
    verdict meaning;
    effect executed;
    std::string_view note;
};

inline constexpr std::array grpc_rows{
    grpc_row{0, "OK", verdict::success, effect::certain, "done"},
    grpc_row{1, "CANCELLED", verdict::cancelled, effect::unknown,
             "typically by the caller; the server may have gone on"},
    grpc_row{2, "UNKNOWN", verdict::permanent, effect::unknown, "an error of another space, or without details"},
    grpc_row{3, "INVALID_ARGUMENT", verdict::success, effect::unknown, "an answer: wrong whatever the system's state"},
    grpc_row{4, "DEADLINE_EXCEEDED", verdict::transient, effect::unknown, "may come although the call has succeeded"},
    grpc_row{5, "NOT_FOUND", verdict::success, effect::unknown, "an answer"},
    grpc_row{6, "ALREADY_EXISTS", verdict::success, effect::unknown,
             "an answer; perhaps to what an earlier attempt made"},
    grpc_row{7, "PERMISSION_DENIED", verdict::success, effect::unknown, "an answer"},
    grpc_row{8, "RESOURCE_EXHAUSTED", verdict::permanent, effect::unknown,
             "a quota, a full disk, a message too large; transient where a pushback says when"},
    grpc_row{9, "FAILED_PRECONDITION", verdict::success, effect::unknown, "an answer: not before the state is mended"},
    grpc_row{10, "ABORTED", verdict::permanent, effect::unknown,
             "to be tried again at a higher level, from the read of a read-modify-write"},
    grpc_row{11, "OUT_OF_RANGE", verdict::success, effect::unknown, "an answer"},
    grpc_row{12, "UNIMPLEMENTED", verdict::permanent, effect::none, "no such method here"},
    grpc_row{13, "INTERNAL", verdict::permanent, effect::unknown, "an invariant is broken"},
    grpc_row{14, "UNAVAILABLE", verdict::transient, effect::unknown, "not always safe to repeat, says statuscodes.md"},
    grpc_row{15, "DATA_LOSS", verdict::permanent, effect::unknown, "unrecoverable"},
    grpc_row{16, "UNAUTHENTICATED", verdict::success, effect::none, "an answer: no valid credentials"},
};

/// What is known of the request beside the status (gRFC A6, "Transparent Retries").
enum class grpc_request : std::uint8_t {
    sent,     ///< nothing more is known
    unsent,   ///< it never left the client
    refused,  ///< REFUSED_STREAM, or beyond the last stream id of a GOAWAY: the server's code has not seen it
};

struct grpc_answer {
    int code = 0;
    std::optional<std::string_view> pushback{};  ///< the value of `grpc-retry-pushback-ms` in the trailer
    grpc_request was = grpc_request::sent;
};

/// How long the server wants to be left alone; negative: for ever.
[[nodiscard]] inline duration parse_grpc_pushback(std::string_view milliseconds) noexcept {
    std::int32_t count = 0;  // gRFC A6: an ASCII encoded signed 32-bit integer
    const char* const begin = std::to_address(milliseconds.begin());
    const char* const end = std::to_address(milliseconds.end());
    const auto read = std::from_chars(begin, end, count);
    if (read.ec != std::errc{} || read.ptr != end) return duration{-1};
    return std::chrono::milliseconds{count};
}

/// Null where the code is in no row.
[[nodiscard]] constexpr const grpc_row* grpc_row_of(int code) noexcept {
    const auto* const row = std::ranges::find(grpc_rows, code, &grpc_row::code);
    return row == grpc_rows.end() ? nullptr : row;
}

namespace detail {

inline name grpc_reason(const grpc_row* row) {
    static const auto names = [] {
        std::array<name, grpc_rows.size()> made;
        for (std::size_t i = 0; i < made.size(); ++i) made[i] = name{"gRPC " + std::string{grpc_rows[i].symbol}};
        return made;
    }();
    static const name no_row{"gRPC unknown code"};
    return row == nullptr ? no_row : names[static_cast<std::size_t>(row - grpc_rows.data())];
}

}  // namespace detail

[[nodiscard]] inline judgement grpc_judgement(const grpc_answer& answer) {
    const grpc_row* const row = grpc_row_of(answer.code);
    judgement j{.meaning = row == nullptr ? verdict::permanent : row->meaning,
                .executed = row == nullptr ? effect::unknown : row->executed,
                .reason = detail::grpc_reason(row)};
    if (answer.code == 0) return j;
    if (answer.pushback) j.retry_after = parse_grpc_pushback(*answer.pushback);
    constexpr int resource_exhausted = 8;
    if (answer.code == resource_exhausted && j.retry_after.value_or(duration{-1}) >= duration::zero())
        j.meaning = verdict::transient;
    if (answer.was != grpc_request::sent) j.executed = effect::none;
    return j;
}

[[nodiscard]] inline judgement grpc_judgement(int code) { return grpc_judgement(grpc_answer{.code = code}); }

}  // namespace cutwater
