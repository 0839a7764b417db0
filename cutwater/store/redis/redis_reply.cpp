#include "cutwater/store/redis/redis_reply.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <span>
#include <string_view>

#include "cutwater/store/redis/redis_error.hpp"

namespace cutwater {

namespace {

std::span<redisReply* const> list_of(const redisReply& r) {
    return r.type == REDIS_REPLY_ARRAY ? std::span{r.element, r.elements} : std::span<redisReply* const>{};
}

bool is_text(const redisReply& r) { return r.type == REDIS_REPLY_STRING || r.type == REDIS_REPLY_STATUS; }

std::string bytes_of(const redisReply& r) { return {r.str, r.len}; }

error malformed() { return error{redis_errc::malformed_reply}; }

std::optional<cell_version> version_of(const redisReply& r) {
    if (!is_text(r)) return std::nullopt;
    cell_version read = 0;
    const auto [end, failed] = std::from_chars(r.str, r.str + r.len, read);
    return failed == std::errc{} && end == r.str + r.len ? std::optional{read} : std::nullopt;
}

}  // namespace

std::optional<std::string> error_of(const redisReply& said) {
    return said.type == REDIS_REPLY_ERROR ? std::optional{bytes_of(said)} : std::nullopt;
}

std::optional<std::string> text_of(const redisReply& said) {
    return is_text(said) ? std::optional{bytes_of(said)} : std::nullopt;
}

cell_result cell_reply_of(const redisReply& said, cell_version made) {
    if (const auto words = error_of(said)) return std::unexpected{redis_refusal(*words)};
    const auto parts = list_of(said);
    if (parts.empty() || parts[0]->type != REDIS_REPLY_INTEGER) return std::unexpected{malformed()};
    cell_reply reply{.done = parts[0]->integer == 1};
    if (reply.done) reply.version = made;
    if (parts.size() == 1) return reply;
    if (parts.size() != 4 || !is_text(*parts[1]) || parts[3]->type != REDIS_REPLY_INTEGER)
        return std::unexpected{malformed()};
    const std::optional<cell_version> version = version_of(*parts[2]);
    if (!version) return std::unexpected{malformed()};
    constexpr long long longest = std::chrono::duration_cast<std::chrono::microseconds>(forever).count();
    const std::chrono::microseconds age{std::clamp(parts[3]->integer, 0LL, longest)};
    reply.found = cell{.value = bytes_of(*parts[1]), .version = *version, .age = age};
    return reply;
}

std::expected<redis_scan, error> scan_of(const redisReply& said) {
    if (const auto words = error_of(said)) return std::unexpected{redis_refusal(*words)};
    const auto parts = list_of(said);
    if (parts.size() != 2 || !is_text(*parts[0]) || parts[1]->type != REDIS_REPLY_ARRAY)
        return std::unexpected{malformed()};
    redis_scan read{.cursor = bytes_of(*parts[0]), .keys = {}};
    for (const redisReply* const key : list_of(*parts[1])) {
        if (!is_text(*key)) return std::unexpected{malformed()};
        read.keys.push_back(bytes_of(*key));
    }
    return read;
}

std::string begins_with_pattern(std::string_view beginning) {
    std::string pattern;
    for (const char c : beginning) {
        if (std::string_view{R"(*?[]\^-)"}.contains(c)) pattern += '\\';
        pattern += c;
    }
    return pattern + '*';
}

}  // namespace cutwater
