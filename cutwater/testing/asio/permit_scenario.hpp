// One table for every gate that has permits and a line in front of them: one call, where others are inside or wait already, on both drivers.
//
//     class bulkhead_scenarios
//         : public ::testing::TestWithParam<std::tuple<cw::testing::driver, cw::testing::permit_scenario<cw::bulkhead>>> {};
//     TEST_P(bulkhead_scenarios, are_as_the_table_says) { cw::testing::expect_scenario(GetParam()); }
//
//     const std::vector<cw::testing::permit_scenario<cw::bulkhead>> scenarios{
//         {.name = "it_waits_until_one_goes",
//          .options = {.name = "db", .max_concurrent = 1, .max_queue = 1},
//          .others = 1,
//          .one_goes_after = 50ms,
//          .result = "7",
//          .elapsed = 55ms,
//          .events = {"db bulkhead_queued longest_wait=1s queued=1", "db bulkhead_wait_ended admitted=true"}},
//     };
//
// The call takes 5 ms and gives 7. Gates are named "db", the call "get".
#pragma once

#include <gtest/gtest.h>

#include "cutwater/pipeline/observe.hpp"
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/others.hpp"

namespace cutwater::testing {

template <class Gate>
struct permit_scenario {
    std::string name;
    std::decay_t<decltype(std::declval<Gate&>().options())> options;
    unsigned others = 0;                   ///< how many have come before it, and
    std::vector<std::string> others_of{};  ///< after those, of which tenants
    duration one_goes_after = forever;
    duration deadline = forever;
    duration cancels_after = forever;
    criticality importance = criticality::normal;
    duration a_critical_one_comes_after = forever;
    std::string tenant{};

    std::string result;
    duration elapsed{};
    std::vector<std::string> events;

    friend void PrintTo(const permit_scenario& s, std::ostream* out) { *out << s.name; }
};

template <class Gate>
void expect_scenario(const std::tuple<driver, permit_scenario<Gate>>& played) {
    using namespace std::chrono_literals;
    const auto& [played_by, s] = played;
    stage<int> on{played_by};
    on.dependency.returns(7, 5ms);
    Gate db{s.options};
    {
        testing::others those{db, on.time};
        for (unsigned i = 0; i < s.others; ++i) those.come();
        for (const std::string& tenant : s.others_of) those.come({.tenant = tenant});
        if (s.one_goes_after != forever) those.go_after(s.one_goes_after);
        if (s.cancels_after != forever) on.cancels_after(s.cancels_after);
        if (s.a_critical_one_comes_after != forever)
            those.come_after(s.a_critical_one_comes_after, criticality::critical);
        pipeline guarded{observe{on.heard}, ref(db)};
        const auto result = on.play(guarded, {.operation = "get",
                                              .deadline = on.deadline_in(s.deadline),
                                              .importance = s.importance,
                                              .tenant = s.tenant});
        EXPECT_EQ(text_of(result), s.result);
        EXPECT_EQ(on.dependency.calls(), result ? 1U : 0U) << "what did not get in is not run, then or later";
    }
    EXPECT_EQ(on.heard.lines_of("db"), s.events);
    EXPECT_EQ(on.time.elapsed(), s.elapsed);
    EXPECT_EQ(db.in_use(), 0U);
    EXPECT_EQ(db.queued(), 0U);
}

}  // namespace cutwater::testing
