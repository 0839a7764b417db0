// Where the cells are in Redis, and how long one waits for it.
//
//     cw::redis_store_options far{.host = "redis.internal", .user = "shop", .password = "…", .prefix = "{shop}/", .timeout = 300ms};
//
// A secret is shown to nobody: `describe` and errors say whether there is one.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// A text that is not printed.
class secret {
public:
    secret() = default;
    template <class Text>
        requires std::convertible_to<Text, std::string>
    explicit(false) secret(Text&& text) : text_{std::forward<Text>(text)} {}

    [[nodiscard]] const std::string& reveal() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

private:
    std::string text_;
};

[[nodiscard]] inline std::string to_text(const secret& s) { return s.empty() ? "none" : "set"; }

struct redis_store_options {
    std::string name = "redis";
    std::string host = "localhost";
    std::uint16_t port = 6379;
    std::string user = {};
    secret password = {};
    unsigned database = 0;
    std::string prefix = "cutwater/";
    duration timeout = 1s;
    duration connect_timeout = 1s;
    duration dead_after = 5s;
    std::size_t max_in_flight = 10'000;

    static constexpr std::size_t max_prefix = 512;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the store's name in errors and events");
        visit("host", self.host, any_value, "a name, looked up for each connection, or an address");
        visit("port", self.port, within(std::uint16_t{1}, std::uint16_t{65'535}), "where Redis listens");
        visit("user", self.user, any_value, "of Redis' access lists; empty: the default user");
        visit("password", self.password, any_value, "the user's; never printed");
        visit("database", self.database, within(0U, 1'000'000U), "its number; a cluster has only 0");
        visit("prefix", self.prefix, any_value,
              "what the store's keys begin with in Redis; a part in braces says in which slot of a cluster they are");
        visit("timeout", self.timeout, above_and_up_to<duration>(0s, 1h),
              "for each request, where it does not ask for less itself");
        visit("connect_timeout", self.connect_timeout, above_and_up_to<duration>(0s, 1h),
              "for a connection until it can be used, however many addresses the host has");
        visit("dead_after", self.dead_after, above_and_up_to<duration>(0s, 24h),
              "a connection that says nothing for so long while a reply is due is given up");
        visit("max_in_flight", self.max_in_flight, within(std::size_t{1}, std::size_t{10'000'000}),
              "requests whose reply has not come; what is beyond is refused");
    }

    void cross_check(option_problems& problems) const {
        if (host.empty()) problems.push_back({"host", "empty", "a name or an address"});
        if (!user.empty() && password.empty()) problems.push_back({"password", "none", "that of the user"});
        if (dead_after < timeout)
            problems.push_back({"dead_after", to_exact_text(dead_after),
                                "at least timeout = " + to_exact_text(timeout) + ", or slow replies are lost"});
        if (prefix.size() > max_prefix)
            problems.push_back({"prefix", std::to_string(prefix.size()) + " bytes long",
                                "at most " + std::to_string(max_prefix) + " bytes"});
    }
};

}  // namespace cutwater
