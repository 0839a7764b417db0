#include "apps/cutwater/call/endpoint_tally.hpp"

#include <gmock/gmock.h>

#include "cutwater/policy/endpoints/events.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr instant tally_start{1h};

class call_endpoint_tally_of_two : public ::testing::Test {
public:
    template <class Body>
    void hear(duration after, const Body& body) {
        counted.on_event(
            {{.layer = "endpoints", .operation = "GET /", .call_id = {}, .attempt = 1, .at = tally_start + after},
             body});
    }
    void attempt(std::size_t place, duration took, bool failed = false) {
        counted.on_attempt(
            {.number = 1, .began = tally_start, .ended = tally_start + took, .failed = failed, .at = &at[place]});
    }
    void eject(std::size_t place, duration when, duration how_long) {
        hear(when, endpoint_ejected{.endpoint = at[place].address,
                                    .cause = ejection_cause::consecutive_failures,
                                    .how_long = how_long,
                                    .ejected = 1,
                                    .of = 2});
    }
    [[nodiscard]] std::string text(duration until) const {
        return counted.text(tally_start, tally_start + until, {.columns = 80});
    }

    std::vector<call_endpoint> at = endpoints_of({"http://a", "http://b:81/v2"}, "/").value();
    call_endpoint_tally counted{at};
};

TEST_F(call_endpoint_tally_of_two, gives_each_a_row) {
    attempt(0, 1ms);
    attempt(0, 3ms);
    attempt(0, 2ms);
    attempt(1, 5ms, true);
    EXPECT_EQ(text(1s),
              "\n"
              "attempts  failed     p50     p99  ejected  endpoint\n"
              "       3       0  2.00ms  3.00ms    never  a\n"
              "       1       1  5.00ms  5.00ms    never  b:81/v2\n");
}

TEST_F(call_endpoint_tally_of_two, says_when_one_was_ejected_and_when_it_came_back) {
    eject(1, 200ms, 30s);
    EXPECT_EQ(counted.ejected(), 1U);
    EXPECT_THAT(text(1200ms), HasSubstr("  1.00s  b:81/v2\n"));
    hear(31s, endpoint_returned{.endpoint = at[1].address, .ramp = 10s, .ejected = 0, .of = 2});
    EXPECT_EQ(counted.ejected(), 0U);
    eject(1, 40s, 60s);
    EXPECT_THAT(text(41s), HasSubstr("\n"
                                     "   at\n"
                                     "200ms  b:81/v2 is ejected for 30.0s: too many failures in a row\n"
                                     "31.0s  b:81/v2 is back\n"
                                     "40.0s  b:81/v2 is ejected for 1min 0s: too many failures in a row\n"));
    EXPECT_THAT(text(41s), HasSubstr("  31.8s  b:81/v2\n"));
}

TEST_F(call_endpoint_tally_of_two, says_that_all_are_asked_where_all_are_ejected) {
    hear(1s, endpoints_panic_began{.ejected = 2, .of = 2});
    hear(2s, endpoints_panic_ended{.ejected = 1, .of = 2});
    EXPECT_THAT(text(3s), HasSubstr("all 2 are ejected, so all are asked"));
    EXPECT_THAT(text(3s), HasSubstr("only those are asked that are not ejected: 1 of 2"));
}

TEST_F(call_endpoint_tally_of_two, does_not_count_how_long_those_took_that_were_not_waited_for) {
    counted.on_attempt({.number = 1, .began = tally_start, .ended = tally_start + 1h, .cut_off = true, .at = &at[0]});
    EXPECT_THAT(text(1s), HasSubstr("       1       0    -    -    never  a\n"));
    counted.on_attempt({.number = 1,
                        .began = tally_start,
                        .ended = tally_start + 2s,
                        .cut_off = true,
                        .timed_out = true,
                        .failed = true,
                        .at = &at[0]});
    EXPECT_THAT(text(1s), HasSubstr("       2       1  2.00s  2.00s    never  a\n"));
}

TEST_F(call_endpoint_tally_of_two, is_not_flooded_by_one_that_comes_and_goes) {
    for (int i = 0; i < 100; ++i) eject(0, i * 1s, 1s);
    EXPECT_THAT(text(200s), HasSubstr("and 88 more; --events info tells all of them"));
}

TEST(call_endpoint_tally, of_one_has_nothing_to_tell) {
    const auto one = endpoints_of({"http://a"}, "/").value();
    EXPECT_EQ(call_endpoint_tally{one}.text(tally_start, tally_start + 1s, {}), "");
    EXPECT_EQ(call_endpoint_tally{{}}.text(tally_start, tally_start + 1s, {}), "");
}

TEST(call_endpoint_tally, of_very_many_shows_those_with_the_most_attempts) {
    std::vector<std::string> bases;
    for (int i = 1; i <= 1000; ++i) bases.push_back("http://a:" + std::to_string(i));
    const auto many = endpoints_of(bases, "/").value();
    call_endpoint_tally counted{many};
    for (const call_endpoint& e : many) counted.on_attempt({.number = 1, .failed = true, .at = &e});
    counted.on_attempt({.number = 1, .failed = true, .at = &many[777]});
    const std::string text = counted.text(tally_start, tally_start + 1s, {});
    EXPECT_THAT(text, HasSubstr("endpoint\n       2       2  0ms  0ms    never  a:778\n"));
    EXPECT_THAT(text, HasSubstr("     980     980                     980 others\n"));
    EXPECT_THAT(text, Not(HasSubstr("  a:999\n")));
}

}  // namespace
}  // namespace cutwater::app
