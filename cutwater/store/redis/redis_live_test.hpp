// A real Redis for the tests of this room, one for each program, and a client that knows nothing of cells.
#pragma once

#include <hiredis/hiredis.h>

#include <initializer_list>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/store/redis/redis_store.hpp"
#include "test/servers/redis_server.hpp"

namespace cutwater::testing {

/// Asks one command at a time, and blocks.
class bare_redis {
public:
    explicit bare_redis(std::uint16_t port, const std::string& password = {})
        : context_{redisConnect("127.0.0.1", port), redisFree} {
        if (!context_ || context_->err != 0) throw std::runtime_error{"no Redis"};
        if (!password.empty()) (void)said({"AUTH", password});
    }

    /// The reply as text: lists in brackets, errors as they come, `nil`.
    std::string said(std::initializer_list<std::string_view> words) {
        std::vector<const char*> texts;
        std::vector<std::size_t> sizes;
        for (const std::string_view word : words) {
            texts.push_back(word.data());
            sizes.push_back(word.size());
        }
        const std::unique_ptr<void, void (*)(void*)> reply{
            redisCommandArgv(context_.get(), static_cast<int>(texts.size()), texts.data(), sizes.data()),
            freeReplyObject};
        return reply ? text_of(*static_cast<const redisReply*>(reply.get())) : "lost";
    }

private:
    static std::string text_of(const redisReply& r) {
        if (r.type == REDIS_REPLY_INTEGER) return std::to_string(r.integer);
        if (r.type == REDIS_REPLY_NIL) return "nil";
        if (r.type != REDIS_REPLY_ARRAY) return {r.str, r.len};
        std::string all = "[";
        for (const redisReply* const each : std::span{r.element, r.elements})
            all += (all.size() > 1 ? " " : "") + text_of(*each);
        return all + "]";
    }

    std::unique_ptr<redisContext, void (*)(redisContext*)> context_;
};

/// Of the whole program.
inline redis_server& redis() {
    static redis_server server;
    return server;
}

inline redis_store_options at(std::uint16_t port) {
    return {
        .host = "127.0.0.1", .port = port, .timeout = std::chrono::seconds{10}, .dead_after = std::chrono::seconds{10}};
}

}  // namespace cutwater::testing
