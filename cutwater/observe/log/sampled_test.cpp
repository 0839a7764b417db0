#include "cutwater/observe/log/sampled.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/log/json_log.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct ordinary {
    static constexpr event_kind kind{"ordinary", severity::info, "in these tests"};
    static void fields(auto&, auto&&) {}
};
struct other {
    static constexpr event_kind kind{"other", severity::warning, "in these tests"};
    static void fields(auto&, auto&&) {}
};
struct broken {
    static constexpr event_kind kind{"broken", severity::error, "in these tests"};
    static void fields(auto&, auto&&) {}
};

/// As the end of a call is.
struct counted {
    static constexpr measure measures[] = {{.of = &metrics::calls}};
    static constexpr event_kind kind{"counted", severity::info, "in these tests", measures};
    static void fields(auto&, auto&&) {}
};

constexpr instant start{1h};

class sampling : public ::testing::Test {
protected:
    explicit sampling(sampled_options options = {.first = 2, .every = 10, .period = 1s}) : fewer{heard, options} {}

    template <class Body>
    void tell(Body body, int times = 1, duration at = {}, name layer = "retry", name operation = "get") {
        for (int i = 0; i < times; ++i)
            fewer.on_event(event{{.layer = layer, .operation = operation, .at = start + at}, body});
    }

    testing::event_recorder heard;
    sampled fewer;
};

TEST_F(sampling, the_first_of_a_kind_and_then_one_in_so_many_pass_with_the_number_of_the_others) {
    tell(ordinary{}, 22);
    EXPECT_THAT(heard.lines(), ElementsAre("retry ordinary", "retry ordinary", "retry ordinary suppressed=9",
                                           "retry ordinary suppressed=9"));
    EXPECT_EQ(fewer.passed(), 4U);
    EXPECT_EQ(fewer.suppressed(), 18U);
}

TEST_F(sampling, kinds_and_layers_do_not_hide_behind_each_other) {
    tell(ordinary{}, 5);
    tell(other{}, 1);
    tell(ordinary{}, 1, {}, "breaker");
    EXPECT_EQ(heard.count("other"), 1U);
    EXPECT_EQ(heard.lines_of("breaker").size(), 1U);
}

TEST_F(sampling, an_error_of_one_operation_does_not_hide_behind_those_of_another) {
    tell(broken{}, 1000, {}, "retry", "get");
    tell(broken{}, 1, {}, "retry", "charge");
    EXPECT_EQ(heard.last("broken").operation, "charge");
    tell(ordinary{}, 1000, {}, "retry", "get");
    tell(ordinary{}, 1, {}, "retry", "charge");
    EXPECT_EQ(heard.last("ordinary").operation, "get") << "what is no error is one kind for all operations";
}

TEST_F(sampling, what_is_counted_does_not_hide_behind_another_operations_and_has_its_own_number) {
    for (int i = 0; i < 100; ++i) {
        tell(counted{}, 1000, std::chrono::seconds{i}, "", "busy");
        tell(counted{}, 1, std::chrono::seconds{i}, "", "quiet");
    }
    const auto all = heard.all();
    const auto quiet = std::ranges::count(all, "quiet", &testing::recorded_event::operation);
    EXPECT_EQ(quiet, 100) << "whatever the other does";
}

TEST_F(sampling, errors_are_heard_of_in_each_period) {
    for (int second = 0; second < 5; ++second) {
        heard.clear();
        tell(broken{}, 100, std::chrono::seconds{second});
        EXPECT_GE(heard.count("broken"), 2U) << "in second " << second;
    }
}

TEST_F(sampling, what_nobody_told_of_is_told_when_the_next_event_comes) {
    tell(ordinary{}, 7);
    heard.clear();
    tell(other{}, 1, 1s);
    EXPECT_THAT(heard.lines(),
                ElementsAre("retry events_suppressed suppressed=5 suppressed_event=ordinary", "retry other"));
    heard.clear();
    tell(ordinary{}, 1, 1s);
    EXPECT_THAT(heard.lines(), ElementsAre("retry ordinary")) << "and is not told twice";
}

TEST_F(sampling, what_is_left_at_the_end_is_told_on_request) {
    tell(ordinary{}, 7);
    tell(broken{}, 4);
    heard.clear();
    fewer.tell_suppressed(start);
    EXPECT_THAT(heard.lines(), ElementsAre("retry events_suppressed suppressed=5 suppressed_event=ordinary",
                                           "retry events_suppressed suppressed=2 suppressed_event=broken"));
    heard.clear();
    fewer.tell_suppressed(start);
    EXPECT_THAT(heard.lines(), ElementsAre());
}

class sampling_with_little_room : public sampling {
protected:
    sampling_with_little_room() : sampling{{.first = 1, .every = 0, .period = 1s, .max_kinds = 2}} {}
};

TEST_F(sampling_with_little_room, kinds_that_come_late_share_one_count) {
    for (int i = 0; i < 100; ++i) tell(ordinary{}, 1, {}, name{"layer " + std::to_string(i)});
    EXPECT_EQ(heard.names().size(), 3U) << "two of their own, and one for all others";
    heard.clear();
    fewer.tell_suppressed(start);
    EXPECT_THAT(heard.lines(), ElementsAre(HasSubstr("suppressed=97")));
}

TEST(sampled, an_outage_is_a_few_lines_that_say_how_large_it_is) {
    std::vector<nlohmann::json> lines;
    json_log log{[&](std::string_view line) { lines.push_back(nlohmann::json::parse(line)); }};
    sampled fewer{log, {.first = 3, .every = 100, .period = 1s}};
    testing::virtual_time time;
    pipeline guarded{observe{fewer}, rate_limiter{{.permits = 1, .per = 1h, .burst = 1}}};
    for (int i = 0; i < 1001; ++i) (void)time.run(guarded, {.operation = "get"}, [] { return 7; });
    EXPECT_EQ(lines.size(), 1U + 2 * (3 + 9)) << "a value; refusals of the limiter's, and of the calls";
    EXPECT_EQ(lines.back()["suppressed"], 99);
    EXPECT_EQ(lines.back()["event"], "call_refused");
}

TEST(sampled, refuses_what_makes_no_sense) {
    testing::event_recorder heard;
    try {
        const sampled fewer{heard, {.name = "", .first = 0, .period = 0s, .max_kinds = 0}};
        ADD_FAILURE() << "it was taken";
    } catch (const invalid_options& e) {
        EXPECT_EQ(e.problems().size(), 4U) << e.what();
    }
}

}  // namespace
}  // namespace cutwater
