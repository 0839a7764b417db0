// Sagas whose process is killed, going forward and undoing: at each step by name, and at any moment. Then others resume them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <iostream>
#include <optional>
#include <thread>
#include <vector>

#include "cutwater/core/random.hpp"
#include "cutwater/saga/saga.hpp"
#include "cutwater/store.hpp"
#include "test/shared_state/lifetime_live_test.hpp"
#include "test/shared_state/processes_live_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the processes and servers of these tests
using ::testing::Contains;
using ::testing::Each;
using ::testing::Le;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

using trip = saga<std::string>;
using outcome_of_step = std::expected<void, std::errc>;

constexpr std::array<const char*, 4> step_names{"reserve", "charge", "pack", "ship"};
constexpr int steps = static_cast<int>(step_names.size());

/// One kind of saga, and who plays it.
struct cast {
    saga_options options;
    bool ship_has_undo = true;
    std::function<int(const std::string& id)> failing = [](const std::string&) { return -1; };  ///< which step fails
};

class a_killed_saga : public over_shared_stores {
protected:
    /// The context is the id.
    [[nodiscard]] outcome_of_step act(const cast& of, const std::string& id, int i, lifetime& until) const {
        until.reaches("before step " + std::to_string(i));
        book.happen(id + " +" + std::to_string(i));
        until.reaches("after step " + std::to_string(i));
        if (of.failing(id) == i) return std::unexpected{std::errc::io_error};
        return {};
    }
    void undo(const std::string& id, int i, lifetime& until) const {
        until.reaches("before undo " + std::to_string(i));
        book.happen(id + " -" + std::to_string(i));
        until.reaches("after undo " + std::to_string(i));
    }
    /// Which ends at the latest when `until` does.
    [[nodiscard]] trip made(cell_store& cells, const cast& of, lifetime& until) const {
        std::vector<trip::step> all;
        for (int i = 0; i < steps; ++i) {
            auto does = [this, &of, i, &until](const std::string& id) { return act(of, id, i, until); };
            auto undoes = [this, i, &until](const std::string& id) { undo(id, i, until); };
            const auto named = step_names[static_cast<std::size_t>(i)];
            if (i + 1 == steps && !of.ship_has_undo)
                all.emplace_back(named, does, no_undo);
            else
                all.emplace_back(named, does, undoes);
        }
        return trip{cells, of.options, std::move(all)};
    }

    /// What is in the world of one saga: each step as often as it was done and undone, and whether it is done now.
    struct deeds {
        std::array<int, steps> done{};
        std::array<int, steps> undone{};
        std::array<bool, steps> is_there{};
    };
    [[nodiscard]] std::map<std::string, deeds> world() const {
        std::map<std::string, deeds> all;
        for (const std::string& line : book.all()) {
            const std::size_t at = line.rfind(' ');
            deeds& of = all[line.substr(0, at)];
            const auto step = static_cast<std::size_t>(std::stoi(line.substr(at + 2)));
            of.is_there[step] = line[at + 1] == '+';
            ++(of.is_there[step] ? of.done : of.undone)[step];
        }
        return all;
    }

    /// That all of it is done, or none of it, or that what is left is told.
    static void expect_whole(const std::string& id, const saga_report<std::string>& ended, const deeds& in) {
        for (std::size_t i = 0; i < in.is_there.size(); ++i) {
            const bool may_be_left =
                ended.end == saga_end::stuck && !ended.left.empty() && ended.left[0].step == step_names[i];
            if (!may_be_left) {
                EXPECT_EQ(in.is_there[i], ended.is_completed())
                    << id << " is " << to_text(ended.end) << ", " << step_names[i];
            }
        }
        if (ended.end == saga_end::stuck) {
            EXPECT_THAT(ended.left, SizeIs(1)) << id;
        }
    }
    static void expect_at_most(int times, const std::string& id, const deeds& in) {
        EXPECT_THAT(in.done, Each(Le(times))) << id;
        EXPECT_THAT(in.undone, Each(Le(2))) << id << ": one death, and so once more";
    }

    const effects book;
};

// --- by name ---------------------------------------------------------------------------------------------------------------

/// Forward there are five writes: it begins, and each step is done. Undoing what the last has left of itself there are four more.
std::vector<std::string> all_deaths(bool undoes) {
    std::vector<std::string> all;
    const auto around = [&](const std::string& what) { all.insert(all.end(), {"before " + what, "after " + what}); };
    for (int i = 0; i < steps && !undoes; ++i) around("step " + std::to_string(i));
    for (int i = 0; i < steps && undoes; ++i) around("undo " + std::to_string(i));
    for (int i = undoes ? steps + 1 : 1; i <= (undoes ? 2 * steps : steps) + 1; ++i)
        around("write " + std::to_string(i));
    return all;
}

/// How it is to end, when somebody has resumed it; nothing where there is nothing to resume.
std::optional<saga_end> end_after(const std::string& death, const cast& of) {
    if (death == "before write 1") return std::nullopt;
    if (of.failing("") >= 0) return saga_end::undone;
    if (death == "after write 5" || of.options.after_crash == after_crash::go_on) return saga_end::completed;
    const bool may_have_shipped = death.ends_with("step 3") || death == "after write 4" || death == "before write 5";
    return may_have_shipped && !of.ship_has_undo ? saga_end::stuck : saga_end::undone;
}

class a_saga_killed_by_name : public a_killed_saga {
protected:
    void die(const cast& of, const std::string& id, const std::string& death) const {
        const pid_t child = in_child([&] {
            const auto real = store("sagas");
            lifetime until{death};
            mortal_store cells{*real, until};
            (void)made(cells, of, until).run(id, id);
        });
        EXPECT_EQ(end_of(child), -SIGKILL) << id << " has not come to its end " << death;
    }

    /// Of all kinds, at all steps.
    void each(duration lease,
              const std::function<void(const cast&, const std::string& id, const std::string& death)>& what) const {
        for (const auto then : {after_crash::undo, after_crash::go_on})
            for (const bool fails : {false, true})
                for (const bool has_undo : {true, false}) {
                    if (fails && !has_undo) continue;
                    const std::string kind =
                        std::string{to_text(then)} + (fails ? ", fails" : "") + (has_undo ? "" : ", no undo");
                    const cast of{
                        {.name = kind + to_text(lease), .lease = lease, .after_crash = then, .store_limit = 30s},
                        has_undo,
                        [fails](const std::string&) { return fails ? steps - 1 : -1; }};
                    for (const std::string& death : all_deaths(fails)) what(of, kind + ": " + death, death);
                }
    }
};
INSTANTIATE_TEST_SUITE_P(stores, a_saga_killed_by_name, ::testing::Values("sqlite", "postgres", "redis"), its_name{});

TEST_P(a_saga_killed_by_name, is_left_alone_while_its_lease_lasts) {
    each(1h, [&](const cast& of, const std::string& id, const std::string& death) { die(of, id, death); });
    const std::vector<std::string> before = book.all();
    const auto cells = store("sagas");
    lifetime immortal;
    each(1h, [&](const cast& of, const std::string& id, const std::string& death) {
        const auto said = made(*cells, of, immortal).resume(id);
        const bool has_ended = death == (of.failing(id) >= 0 ? "after write 9" : "after write 5");
        if (has_ended) {
            EXPECT_TRUE(said && said->is_replayed) << id;
        } else {
            ASSERT_FALSE(said) << id;
            EXPECT_EQ(said.error().code(), death == "before write 1" ? errc::key_missing : errc::key_in_use) << id;
        }
    });
    EXPECT_EQ(book.all(), before) << "nothing was done, or undone";
}

TEST_P(a_saga_killed_by_name, is_completed_or_undone_when_its_lease_is_over_or_tells_what_is_left) {
    each(3s, [&](const cast& of, const std::string& id, const std::string& death) { die(of, id, death); });
    std::this_thread::sleep_for(3100ms);
    const auto cells = store("sagas");
    lifetime immortal;
    std::map<std::string, saga_report<std::string>> ends;
    each(3s, [&](const cast& of, const std::string& id, const std::string& death) {
        trip place = made(*cells, of, immortal);
        auto ended = place.resume(id);
        const auto expected = end_after(death, of);
        if (!expected) {
            ASSERT_FALSE(ended) << id;
            EXPECT_EQ(ended.error().code(), errc::key_missing) << id;
            ended = place.run(id, id);
        }
        ASSERT_TRUE(ended) << id << ": " << ended.error();
        EXPECT_EQ(ended->end, expected.value_or(saga_end::completed)) << id;
        if (ended->end == saga_end::stuck) {
            EXPECT_EQ(ended->left.at(0).step, "ship") << id;
            EXPECT_THAT(place.unfinished().value(), Contains(id));
            EXPECT_EQ(place.set_right(id)->end, saga_end::undone);
        }
        EXPECT_THAT(place.unfinished().value(), Not(Contains(id)));
        ends.emplace(id, *std::move(ended));
    });
    auto in = world();
    each(3s, [&](const cast& of, const std::string& id, const std::string&) {
        if (!ends.contains(id)) return;
        expect_whole(id, ends.at(id), in[id]);
        expect_at_most(of.options.after_crash == after_crash::undo ? 1 : 2, id, in[id]);
    });
}

// --- at any moment ---------------------------------------------------------------------------------------------------------

class a_saga_killed_at_any_moment : public a_killed_saga {
protected:
    static constexpr int seeds = 340;  // with each of the stores, a thousand
    static constexpr std::array<const char*, 3> kinds{"undo", "go on", "no undo"};

    /// Of a seed: what it is, and which step fails.
    [[nodiscard]] static cast of_kind(std::size_t kind) {
        const after_crash then = kind == 1 ? after_crash::go_on : after_crash::undo;
        return {{.name = kinds[kind], .lease = 1s, .after_crash = then, .store_limit = 30s},
                kind != 2,
                [](const std::string& id) { return static_cast<int>(random_source{std::stoull(id)}() % 7) - 3; }};
    }

    /// It has so many moments to live, or is killed from outside.
    bool die(std::uint64_t seed, random_source& dice) const {
        const cast of = of_kind(seed % kinds.size());
        const bool counts = seed % 2 == 0;
        const int moments = static_cast<int>(dice() % 26);
        *is_ready = false;
        const pid_t child = in_child([&] {
            const auto real = store("any");
            (void)ask(*real, {read_cell{"connects"}});
            lifetime until{counts ? moments : 1'000'000};
            mortal_store cells{*real, until};
            *is_ready = true;
            (void)made(cells, of, until).run(std::to_string(seed), std::to_string(seed));
        });
        if (!counts) {
            (void)comes_true([&] { return is_ready->load(); });
            std::this_thread::sleep_for(dice.below(1ms));
            ::kill(child, SIGKILL);
        }
        return end_of(child) == -SIGKILL;
    }
    /// Resumes what it can, for so many moments.
    void resume_and_die(random_source& dice) const {
        const int moments = static_cast<int>(dice() % 200);
        const std::size_t first = dice() % kinds.size();
        const pid_t child = in_child([&] {
            const auto real = store("any");
            lifetime until{moments};
            mortal_store cells{*real, until};
            for (std::size_t i = 0; i < kinds.size(); ++i) {
                const cast of = of_kind((first + i) % kinds.size());
                (void)made(cells, of, until).resume_all();
            }
        });
        (void)end_of(child);
    }

    /// Resumes all of one kind, and runs again what was lost before it had begun. Each has an end then, and the world is as that says.
    void end_all(std::size_t kind, std::map<saga_end, int>& ends) const {
        const auto cells = store("any");
        const cast of = of_kind(kind);
        lifetime immortal;
        trip place = made(*cells, of, immortal);
        const auto resumed = place.resume_all();
        ASSERT_TRUE(resumed) << resumed.error();
        for (const auto& each : *resumed) EXPECT_TRUE(each.ended) << each.id << ": " << each.ended.error();
        std::map<std::string, saga_report<std::string>> all;
        std::vector<std::string> stuck;
        for (std::uint64_t seed = kind; seed < seeds; seed += kinds.size()) {
            const std::string id = std::to_string(seed);
            const auto ended = place.run(id, id);
            ASSERT_TRUE(ended) << id << ": " << ended.error();
            all.emplace(id, *ended);
            ++ends[ended->end];
            if (ended->end == saga_end::stuck) stuck.push_back(id);
        }
        EXPECT_THAT(place.unfinished().value(), UnorderedElementsAreArray(stuck));
        EXPECT_EQ(stuck.empty(), of.ship_has_undo)
            << "of what has an undo nothing is left, and of the rest something was";
        auto in = world();
        for (const auto& [id, ended] : all) expect_whole(id, ended, in[id]);
        if (of.options.after_crash == after_crash::go_on) return;
        for (const auto& [id, ended] : all) EXPECT_THAT(in[id].done, Each(Le(1))) << id;
    }

    const shared<std::atomic<bool>> is_ready;
};
INSTANTIATE_TEST_SUITE_P(stores, a_saga_killed_at_any_moment, ::testing::Values("sqlite", "postgres", "redis"),
                         its_name{});

TEST_P(a_saga_killed_at_any_moment, is_done_or_undone_by_those_who_resume_it_though_they_are_killed_as_well) {
    random_source dice{20'261'201};
    int killed = 0;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) killed += die(seed, dice) ? 1 : 0;
    EXPECT_GT(killed, seeds / 4);
    for (int round = 0; round < 2; ++round) {
        std::this_thread::sleep_for(1100ms);
        for (int i = 0; i < 10; ++i) resume_and_die(dice);
    }
    std::this_thread::sleep_for(1100ms);  // every lease is over

    std::map<saga_end, int> ends;
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) end_all(kind, ends);
    std::cout << killed << " of " << seeds << " were killed: " << ends[saga_end::completed] << " completed, "
              << ends[saga_end::undone] << " undone, " << ends[saga_end::stuck] << " with a step left\n";
}

}  // namespace
}  // namespace cutwater
