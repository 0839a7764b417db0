// What Redis' replies say of cells.
//
// Private to the store. Thread safety: functions of their arguments.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "cutwater/store/cell_store.hpp"

struct redisReply;  // NOLINT(readability-identifier-naming): hiredis' name

namespace cutwater {

/// Of a script; `made` is the version that a swap writes.
[[nodiscard]] cell_result cell_reply_of(const redisReply& said, cell_version made);

/// One step of a list: where the next begins, and the keys as they are in Redis.
struct redis_scan {
    std::string cursor;
    std::vector<std::string> keys;
};
[[nodiscard]] std::expected<redis_scan, error> scan_of(const redisReply& said);

/// Its words, where it is an error; else nothing.
[[nodiscard]] std::optional<std::string> error_of(const redisReply& said);
/// Where it is text; else nothing.
[[nodiscard]] std::optional<std::string> text_of(const redisReply& said);

/// A pattern of SCAN for what begins with these bytes.
[[nodiscard]] std::string begins_with_pattern(std::string_view beginning);

}  // namespace cutwater
