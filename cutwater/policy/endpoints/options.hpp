// The knobs of a set of endpoints, with the defaults in force.
//
//     cw::endpoints_options shop{
//         .name = "shop",
//         .each = {{.address = "10.0.0.1:80"}, {.address = "10.0.0.2:80", .weight = 2}, {.address = "10.1.0.1:80", .zone = "b"}},
//         .zone = "a",
//     };
//
// `should_count` may be empty; where it is set it is called from every thread that runs the pipeline, never under a lock.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cutwater/core/options.hpp"
#include "cutwater/core/outcome.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// One of several that do the same.
struct endpoint {
    std::string address;  ///< what the callable sees in `attempt::target()`; no two have the same
    double weight = 1;    ///< its share of the traffic, beside the others' weights
    std::string zone{};   ///< where it is

    friend bool operator==(const endpoint&, const endpoint&) = default;
};

using endpoint_list = std::vector<endpoint>;

[[nodiscard]] std::string to_text(const endpoint_list& list);

/// Says what is wrong with a list: an address twice, or empty; a weight that is no weight.
void check(const endpoint_list& list, option_problems& problems);

/// By what two endpoints that were drawn are compared.
enum class endpoint_picker : std::uint8_t {
    least_in_flight,  ///< fewer calls under way
    least_latency,    ///< less latency, times the calls under way
};

[[nodiscard]] constexpr std::string_view to_text(endpoint_picker p) noexcept {
    constexpr std::string_view texts[] = {"least_in_flight", "least_latency"};
    return p <= endpoint_picker::least_latency ? texts[static_cast<std::uint8_t>(p)] : "unknown";
}

/// What becomes of calls while few endpoints are healthy.
enum class few_healthy : std::uint8_t {
    use_all,  ///< panic: the ejected ones are used with the others
    refuse,   ///< as many are refused as the healthy ones cannot be asked to carry
};

[[nodiscard]] constexpr std::string_view to_text(few_healthy f) noexcept {
    constexpr std::string_view texts[] = {"use_all", "refuse"};
    return f <= few_healthy::refuse ? texts[static_cast<std::uint8_t>(f)] : "unknown";
}

struct endpoints_options {
    std::string name = "endpoints";
    endpoint_list each = {};
    std::string zone = {};
    endpoint_picker picker = endpoint_picker::least_in_flight;
    duration latency_memory = 10s;
    duration failure_penalty = 1s;
    double zone_enough = 0.7;
    unsigned consecutive_failures = 5;
    duration interval = 10s;
    double success_rate_factor = 1.9;
    unsigned success_rate_endpoints = 5;
    unsigned success_rate_calls = 100;
    double max_failure_share = 0.85;
    unsigned failure_share_endpoints = 5;
    unsigned failure_share_calls = 50;
    duration base_ejection = 30s;
    duration max_ejection = 300s;
    double ejection_jitter = 0;
    double max_ejected = 0.1;
    duration ramp = 10s;
    double healthy_enough = 0.5;
    few_healthy when_few = few_healthy::use_all;
    std::function<bool(const observation&)> should_count = {};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the layer's name in errors and events");
        visit("each", self.each, any_value, "the endpoints to begin with; `replace` gives others");
        visit("zone", self.zone, any_value, "where we are; empty: zones do not matter");
        visit("picker", self.picker, within(endpoint_picker::least_in_flight, endpoint_picker::least_latency),
              "by what two endpoints that were drawn are compared");
        visit("latency_memory", self.latency_memory, within<duration>(1ms, 1h),
              "how long a latency is remembered: after so long it counts for 1/e of what it did");
        visit("failure_penalty", self.failure_penalty, within<duration>(0ns, 1h),
              "what a failure counts as at least, as a latency");
        visit("zone_enough", self.zone_enough, above_and_up_to(0.0, 1.0),
              "share of our zone that has to be healthy for all calls to stay in it");
        visit("consecutive_failures", self.consecutive_failures, within(0U, 250U),
              "failures in a row that eject an endpoint; 0: none do");
        visit("interval", self.interval, within<duration>(10ms, 24h), "how often success rates are compared");
        visit("success_rate_factor", self.success_rate_factor, within(0.0, 100.0),
              "ejected is whose success rate is below the mean by more than so many standard deviations; 0: nobody");
        visit("success_rate_endpoints", self.success_rate_endpoints, within(1U, 1'000'000U),
              "endpoints with enough calls in an interval below which success rates are not compared");
        visit("success_rate_calls", self.success_rate_calls, within(1U, 1'000'000U),
              "calls of an endpoint in an interval that are enough for that");
        visit("max_failure_share", self.max_failure_share, within(0.0, 1.0),
              "ejected is an endpoint of whose calls in an interval more than so many failed; 1: none");
        visit("failure_share_endpoints", self.failure_share_endpoints, within(1U, 1'000'000U),
              "endpoints with enough calls in an interval below which the shares of failures are not looked at");
        visit("failure_share_calls", self.failure_share_calls, within(1U, 1'000'000U),
              "calls of an endpoint in an interval that are enough for that");
        visit("base_ejection", self.base_ejection, within<duration>(1ms, 24h),
              "how long the first ejection lasts; the second twice as long, the third three times");
        visit("max_ejection", self.max_ejection, within<duration>(1ms, 24h),
              "longest ejection, and longest rest that an endpoint may ask for by `retry_after`");
        visit("ejection_jitter", self.ejection_jitter, within(0.0, 1.0),
              "share of an ejection that it may be shorter by, at random: so that processes do not take an endpoint "
              "back in step; 0: none");
        visit("max_ejected", self.max_ejected, within(0.0, 1.0),
              "share of the endpoints that may be ejected at once; 0: none, else one of several always may");
        visit("ramp", self.ramp, within<duration>(0ns, 24h),
              "from its return until an endpoint has its full weight again; it begins with a tenth");
        visit("healthy_enough", self.healthy_enough, within(0.0, 1.0),
              "share of the endpoints that can carry all calls; where fewer are healthy, `when_few` holds");
        visit("when_few", self.when_few, within(few_healthy::use_all, few_healthy::refuse),
              "use_all: the ejected are used too; refuse: calls are refused that the healthy cannot carry");
        visit("should_count", self.should_count, any_value,
              "which failures count against an endpoint, in place of all");
    }

    void cross_check(option_problems& problems) const {
        if (base_ejection > max_ejection)
            problems.push_back({"base_ejection", to_text(base_ejection),
                                "at most max_ejection, " + to_text(max_ejection) + ": lower it, or raise that"});
        check(each, problems);
    }

    [[nodiscard]] bool applies(std::string_view option) const {
        if (option == "zone" || option == "zone_enough") return !zone.empty();
        return true;
    }
};

}  // namespace cutwater
