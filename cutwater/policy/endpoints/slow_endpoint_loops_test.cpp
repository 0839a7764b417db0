// One slow endpoint among ten: what a hedge does about it, what endpoints that look where they send do, and both of them.

#include <gtest/gtest.h>

#include "cutwater/policy/endpoints/cluster_test.hpp"
#include "cutwater/testing/golden.hpp"

namespace cutwater {
namespace {

TEST(slow_endpoint_loop, explore) {
    for (int kind = 0; kind < 10; ++kind) {
        retry_budget extra{{.name = "extra", .ratio = 0.05, .min_per_second = 0}};
        const auto run = [&](const char* what, endpoints_options o, auto through) {
            cluster c{o, through, roomy, 1000};
            std::string said;
            for (int p = 0; p < 3; ++p) {
                if (p == 1) c.services[0]->set_takes(usual.times(10));
                if (p == 2) c.services[0]->set_takes(usual);
                const auto x = c.run(30s);
                std::printf("%-20s phase %d p50 %.1f p99 %.1f load %.4f ok %.5f to a %.0f ejected %.1f\n", what, p, x.p50, x.p99, x.load, x.success,
                   c.seen.mean("to a [calls/s]", p * 30s, p * 30s + 30s), c.seen.mean("ejected [endpoints]", p * 30s, p * 30s + 30s));
            }
            c.here.end();
        };
        const auto usual_takes = [] { return std::make_shared<latency_estimate>(latency_estimate_options{.window = 10s}); };
        const auto tracked = [&](double p, const std::shared_ptr<latency_estimate>& e, attempt_budget* b) {
            return hedge{{.delay = 50ms, .unstated_means = idempotency::idempotent, .budget = b, .percentile = p, .estimate = e}};
        };
        auto e = usual_takes();
        const adaptive_timeout_options at{.initial = 500ms, .floor = 50ms, .ceiling = 500ms, .estimate = e};
        endpoints_options plain = set_of(10);
        switch (kind) {
            case 0: run("in turn", plain, [](endpoints&) { return pipeline{timeout{1s}}; }); break;
            case 1: run("in turn, hedge95", plain, [&](endpoints&) { return pipeline{timeout{1s}, tracked(.95, e, nullptr), adaptive_timeout{at}}; }); break;
            case 2: run("in turn, hedge95 b", plain, [&](endpoints&) { return pipeline{timeout{1s}, tracked(.95, e, &extra), adaptive_timeout{at}}; }); break;
            case 3: run("endpoints+retry+at", plain, [&](endpoints& s) { return pipeline{timeout{1s}, retry{{.max_attempts = 3, .base_delay = 1ms, .budget = &extra}}, ref(s), adaptive_timeout{at}}; }); break;
            case 4: run("endpoints+retry+100", plain, [&](endpoints& s) { return pipeline{timeout{1s}, retry{{.max_attempts = 3, .base_delay = 1ms, .budget = &extra}}, ref(s), timeout{100ms}}; }); break;
            case 5: run("least l+retry+at", watchful(), [&](endpoints& s) { return pipeline{timeout{1s}, retry{{.max_attempts = 3, .base_delay = 1ms, .budget = &extra}}, ref(s), adaptive_timeout{at}}; }); break;
            case 6: run("both", plain, [&](endpoints& s) { return pipeline{timeout{1s}, tracked(.95, e, &extra), ref(s), adaptive_timeout{at}}; }); break;
            case 7: run("both ll", watchful(), [&](endpoints& s) { return pipeline{timeout{1s}, tracked(.95, e, &extra), ref(s), adaptive_timeout{at}}; }); break;
            case 8: run("both nob", plain, [&](endpoints& s) { return pipeline{timeout{1s}, tracked(.95, e, nullptr), ref(s), adaptive_timeout{at}}; }); break;
            case 9: run("in turn, hedge97 b", plain, [&](endpoints&) { return pipeline{timeout{1s}, tracked(.97, e, &extra), adaptive_timeout{at}}; }); break;
            default: break;
        }
    }
}

}  // namespace
}  // namespace cutwater
