// The demo, part by part: what is played, what is counted, what is shown.
#include <gmock/gmock.h>

#include <cstdio>
#include <sstream>
#include <string>

#include <nlohmann/json.hpp>

#include "apps/cutwater/console/text_table.hpp"
#include "apps/cutwater/demo/report.hpp"
#include "apps/cutwater/demo/screen.hpp"
#include "cutwater/policy/circuit_breaker/events.hpp"

namespace cutwater::demo {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr unsigned users = 3;

/// Both sides, whom nobody has let loose.
struct stage {
    script plays{1.0};
    boost::asio::io_context context{1};
    std::unique_ptr<side> unguarded = make_unguarded(context, plays, users);
    std::unique_ptr<side> guarded = make_guarded(context, plays, users);

    [[nodiscard]] frame at(duration elapsed) const {
        return {.elapsed = elapsed,
                .length = plays.length(),
                .phase = plays.phases()[plays.at(elapsed)].name,
                .unguarded = *unguarded,
                .guarded = *guarded};
    }
};

/// What is written to a file by `writes`.
template <class Writes>
std::string written(Writes writes) {
    std::FILE* const file = std::tmpfile();
    writes(file);
    std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
    std::rewind(file);
    text.resize(std::fread(text.data(), 1, text.size(), file));
    (void)std::fclose(file);
    return text;
}

std::size_t widest(const std::string& text) {
    std::istringstream lines{text};
    std::size_t most = 0;
    for (std::string line; std::getline(lines, line);) most = std::max(most, app::width_of(line));
    return most;
}

TEST(demo_script, lasts_less_than_half_a_minute_and_ends_as_it_began) {
    const script usual{1.0};
    EXPECT_EQ(usual.length(), 20s);
    EXPECT_EQ(usual.phases().front().does, usual.phases().back().does);
    EXPECT_LE(script{1.5}.length(), 30s);
}

TEST(demo_script, knows_which_phase_is_on) {
    const script usual{1.0};
    EXPECT_EQ(usual.at(0s), 0U);
    EXPECT_EQ(usual.at(2'999ms), 0U);
    EXPECT_EQ(usual.at(3s), 1U);
    EXPECT_EQ(usual.at(7s), 2U);
    EXPECT_EQ(usual.at(19s), 4U);
    EXPECT_EQ(usual.at(1h), 4U) << "the last one for ever after";
    EXPECT_EQ(script{0.5}.at(1'500ms), 1U);
}

TEST(demo_tally, of_nobody_is_zero) {
    const tally nobody;
    EXPECT_EQ(nobody.longest(), 0s);
    EXPECT_EQ(nobody.percentile(0.99), 0s);
    EXPECT_EQ(nobody.stuck(), 0s);
}

TEST(demo_tally, measures_waits) {
    tally t;
    t.fresh = 4;
    t.waits = {3s, 10ms, 1s, 20ms};
    EXPECT_EQ(t.longest(), 3s);
    EXPECT_EQ(t.percentile(0.0), 10ms);
    EXPECT_EQ(t.percentile(0.5), 20ms);
    EXPECT_EQ(t.stuck(), 2s) << "what is beyond the patience of a user";
}

TEST(demo_side, follows_the_circuit) {
    const stage now;
    side& guarded = *now.guarded;
    EXPECT_EQ(now.unguarded->circuit(), "none");
    EXPECT_EQ(guarded.circuit(), "closed");
    const auto tell = [&](const auto& what, duration at) {
        event_origin origin;
        origin.at = instant{} + at;
        guarded.on_event(event{origin, what});
    };
    tell(circuit_opened{}, 1s);
    EXPECT_EQ(guarded.circuit(), "open");
    tell(circuit_refused{}, 1s);
    tell(circuit_refused{}, 1s);
    EXPECT_EQ(guarded.refusals(), 2U);
    tell(circuit_half_opened{}, 2s);
    EXPECT_EQ(guarded.circuit(), "half-open");
    tell(circuit_opened{}, 3s);
    tell(circuit_closed{}, 5s);
    EXPECT_EQ(guarded.circuit(), "closed");
    EXPECT_EQ(guarded.circuit_open(), 4s) << "from the first opening on, probes included";
}

TEST(demo_report, says_nothing_of_what_nobody_saw) {
    const stage now;
    const std::string table = report_text(now.plays, *now.unguarded, *now.guarded);
    EXPECT_THAT(table, StartsWith("what users saw"));
    EXPECT_THAT(table, HasSubstr("useful answers                            –           –\n"));
    EXPECT_THAT(table, Not(HasSubstr("nan")));
    EXPECT_THAT(table, EndsWith("the longest took 0.0 ms.\n"));
    EXPECT_LE(widest(table), 80U);
}

TEST(demo_report, has_all_of_it_for_machines) {
    const stage now;
    const auto all = nlohmann::json::parse(report_json(now.plays, *now.unguarded, *now.guarded));
    EXPECT_EQ(all.at("seconds"), 20.0);
    EXPECT_EQ(all.at("users"), users);
    for (const auto* const who : {"unguarded", "guarded"}) {
        const auto& side = all.at(who);
        EXPECT_EQ(side.at("errors"), 0);
        EXPECT_TRUE(side.at("wait_p99_ms").is_null()) << "nobody waited";
        EXPECT_EQ(side.at("phases").size(), 5U);
        EXPECT_EQ(side.at("phases").at(2).at("phase"), "hangs");
    }
}

TEST(demo_screen, plain_lines_come_once_a_second_and_fit_80_columns) {
    const stage now;
    const std::string shown = written([&](std::FILE* out) {
        const auto lines = plain_screen(out);
        for (const duration elapsed : {0ms, 100ms, 900ms, 1'000ms, 1'100ms, 4'000ms}) lines->show(now.at(elapsed));
        lines->done();
    });
    std::istringstream in{shown};
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    ASSERT_EQ(lines.size(), 6U) << shown;  // two of heading, three seconds, one blank
    EXPECT_THAT(lines[0], HasSubstr("unguarded"));
    EXPECT_THAT(lines[0], HasSubstr("guarded"));
    EXPECT_THAT(lines[2], StartsWith("  0 s  healthy "));
    EXPECT_THAT(lines[4], StartsWith("  4 s  errors "));
    EXPECT_LE(widest(shown), 80U);
    EXPECT_THAT(shown, Not(HasSubstr("\033")));
}

TEST(demo_screen, is_drawn_again_where_it_was) {
    const stage now;
    const std::string shown = written([&](std::FILE* out) {
        const auto live = live_screen(out, 80, colours::off);
        live->show(now.at(0s));
        live->show(now.at(100ms));
    });
    EXPECT_THAT(shown, HasSubstr("\033[9A")) << "as many lines up as were drawn";
    EXPECT_THAT(shown, HasSubstr("the dependency: healthy"));
    EXPECT_THAT(shown, Not(HasSubstr("\033[32m")));
}

TEST(demo_screen, colours_what_is_well_and_what_is_not) {
    const stage now;
    const std::string shown = written([&](std::FILE* out) {
        const auto live = live_screen(out, 60, colours::on);
        live->show(now.at(0s));
        live->show(now.at(5s));
    });
    EXPECT_THAT(shown, HasSubstr("\033[32mhealthy"));
    EXPECT_THAT(shown, HasSubstr("\033[31merrors"));
}

}  // namespace
}  // namespace cutwater::demo
