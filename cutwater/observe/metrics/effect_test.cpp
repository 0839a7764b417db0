#include "cutwater/observe/metrics/effect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater {
namespace {

using ::testing::HasSubstr;

class what_policies_were_worth : public ::testing::Test {
protected:
    [[nodiscard]] std::vector<metric_family> read() const { return registry.read(instant{}); }
    void call(name operation = "get") { (void)time.run(inventory, {.operation = operation}, stock.blocking()); }

    testing::virtual_time time;
    metric_registry registry;
    event_metrics counts{registry};
    circuit_breaker health{{.window = breaker_window::consecutive, .consecutive_failures = 4, .open_for = 5min}};
    pipeline<observe, fallback<any_of_them, int>, retry, reference<circuit_breaker>> inventory{
        observe{counts}, fallback{0}, retry{{.max_attempts = 3, .jitter = jitter::none}}, cutwater::ref(health)};
    testing::mock_dependency<int> stock{time};
};

TEST_F(what_policies_were_worth, rescued_saved_spared_and_what_it_cost) {
    stock.returns(7).fails(std::errc::connection_reset).returns(7);
    call();
    call();  // rescued
    for (int i = 0; i < 4; ++i) stock.fails(std::errc::connection_reset);
    call();  // three failures: saved
    call();  // one more opens the circuit: saved
    call();  // spared, and saved
    const policy_effect did = effect_of(read());
    EXPECT_EQ(did.calls, 5);
    EXPECT_EQ(did.succeeded, 5);
    EXPECT_EQ(did.rescued_by_retry, 1);
    EXPECT_EQ(did.saved_by_fallback, 3);
    EXPECT_EQ(did.retries, 1 + 2 + 1);
    EXPECT_EQ(did.spared, 2) << "the second attempt of the fourth, and the fifth";
    EXPECT_DOUBLE_EQ(did.bare_success_rate(), 0.2);
    EXPECT_DOUBLE_EQ(did.added_load(), 0.8);
}

TEST_F(what_policies_were_worth, is_counted_from_a_reading_on_and_of_one_operation) {
    stock.returns(7).returns(7).returns(7);
    call();
    const auto before = read();
    call("get");
    call("put");
    EXPECT_EQ(effect_of(read(), before).calls, 2);
    EXPECT_EQ(effect_of(read(), before, "put").calls, 1);
}

TEST(policy_effect, is_a_table_that_can_be_read) {
    const policy_effect did{.calls = 1000, .succeeded = 990, .rescued_by_retry = 50, .retries = 60};
    EXPECT_THAT(did.text(), HasSubstr("would have succeeded         940    94.0 %   without retries and fallbacks\n"));
}

TEST(policy_effect, of_nothing_is_nothing) {
    EXPECT_EQ(effect_of({}), policy_effect{});
    EXPECT_EQ(policy_effect{}.success_rate(), 1);
    EXPECT_EQ(policy_effect{}.added_load(), 0);
}

}  // namespace
}  // namespace cutwater
