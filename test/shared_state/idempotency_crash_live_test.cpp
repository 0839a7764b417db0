// A process that ends at each step of a guarded call, by name: what has happened, and what those are told who ask with the same key.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

#include "cutwater/store.hpp"
#include "test/servers/tcp_proxy.hpp"
#include "test/shared_state/lifetime_live_test.hpp"
#include "test/shared_state/payments_live_test.hpp"
#include "test/shared_state/processes_live_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the processes and servers of these tests

using effect_result = std::expected<std::string, std::errc>;

/// Where a process ends, how often the effect has happened then, and what the next is told: at once, and when the lease is over.
struct death {
    std::string at;
    bool is_paid;  ///< else the effect is refused by whom it is asked of, and has not happened
    int effects;
    std::string meanwhile;
    std::string afterwards;
};
const std::vector<death> deaths{
    {"before write 1", true, 0, "executed", "executed"},  // to reserve
    {"after write 1", true, 0, "in use", "in doubt"},
    {"before effect", true, 0, "in use", "in doubt"},
    {"after effect", true, 1, "in use", "in doubt"},
    {"before write 2", true, 1, "in use", "in doubt"},  // to commit
    {"after write 2", true, 1, "replayed child", "replayed child"},
    {"after the call", true, 1, "replayed child", "replayed child"},
    {"before write 2", false, 0, "in use", "in doubt"},  // to release
    {"after write 2", false, 0, "executed", "executed"},
    {"after the call", false, 0, "executed", "executed"},
};

class a_killed_guard : public over_shared_stores {
protected:
    static constexpr int times = 12;  // each death, in each of three ways: with each of the stores, a thousand

    [[nodiscard]] static std::string key_of(const std::string& in, std::size_t number, int time) {
        return in + "/" + std::to_string(number) + "/" + std::to_string(time);
    }

    /// A child pays under `key`, and ends as `how` says.
    void die(const death& how, const std::string& key, const idempotency_options& options) const {
        const pid_t child = in_child([&] {
            const auto real = store("steps");
            lifetime until{how.at};
            mortal_store cells{*real, until};
            (void)pay(cells, options, key, [&]() -> effect_result {
                until.reaches("before effect");
                if (!how.is_paid) return std::unexpected{std::errc::connection_refused};
                book.happen(key);
                until.reaches("after effect");
                return "child";
            });
            until.reaches("after the call");
        });
        EXPECT_EQ(end_of(child), -SIGKILL) << key << " has not come to " << how.at;
    }

    /// What the next is told who asks under `key`, and how often the effect has happened then.
    void expect(cell_store& cells, const death& how, const std::string& key, const idempotency_options& options,
                std::string told) const {
        SCOPED_TRACE(key + ", killed " + how.at);
        if (options.takeover == takeover::safe && told == "in doubt") told = "executed";
        const auto ask = [&] {
            return pay(cells, options, key, [&]() -> effect_result { return book.happen(key), "parent"; });
        };
        EXPECT_EQ(book.times(key), how.effects);
        EXPECT_EQ(ask(), told);
        const int now = how.effects + (told == "executed" ? 1 : 0);
        EXPECT_EQ(book.times(key), now);
        EXPECT_EQ(ask(), told == "executed" ? "replayed parent" : told) << "and so it stays";
        EXPECT_EQ(book.times(key), now);
    }

    const effects book;
};
INSTANTIATE_TEST_SUITE_P(stores, a_killed_guard, ::testing::Values("sqlite", "postgres", "redis"), its_name{});

TEST_P(a_killed_guard, leaves_at_each_step_what_is_known_of_the_call_while_its_lease_lasts) {
    for (std::size_t i = 0; i < deaths.size(); ++i)
        for (int time = 0; time < times; ++time) die(deaths[i], key_of("held", i, time), leased(1h));
    const auto cells = store("steps");
    for (std::size_t i = 0; i < deaths.size(); ++i)
        for (int time = 0; time < times; ++time)
            expect(*cells, deaths[i], key_of("held", i, time), leased(1h), deaths[i].meanwhile);
}

TEST_P(a_killed_guard, leaves_at_each_step_a_key_that_is_answered_or_in_doubt_when_its_lease_is_over) {
    constexpr std::array kinds{takeover::none, takeover::safe};
    const auto of_each = [&](const auto& what) {
        for (const takeover kind : kinds)
            for (std::size_t i = 0; i < deaths.size(); ++i)
                for (int time = 0; time < times; ++time)
                    what(deaths[i], key_of(std::string{to_text(kind)}, i, time), leased(3s, kind));
    };
    of_each(
        [&](const death& how, const std::string& key, const idempotency_options& options) { die(how, key, options); });
    std::this_thread::sleep_for(3100ms);
    const auto cells = store("steps");
    of_each([&](const death& how, const std::string& key, const idempotency_options& options) {
        expect(*cells, how, key, options, how.afterwards);
    });
}

/// What a process has sent arrives when it is no more: the network had kept it.
class a_late_write : public over_shared_stores {
protected:
    enum stage : int { begun, ready, may_go };

    [[nodiscard]] std::unique_ptr<cell_store> far_store(const std::string& scope) {
        if (GetParam() == "redis")
            return std::make_unique<redis_store>(redis_store_options{
                .host = "127.0.0.1", .port = link.port(), .prefix = scope + "/", .timeout = 1min, .dead_after = 1min});
        return std::make_unique<postgres_store>(postgres_store_options{
            .connection = the_postgres().connection(link.port()), .table = scope, .timeout = 1min});
    }
    /// Of the child: nothing more comes through from here on.
    void meets_a_silent_network() const {
        *at = ready;
        (void)comes_true([&] { return *at == may_go; });
    }
    /// Of the parent: the child's next write is on its way when it is killed.
    void kill_amid_a_write(pid_t child) {
        EXPECT_TRUE(comes_true([&] { return *at == ready; }));
        link.swallow();
        *at = may_go;
        EXPECT_TRUE(comes_true([&] { return link.held() > 0; }));
        ::kill(child, SIGKILL);
        EXPECT_EQ(end_of(child), -SIGKILL);
    }
    [[nodiscard]] std::string ask(cell_store& cells, const std::string& key, const idempotency_options& options) const {
        return pay(cells, options, key, [&]() -> effect_result { return book.happen(key), "parent"; });
    }
    /// A child whose commit is kept by the network.
    void lose_a_commit(const std::string& key, const idempotency_options& options) {
        { (void)ask(*store("late"), "warm", options); }
        const pid_t child = in_child([&] {
            const auto cells = far_store("late");
            (void)pay(*cells, options, key, [&]() -> effect_result {
                book.happen(key);
                meets_a_silent_network();
                return "child";
            });
        });
        kill_amid_a_write(child);
    }

    const effects book;
    const shared<std::atomic<int>> at;
    tcp_proxy link{GetParam() == "redis" ? the_redis().port() : the_postgres().port()};
};
INSTANTIATE_TEST_SUITE_P(stores, a_late_write, ::testing::Values("postgres", "redis"), its_name{});

TEST_P(a_late_write, that_reserves_holds_the_key_for_a_lease_and_then_it_is_in_doubt_though_nothing_has_happened) {
    const idempotency_options options = leased(2s);
    { (void)ask(*store("late"), "warm", options); }
    const pid_t child = in_child([&] {
        const auto cells = far_store("late");
        (void)cutwater::ask(*cells, {read_cell{"connects"}});
        meets_a_silent_network();
        (void)ask(*cells, "reserved", options);
    });
    kill_amid_a_write(child);
    const auto cells = store("late");
    const auto is_reserved = [&] {
        return cutwater::ask(*cells, {read_cell{idempotency_cell("", "pay", "reserved")}}).value().found.has_value();
    };
    EXPECT_FALSE(is_reserved());
    link.pass();
    EXPECT_TRUE(comes_true(is_reserved));
    EXPECT_EQ(ask(*cells, "reserved", options), "in use");
    std::this_thread::sleep_for(2100ms);
    EXPECT_EQ(ask(*cells, "reserved", options), "in doubt");
    EXPECT_EQ(book.times("reserved"), 0);
}

TEST_P(a_late_write, that_commits_ends_the_doubt) {
    const idempotency_options options = leased(1s);
    lose_a_commit("kept", options);
    std::this_thread::sleep_for(1100ms);
    const auto cells = store("late");
    EXPECT_EQ(ask(*cells, "kept", options), "in doubt");
    link.pass();
    EXPECT_TRUE(comes_true([&] { return ask(*cells, "kept", options) == "replayed child"; }));
    EXPECT_EQ(book.times("kept"), 1);
}

TEST_P(a_late_write, that_commits_what_was_taken_over_changes_nothing) {
    const idempotency_options options = leased(1s, takeover::safe);
    lose_a_commit("taken over", options);
    std::this_thread::sleep_for(1100ms);
    const auto cells = store("late");
    EXPECT_EQ(ask(*cells, "taken over", options), "executed");
    link.pass();
    EXPECT_TRUE(comes_true([&] { return link.held() == 0; }));
    std::this_thread::sleep_for(200ms);  // it arrives
    EXPECT_EQ(ask(*cells, "taken over", options), "replayed parent");
    EXPECT_EQ(book.times("taken over"), 2);
}

}  // namespace
}  // namespace cutwater
