#include "cutwater/testing/event_recorder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct everything_happened {
    static constexpr event_kind kind{"everything_happened", severity::warning, "always"};
    static void fields(auto&, auto&& visit) {
        visit("flag", true, "");
        visit("count", 7, "");
        visit("share", 0.5, "");
        visit("took", duration{250ms}, "");
        visit("words", std::string{"a b"}, "");
    }
};

void tell(listener& hears, name layer, instant at = {}) {
    const everything_happened body;
    hears.on_event(event{{.layer = layer, .operation = "get", .call_id = "c-1", .attempt = 2, .at = at}, body});
}

TEST(event_recorder, keeps_all_of_an_event_as_text) {
    event_recorder heard;
    tell(heard, "gate", instant{5s});
    const recorded_event e = heard.last("everything_happened");
    EXPECT_EQ(e.level, severity::warning);
    EXPECT_EQ(e.layer, "gate");
    EXPECT_EQ(e.operation, "get");
    EXPECT_EQ(e.attempt, 2U);
    EXPECT_EQ(e.at, instant{5s});
    EXPECT_EQ(e.field("took"), "250ms");
    EXPECT_EQ(e.field("flag"), "true");
    EXPECT_EQ(e.field("nothing"), "<none>");
    EXPECT_EQ(e.line(), "gate everything_happened count=7 flag=true share=0.5 took=250ms words=a b");
    EXPECT_THAT(heard.lines(), ElementsAre(e.line()));
}

TEST(event_recorder, keeps_events_in_their_order_and_forgets_them_when_told) {
    event_recorder heard;
    tell(heard, "a");
    tell(heard, "b");
    EXPECT_THAT(heard.names(), ElementsAre("everything_happened", "everything_happened"));
    EXPECT_THAT(heard.all(), ElementsAre(event_from("a"), event_from("b")));
    EXPECT_THAT(heard.lines_of("b"), ElementsAre(heard.last("everything_happened").line()));
    EXPECT_EQ(heard.last("everything_happened").layer, "b");
    EXPECT_EQ(heard.count("everything_happened"), 2U);
    EXPECT_EQ(heard.count("nothing_happened"), 0U);
    EXPECT_THROW((void)heard.last("nothing_happened"), std::out_of_range);
    heard.clear();
    EXPECT_THAT(heard.all(), IsEmpty());
}

TEST(event_recorder, hears_what_a_pipeline_tells) {
    event_recorder heard;
    virtual_time time;
    pipeline guarded{observe{heard}, retry{{.max_attempts = 2, .base_delay = 10ms, .jitter = jitter::none}}};
    unsigned calls = 0;
    (void)time.run(guarded, {.operation = "get"}, [&]() -> std::expected<int, std::errc> {
        if (++calls == 1) return std::unexpected{std::errc::connection_reset};
        return 7;
    });
    EXPECT_THAT(heard.all(), ElementsAre(event_named("call_started"),
                                         AllOf(event_named("retry_scheduled"), event_with("delay", "10ms")),
                                         event_named("retry_rescued"), event_named("call_completed")));
}

}  // namespace
}  // namespace cutwater::testing
