// Events of several threads through one sampling listener.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "cutwater/observe/log/sampled.hpp"

namespace cutwater {
namespace {

struct flood {
    static constexpr event_kind kind{"flood", severity::warning, "in these tests"};
    static void fields(auto&, auto&&) {}
};

/// Adds up what it is told of.
struct adding final : listener, field_visitor {
    void on_event(const event& e) override {
        if (e.get_if<events_suppressed>() == nullptr) passed.fetch_add(1);
        e.visit(*this);
    }
    void on_integer(std::string_view field, std::int64_t value) override {
        if (field == "suppressed") left_out.fetch_add(static_cast<std::uint64_t>(value));
    }
    void on_text(std::string_view, std::string_view) override {}
    void on_number(std::string_view, double) override {}
    void on_flag(std::string_view, bool) override {}
    void on_duration(std::string_view, duration) override {}

    std::atomic<std::uint64_t> passed{0};
    std::atomic<std::uint64_t> left_out{0};
};

TEST(sampled_threads, every_event_is_told_or_counted) {
    adding heard;
    sampled fewer{heard, {.first = 3, .every = 50, .period = std::chrono::milliseconds{1}, .max_kinds = 4}};
    constexpr int threads = 4;
    constexpr int each = 5000;
    {
        std::vector<std::jthread> all;
        for (int t = 0; t < threads; ++t)
            all.emplace_back([&, t] {
                const std::string own = "layer " + std::to_string(t);
                for (int i = 0; i < each; ++i) {
                    const instant at{std::chrono::microseconds{i}};
                    fewer.on_event(
                        event{{.layer = i % 2 == 0 ? name{"shared"} : name{own}, .operation = {}, .at = at}, flood{}});
                }
            });
    }
    fewer.tell_suppressed(instant{});
    constexpr std::uint64_t sent = threads * each;
    EXPECT_EQ(heard.passed + heard.left_out, sent);
    EXPECT_EQ(heard.passed, fewer.passed());
    EXPECT_EQ(fewer.passed() + fewer.suppressed(), sent);
    EXPECT_LT(heard.passed, sent / 10);
}

}  // namespace
}  // namespace cutwater
