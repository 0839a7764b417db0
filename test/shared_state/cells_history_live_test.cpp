// Sixteen threads in four processes read, swap and erase a few cells: what they saw could have been seen of one cell each, one step after the other.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <ostream>
#include <set>
#include <thread>
#include <vector>

#include "cutwater/core/random.hpp"
#include "cutwater/store.hpp"
#include "test/servers/tcp_proxy.hpp"
#include "test/shared_state/processes_live_test.hpp"
#include "test/shared_state/shared_history_live_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the processes and servers of these tests

struct cell_call {
    enum class kind : std::uint8_t { read, swap, erase };
    kind what = kind::read;
    std::uint64_t key = 0;
    cell_version expected = 0;
    std::uint64_t value = 0;  ///< to be written: no two are the same
    bool done = false;
    cell_version made = 0;   ///< of a swap that was done
    cell_version found = 0;  ///< of a read, and of what was not done; 0: nothing is there
    std::uint64_t found_value = 0;
};

std::ostream& operator<<(std::ostream& out, const cell_call& c) {
    constexpr std::array names{"read", "swap", "erase"};
    out << names[static_cast<std::size_t>(c.what)];
    if (c.what != cell_call::kind::read) out << " of version " << c.expected;
    if (c.what == cell_call::kind::swap) out << " for value " << c.value;
    if (c.done && c.what == cell_call::kind::swap) return out << ", made version " << c.made;
    if (c.done && c.what == cell_call::kind::erase) return out << ", made";
    return out << ", found version " << c.found << " with value " << c.found_value;
}

/// One cell. The version of a swap whose reply nobody had is known when somebody has seen it.
class cell_model {
public:
    bool take(const cell_call& c) {
        using enum cell_call::kind;
        if (c.what == read) return sees(c);
        const bool is_expected = c.expected == (is_there_ ? version_ : 0);
        if (!c.done) return !is_expected && sees(c);
        if (!is_expected) return false;
        is_there_ = c.what == swap;
        version_ = c.made;
        value_ = c.value;
        return true;
    }
    friend bool operator==(const cell_model&, const cell_model&) = default;

private:
    static constexpr cell_version unseen = not_yet;

    bool sees(const cell_call& c) {
        if (!is_there_) return c.found == 0;
        if (c.found == 0 || c.found_value != value_) return false;
        if (version_ == unseen) version_ = c.found;
        return c.found == version_;
    }

    bool is_there_ = false;
    cell_version version_ = 0;
    std::uint64_t value_ = 0;
};

/// What nobody has heard of was carried out, where it matters: that it was not is the same as if it had never begun.
std::vector<timed_call<cell_call>> as_if_done(std::vector<timed_call<cell_call>> seen) {
    for (auto& each : seen) {
        if (each.ended != not_yet) continue;
        each.call.done = true;
        each.call.made = not_yet;
    }
    std::erase_if(seen,
                  [](const auto& each) { return each.ended == not_yet && each.call.what == cell_call::kind::read; });
    return seen;
}

constexpr std::size_t processes = 4;
constexpr std::size_t threads = 4;
constexpr std::size_t cells_at_once = 3;  // then others: the histories stay short
constexpr std::size_t calls_of_those = 60;
constexpr std::size_t calls_each = 10 * calls_of_those;

class cells_of_many : public over_shared_stores {
protected:
    using history = shared_history<cell_call>;

    static std::string name_of(std::uint64_t key) { return "cell " + std::to_string(key); }

    static cell_request request_of(const cell_call& c) {
        switch (c.what) {
            case cell_call::kind::swap: return {swap_cell{name_of(c.key), c.expected, std::to_string(c.value)}};
            case cell_call::kind::erase: return {erase_cell{name_of(c.key), c.expected}};
            case cell_call::kind::read: break;
        }
        return {read_cell{name_of(c.key)}};
    }
    /// Whether somebody has heard what came of it.
    static bool carry_out(cell_store& cells, cell_call& c) {
        const cell_result said = ask(cells, request_of(c));
        if (!said) return false;
        c.done = said->done && c.what != cell_call::kind::read;
        c.made = said->version;
        if (said->found) {
            c.found = said->found->version;
            c.found_value = std::stoull(said->found->value);
        }
        return true;
    }

    /// One thread's calls: mostly with the version that it knows, which is often no longer there.
    static void play(cell_store& cells, history& seen, std::size_t thread) {
        random_source dice{thread + 1};
        std::map<std::uint64_t, cell_version> known;
        for (std::size_t i = 0; i < calls_each; ++i) {
            const std::uint64_t key = i / calls_of_those * cells_at_once + dice() % cells_at_once;
            const std::uint64_t die = dice() % 10;
            cell_call asked{.key = key, .expected = known[key], .value = thread * 1'000'000 + i + 1};
            if (die < 6) asked.what = cell_call::kind::swap;
            if (die >= 6 && die < 8 && asked.expected != 0) asked.what = cell_call::kind::erase;
            auto& mine = seen.begin(thread, asked);
            if (!carry_out(cells, mine.call)) continue;
            seen.end(mine);
            known[key] = mine.call.done ? mine.call.made : mine.call.found;
        }
    }
    static void play_in_threads(cell_store& cells, history& seen, std::size_t process) {
        std::vector<std::jthread> all;
        for (std::size_t i = 0; i < threads; ++i)
            all.emplace_back([&, i] { play(cells, seen, process * threads + i); });
    }
    static ::testing::AssertionResult is_linearizable(const history& seen) {
        return each_key_is_linearizable<cell_model>(as_if_done(seen.all()), [](const cell_call& c) { return c.key; });
    }
    static std::size_t unheard(const history& seen) {
        const auto all = seen.all();
        return static_cast<std::size_t>(std::ranges::count(all, not_yet, &timed_call<cell_call>::ended));
    }
};
INSTANTIATE_TEST_SUITE_P(stores, cells_of_many, ::testing::Values("sqlite", "postgres", "redis"), its_name{});

TEST_P(cells_of_many, are_one_cell_each_whoever_asks) {
    history seen{processes * threads, calls_each};
    std::vector<pid_t> children;
    for (std::size_t process = 0; process < processes; ++process)
        children.push_back(in_child([&, process] { play_in_threads(*store("calm"), seen, process); }));
    for (const pid_t child : children) EXPECT_EQ(end_of(child), 0);
    EXPECT_EQ(unheard(seen), 0U);
    EXPECT_TRUE(is_linearizable(seen));

    std::set<cell_version> versions;
    std::size_t swaps = 0;
    for (const auto& each : seen.all()) {
        if (each.call.what != cell_call::kind::swap || !each.call.done) continue;
        versions.insert(each.call.made);
        ++swaps;
    }
    EXPECT_EQ(versions.size(), swaps) << "a version was given twice";
    EXPECT_GT(swaps, 1'000U);
}

TEST_P(cells_of_many, are_one_cell_each_though_some_who_ask_are_killed) {
    history seen{processes * threads, calls_each};
    std::vector<pid_t> children;
    for (std::size_t process = 0; process < processes; ++process)
        children.push_back(in_child([&, process] {
            play_in_threads(*store("killed"), seen, process);
            while (process + 1 < processes) ::pause();  // until it is killed
        }));
    for (std::size_t i = 0; i + 1 < children.size(); ++i) {
        EXPECT_TRUE(comes_true([&] { return seen.begun() > 1'000 * (i + 1); }));
        ::kill(children[i], SIGKILL);
        EXPECT_EQ(end_of(children[i]), -SIGKILL);
    }
    EXPECT_EQ(end_of(children.back()), 0);
    EXPECT_TRUE(is_linearizable(seen));
}

/// Connections are cut, delayed and swallowed; of what is lost with them nobody knows whether it was made.
class cells_of_many_far_away : public cells_of_many {
protected:
    [[nodiscard]] std::unique_ptr<cell_store> far_store() {
        if (GetParam() == "redis")
            return std::make_unique<redis_store>(redis_store_options{.host = "127.0.0.1",
                                                                     .port = link.port(),
                                                                     .prefix = "far/",
                                                                     .timeout = 100ms,
                                                                     .connect_timeout = 100ms,
                                                                     .dead_after = 100ms});
        return std::make_unique<postgres_store>(postgres_store_options{
            .connection = the_postgres().connection(link.port()),
            .table = "far",
            .max_connections = 2,  // of each process: all connect anew at once, and a server is slow to let them
            .timeout = 300ms,
            .connect_timeout = 300ms});
    }
    void do_harm(std::uint64_t die) {
        switch (die % 5) {
            case 0: return link.cut();
            case 1: return link.cut_after(die % 200);
            case 2: return link.swallow();
            case 3: return link.delay(std::chrono::milliseconds{die % 20});
            default: return link.refuse();
        }
    }

    tcp_proxy link{GetParam() == "redis" ? the_redis().port() : the_postgres().port()};
};
INSTANTIATE_TEST_SUITE_P(stores, cells_of_many_far_away, ::testing::Values("postgres", "redis"), its_name{});

TEST_P(cells_of_many_far_away, are_one_cell_each_though_the_network_fails_amid_what_is_asked) {
    history seen{processes * threads, calls_each};
    { (void)ask(*store("far"), {read_cell{"makes the table"}}); }
    std::vector<pid_t> children;
    for (std::size_t process = 0; process < processes; ++process)
        children.push_back(in_child([&, process] { play_in_threads(*far_store(), seen, process); }));
    random_source dice{7};
    const auto all_have_begun = [&] { return seen.begun() == processes * threads * calls_each; };
    for (int round = 0; round < 2'000 && !all_have_begun(); ++round) {
        std::this_thread::sleep_for(dice.below(60ms));  // time for connections, on a slow machine as well
        do_harm(dice());
        std::this_thread::sleep_for(dice.below(10ms));
        link.pass();
    }
    for (const pid_t child : children) EXPECT_EQ(end_of(child), 0);
    EXPECT_GT(unheard(seen), 10U);
    EXPECT_LT(unheard(seen), processes * threads * calls_each / 2);
    EXPECT_TRUE(is_linearizable(seen));
}

}  // namespace
}  // namespace cutwater
