#include "cutwater/store/redis/redis_error.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "cutwater/core/known_category.hpp"

namespace cutwater {

namespace {

class redis_texts final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "cutwater.redis"; }

    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<redis_errc>(value)) {
            case redis_errc::elsewhere: return "the key belongs to another node of the cluster";
            case redis_errc::read_only: return "this Redis is a replica";
            case redis_errc::not_ready: return "Redis is not ready";
            case redis_errc::out_of_memory: return "Redis has no memory left";
            case redis_errc::cannot_save: return "Redis cannot save, and takes no writes";
            case redis_errc::not_allowed: return "Redis does not allow it";
            case redis_errc::wrong_type: return "the key holds what is no cell";
            case redis_errc::failed: return "Redis failed";
            case redis_errc::malformed_reply: return "the reply is not what was asked for";
        }
        return "unknown error " + std::to_string(value);
    }

    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
        switch (static_cast<redis_errc>(value)) {
            case redis_errc::read_only:
            case redis_errc::not_ready: return std::errc::resource_unavailable_try_again;
            case redis_errc::out_of_memory: return std::errc::not_enough_memory;
            case redis_errc::not_allowed: return std::errc::permission_denied;
            case redis_errc::malformed_reply: return std::errc::protocol_error;
            default: return {value, *this};
        }
    }

    [[nodiscard]] bool equivalent(int value, const std::error_condition& asked) const noexcept override {
        const auto code = static_cast<redis_errc>(value);
        if (asked == make_error_condition(condition::never_sent)) return code < redis_errc::failed;
        if (asked == make_error_condition(condition::network))
            return code == redis_errc::read_only || code == redis_errc::not_ready;
        return std::error_category::equivalent(value, asked);
    }
};

class unsent_texts final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "cutwater.redis.unsent"; }
    [[nodiscard]] std::string message(int value) const override { return std::generic_category().message(value); }
    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
        return {value, std::generic_category()};
    }
    [[nodiscard]] bool equivalent(int value, const std::error_condition& asked) const noexcept override {
        return asked == make_error_condition(condition::never_sent) || std::error_category::equivalent(value, asked);
    }
};

struct refusal {
    std::string_view word;
    redis_errc code;
    std::string_view remedy;
};

using enum redis_errc;
constexpr std::string_view to_the_right_node =
    "the key belongs to another node of the cluster: connect to a proxy that knows the cluster, or give the prefix a "
    "hash tag, {…}, and connect to the node that has its slot";
constexpr std::string_view wait_for_the_cluster = "the cluster is not ready for now: try again";
constexpr std::string_view other_credentials =
    "Redis does not allow it: set user and password, and let the user run EVAL, EVALSHA, SCRIPT, SCAN and what the "
    "scripts do";

constexpr std::array refusals{
    refusal{"MOVED", elsewhere, to_the_right_node},
    refusal{"ASK", elsewhere, to_the_right_node},
    refusal{"CROSSSLOT", elsewhere, to_the_right_node},
    refusal{"READONLY", read_only, "this Redis is a replica: connect to its master; the connection is made anew"},
    refusal{"LOADING", not_ready, "Redis is loading its data: try again when it has"},
    refusal{"MASTERDOWN", not_ready, "this Redis is a replica without its master: connect to a master"},
    refusal{"CLUSTERDOWN", not_ready, wait_for_the_cluster},
    refusal{"TRYAGAIN", not_ready, wait_for_the_cluster},
    refusal{"BUSY", not_ready, "somebody's script keeps Redis busy: end it with SCRIPT KILL, or wait"},
    refusal{"NOREPLICAS", not_ready, "Redis has too few replicas to take writes: see min-replicas-to-write"},
    refusal{"UNBLOCKED", not_ready, "Redis has become a replica: try again"},
    refusal{"ERR max number of clients reached", not_ready, "Redis has as many clients as it takes: see maxclients"},
    refusal{"OOM", out_of_memory, "Redis has no memory left: raise maxmemory, or let cells end sooner"},
    refusal{"MISCONF", cannot_save, "Redis cannot save, and takes no writes until it can: see its log and its disk"},
    refusal{"NOAUTH", not_allowed, other_credentials},
    refusal{"WRONGPASS", not_allowed, other_credentials},
    refusal{"NOPERM", not_allowed, other_credentials},
    refusal{"ERR AUTH", not_allowed, "Redis wants no password: leave user and password away"},
    refusal{"ERR DB index is out of range", not_allowed, "Redis has no database of this number: see databases"},
    refusal{"WRONGTYPE", wrong_type, "the key holds what is no cell: give the store a prefix that is its own"},
};

}  // namespace

const std::error_category& redis_category() noexcept {
    static const redis_texts category;
    return category;
}

const std::error_category& redis_unsent_category() noexcept {
    static const unsent_texts category;
    return category;
}

namespace {

/// So that what was kept of a failure is it again.
const known_category codes{redis_category()};
const known_category unsent_codes{redis_unsent_category()};

}  // namespace

error redis_refusal(std::string_view reply) {
    const auto* const found = std::ranges::find_if(refusals, [&](const refusal& r) {
        return reply.starts_with(r.word) && (reply.size() == r.word.size() || reply[r.word.size()] == ' ');
    });
    const bool is_known = found != refusals.end();
    std::string text{is_known ? found->remedy : "Redis failed, and whether anything was done is not known"};
    return error{is_known ? found->code : redis_errc::failed}.with_text(text.append(" (").append(reply).append(")"));
}

}  // namespace cutwater
