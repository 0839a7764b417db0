#include "cutwater/core/events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cutwater/core/call.hpp"
#include "cutwater/core/text.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

enum class colour : std::uint8_t { red, green };
constexpr std::string_view to_text(colour c) { return c == colour::red ? "red" : "green"; }

/// One field of each type that there is.
struct everything_happened {
    bool flag = true;
    int integer = -7;
    unsigned count = 7;
    std::uint64_t large = 1ULL << 40U;
    double number = 0.5;
    float small = 0.25F;
    duration took = 250ms;
    name source{"cache"};
    colour paint = colour::green;
    std::string text = "words";
    std::string_view view = "view";
    const char* literal = "literal";

    static constexpr event_kind kind{"everything_happened", severity::warning, "always"};
    static void fields(auto& self, auto&& visit) {
        visit("flag", self.flag, "");
        visit("integer", self.integer, "");
        visit("count", self.count, "");
        visit("large", self.large, "");
        visit("number", self.number, "");
        visit("small", self.small, "");
        visit("took", self.took, "");
        visit("source", self.source, "");
        visit("paint", self.paint, "");
        visit("text", self.text, "");
        visit("view", self.view, "");
        visit("literal", self.literal, "");
    }
};

struct nothing_happened {
    static constexpr event_kind kind{"nothing_happened", severity::debug, "never"};
    static void fields(auto&, auto&&) {}
};

/// Writes each field as it came: by which call, and its value.
struct typed final : field_visitor {
    void on_text(std::string_view field, std::string_view value) override { add("text", field, std::string{value}); }
    void on_integer(std::string_view field, std::int64_t value) override { add("integer", field, to_text(value)); }
    void on_number(std::string_view field, double value) override { add("number", field, to_text(value)); }
    void on_flag(std::string_view field, bool value) override { add("flag", field, to_text(value)); }
    void on_duration(std::string_view field, duration value) override { add("duration", field, to_text(value)); }

    std::vector<std::string> seen;

private:
    template <class Value>
    static std::string to_text(Value value) {
        return cutwater::to_text(value);
    }
    void add(std::string_view type, std::string_view field, const std::string& value) {
        seen.push_back(std::string{type} + " " + std::string{field} + " " + value);
    }
};

TEST(event, a_visitor_gets_each_field_by_its_type) {
    const everything_happened body;
    typed visitor;
    event{{}, body}.visit(visitor);
    EXPECT_THAT(visitor.seen,
                ElementsAre("flag flag true", "integer integer -7", "integer count 7", "integer large 1099511627776",
                            "number number 0.5", "number small 0.25", "duration took 250ms", "text source cache",
                            "text paint green", "text text words", "text view view", "text literal literal"));
}

TEST(event, gives_the_struct_itself_to_whoever_asks_for_its_type) {
    const everything_happened body{.integer = 42};
    const event e{{}, body};
    ASSERT_EQ(e.get_if<everything_happened>(), &body);
    EXPECT_EQ(e.get_if<everything_happened>()->integer, 42);
    EXPECT_EQ(e.get_if<nothing_happened>(), nullptr);
}

TEST(event, says_what_it_is_and_where_it_happened) {
    const nothing_happened body;
    const event e{{.layer = "retry", .operation = "get", .call_id = "c-1", .attempt = 3, .at = instant{5s}}, body};
    EXPECT_EQ(e.kind().name, "nothing_happened");
    EXPECT_EQ(e.kind().level, severity::debug);
    EXPECT_EQ(e.kind().when, "never");
    EXPECT_EQ(e.origin().layer, name{"retry"});
    EXPECT_EQ(e.origin().operation, name{"get"});
    EXPECT_EQ(e.origin().call_id, "c-1");
    EXPECT_EQ(e.origin().attempt, 3U);
    EXPECT_EQ(e.origin().at, instant{5s});
}

TEST(event, severities_have_a_text) {
    EXPECT_EQ(cutwater::to_text(severity::debug), "debug");
    EXPECT_EQ(cutwater::to_text(severity::info), "info");
    EXPECT_EQ(cutwater::to_text(severity::warning), "warning");
    EXPECT_EQ(cutwater::to_text(severity::error), "error");
}

// ---- raised by a call ----

struct still_world final : environment {
    [[nodiscard]] instant now() noexcept override { return ++reads, instant{9s}; }
    [[nodiscard]] random_source& random() noexcept override { return source; }
    random_source source{42};
    int reads = 0;
};
struct no_parking final : parking {
    [[nodiscard]] waker& prepare() override { throw std::logic_error{"nothing waits here"}; }
};

struct a_call {
    call_options said{.operation = "get", .id = "c-1"};
    still_world world;
    no_parking place;
    call_context call{said, world, place};
};

struct keeps final : listener {
    void on_event(const event& e) override {
        names.emplace_back(e.kind().name);
        last = e.origin();
    }
    std::vector<std::string> names;
    event_origin last;
};

TEST(call_context, builds_no_event_and_reads_no_clock_where_nobody_listens) {
    a_call c;
    int built = 0;
    c.call.emit("retry", [&] { return ++built, nothing_happened{}; });
    EXPECT_EQ(built, 0);
    EXPECT_EQ(c.world.reads, 0);
}

TEST(call_context, tells_its_audience_what_happened_where_and_when) {
    a_call c;
    keeps heard;
    c.call.audience = &heard;
    c.call.attempt = 2;
    c.call.emit("retry", [] { return nothing_happened{}; });
    EXPECT_THAT(heard.names, ElementsAre("nothing_happened"));
    EXPECT_EQ(heard.last.layer, name{"retry"});
    EXPECT_EQ(heard.last.operation, name{"get"});
    EXPECT_EQ(heard.last.call_id, "c-1");
    EXPECT_EQ(heard.last.attempt, 2U);
    EXPECT_EQ(heard.last.at, instant{9s});
}

TEST(call_context, watching_a_call_does_not_fail_it) {
    struct throws final : listener {
        void on_event(const event&) override {
            ++heard;
            throw std::runtime_error{"the disk is full"};
        }
        int heard = 0;
    };
    a_call c;
    throws audience;
    c.call.audience = &audience;
    EXPECT_NO_THROW(c.call.emit("retry", [] { return nothing_happened{}; }));
    EXPECT_EQ(audience.heard, 1);
}

TEST(event, is_handed_on_with_one_more_field) {
    const everything_happened body{};
    const event_origin origin{.layer = "retry", .operation = "get", .call_id = "c-1", .attempt = 3, .at = instant{9s}};
    const event told{origin, body};
    const event_extra more{.field = "suppressed", .value = 12};
    typed plain;
    told.visit(plain);
    typed handed_on;
    told.with(more).visit(handed_on);

    ASSERT_EQ(handed_on.seen.size(), plain.seen.size() + 1);
    EXPECT_EQ(handed_on.seen.back(), "integer suppressed 12");
    EXPECT_EQ(told.with(more).get_if<everything_happened>(), &body) << "and stays what it is";
    EXPECT_EQ(told.with(more).origin().at, instant{9s});
    typed again;
    told.visit(again);
    EXPECT_EQ(again.seen, plain.seen) << "the event itself has no more than before";
}

// ---- what the callable sees ----

TEST(attempt, shows_what_its_call_said) {
    a_call c;
    c.call.deadline = instant{10s};
    c.call.attempt = 3;
    std::stop_source stop;
    const std::stop_token token = stop.get_token();
    const attempt a{c.call, c.world, token};
    EXPECT_EQ(a.number(), 3U);
    EXPECT_EQ(a.operation(), name{"get"});
    EXPECT_EQ(a.deadline(), instant{10s});
    EXPECT_EQ(a.remaining(), 1s);
    EXPECT_FALSE(a.stop_requested());
    stop.request_stop();
    EXPECT_TRUE(a.stop_requested());
    EXPECT_TRUE(a.stop_token().stop_requested());
}

TEST(attempt, what_remains_is_never_less_than_nothing) {
    a_call c;
    c.call.deadline = instant{8s};
    const attempt late{c.call, c.world, c.said.stop};
    EXPECT_EQ(late.remaining(), 0s);
}

TEST(attempt, has_for_ever_where_nothing_bounds_it) {
    a_call c;
    const attempt a{c.call, c.world, c.said.stop};
    EXPECT_EQ(a.deadline(), never);
    EXPECT_EQ(a.remaining(), forever);
    EXPECT_EQ(c.world.reads, 0) << "and no clock is read to find out";
}

TEST(call_options, idempotency_has_a_text) {
    EXPECT_EQ(cutwater::to_text(idempotency::unstated), "unstated");
    EXPECT_EQ(cutwater::to_text(idempotency::idempotent), "idempotent");
    EXPECT_EQ(cutwater::to_text(idempotency::not_idempotent), "not_idempotent");
}

}  // namespace
}  // namespace cutwater
