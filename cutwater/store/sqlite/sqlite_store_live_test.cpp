#include "cutwater/store/sqlite/sqlite_store.hpp"

#include "cutwater/store/conformance_test.hpp"
#include "cutwater/store/sqlite/sqlite_store_live_test.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

class sqlite_cells final : public testing::stored {
public:
    explicit sqlite_cells(sqlite_durability durability)
        : cells_{{.path = folder_.file("cells.db"), .durability = durability, .wall_clock = clock_.reading()}} {}
    cell_store& cells() override { return cells_; }
    void wait(duration d) override { clock_.pass(d); }

private:
    testing::scratch_folder folder_;
    set_clock clock_;
    sqlite_store cells_;
};

testing::store_under_test with(sqlite_durability durability) {
    return {std::string{to_text(durability)}, [=] { return std::make_unique<sqlite_cells>(durability); }};
}

}  // namespace

namespace testing {
INSTANTIATE_TEST_SUITE_P(sqlite, store_conformance,
                         ::testing::Values(with(sqlite_durability::full), with(sqlite_durability::normal)),
                         store_name{});
}  // namespace testing

namespace {

using ::testing::ElementsAre;

TEST_F(sqlite_store_test, what_was_written_is_there_when_the_file_is_opened_again) {
    const cell_version version = [&] {
        sqlite_store cells{options()};
        return swap(cells, "a", 0, "first").value().version;
    }();
    clock.pass(1min);
    sqlite_store again{options()};
    const cell_reply seen = read(again, "a").value();
    EXPECT_EQ(seen.found, (cell{.value = "first", .version = version, .age = 1min}));
}

TEST_F(sqlite_store_test, a_version_is_not_given_again_when_all_was_erased_and_the_file_opened_again) {
    cell_version last = 0;
    for (int i = 0; i < 3; ++i) {
        sqlite_store cells{options()};
        const cell_version version = swap(cells, "a", 0, "").value().version;
        EXPECT_GT(version, last);
        last = version;
        EXPECT_TRUE(ask(cells, {erase_cell{"a", version}}).value().done);
    }
}

TEST_F(sqlite_store_test, a_version_is_not_given_again_when_a_cell_has_expired_and_is_swept) {
    sqlite_store cells{options()};
    const cell_version first = swap(cells, "a", 0, "", 1s).value().version;
    clock.pass(2s);
    const cell_version second = swap(cells, "b", 0, "", 1s).value().version;
    clock.pass(2s);
    EXPECT_GT(second, first);
    EXPECT_GT(swap(cells, "a", 0, "").value().version, second);
}

TEST_F(sqlite_store_test, two_stores_on_one_file_see_the_same) {
    sqlite_store one{options()};
    sqlite_store other{options()};
    const cell_version version = swap(one, "a", 0, "first").value().version;
    EXPECT_EQ(value(other, "a"), "first");
    EXPECT_FALSE(swap(other, "a", 0, "second").value().done);
    EXPECT_TRUE(swap(other, "a", version, "second").value().done);
    EXPECT_EQ(value(one, "a"), "second");
}

TEST_F(sqlite_store_test, two_processes_lose_nothing_of_what_they_count_together) {
    constexpr int times = 200;
    const auto count = [&] {
        sqlite_store cells{options()};
        return count_up(cells, times) ? 0 : 1;
    };
    other_process one{count};
    other_process another{count};  // both make the file, at once
    EXPECT_EQ(one.join(), 0);
    EXPECT_EQ(another.join(), 0);
    sqlite_store cells{options()};
    EXPECT_EQ(value(cells, "count"), std::to_string(2 * times));
}

TEST_F(sqlite_store_test, several_that_open_a_new_file_at_once_all_can) {
    for (int round = 0; round < 10; ++round) {
        path = folder.file(std::to_string(round));
        const auto write = [&] {
            sqlite_store cells{options()};
            return swap(cells, std::to_string(getpid()), 0, "").has_value() ? 0 : 1;
        };
        other_process one{write}, two{write}, three{write}, four{write};
        EXPECT_EQ(one.join() + two.join() + three.join() + four.join(), 0);
        sqlite_store cells{options()};
        EXPECT_EQ(ask(cells, {list_cells{""}}).value().keys.size(), 4U);
    }
}

TEST_F(sqlite_store_test, who_reads_does_not_wait_for_who_writes) {
    sqlite_store cells{options()};
    ASSERT_TRUE(swap(cells, "a", 0, "first"));
    bare_sqlite other{path};
    other.run("BEGIN IMMEDIATE; UPDATE cutwater_cells SET value = 'unseen'");
    EXPECT_EQ(ask(cells, {read_cell{"a"}, 0ns}).value().found->value, "first");
    EXPECT_THAT(ask(cells, {list_cells{""}, 0ns}).value().keys, ElementsAre("a"));
    other.run("ROLLBACK");
}

TEST_F(sqlite_store_test, who_writes_waits_for_others_as_long_as_the_request_allows) {
    sqlite_store cells{options()};
    ASSERT_TRUE(cells.open());
    bare_sqlite other{path};
    other.run("BEGIN IMMEDIATE");
    const instant start = now();
    const cell_result said = ask(cells, {swap_cell{.key = "a", .expected = 0, .value = "x"}, 200ms});
    const duration waited = between(start, now());
    const std::error_code code = refused(said, path);
    EXPECT_EQ(code, std::errc::device_or_resource_busy);
    EXPECT_EQ(code, condition::never_sent) << "it cannot have had an effect";
    EXPECT_EQ(said.error().limit(), 200ms);
    EXPECT_GE(waited, 200ms);
    EXPECT_LT(waited, 1s);
    other.run("ROLLBACK");
    EXPECT_EQ(value(cells, "a"), "nothing");
    EXPECT_TRUE(swap(cells, "a", 0, "x").value().done);
}

TEST_F(sqlite_store_test, who_writes_waits_for_others_no_longer_than_the_busy_timeout) {
    sqlite_store_options impatient = options();
    impatient.busy_timeout = 100ms;
    sqlite_store cells{impatient};
    ASSERT_TRUE(cells.open());
    bare_sqlite other{path};
    other.run("BEGIN IMMEDIATE");
    EXPECT_EQ(refused(swap(cells, "a", 0, "x"), path), std::errc::device_or_resource_busy);
}

TEST_F(sqlite_store_test, who_writes_goes_on_when_the_others_have_ended) {
    sqlite_store cells{options()};
    ASSERT_TRUE(cells.open());
    bare_sqlite other{path};
    other.run("BEGIN IMMEDIATE");
    std::jthread asks{[&] { EXPECT_TRUE(swap(cells, "a", 0, "x").value().done); }};
    std::this_thread::sleep_for(50ms);
    other.run("COMMIT");
}

TEST_F(sqlite_store_test, threads_that_write_wait_for_each_other_no_longer_than_they_may) {
    sqlite_store cells{options()};
    ASSERT_TRUE(cells.open());
    bare_sqlite other{path};
    other.run("BEGIN IMMEDIATE");
    std::jthread first{[&] { (void)ask(cells, {swap_cell{.key = "a", .expected = 0, .value = "x"}, 1s}); }};
    std::this_thread::sleep_for(50ms);
    const cell_result said = ask(cells, {swap_cell{.key = "b", .expected = 0, .value = "x"}, 100ms});
    EXPECT_EQ(refused(said, "in use"), std::errc::device_or_resource_busy);
    EXPECT_EQ(said.error().code(), condition::never_sent);
    other.run("ROLLBACK");
}

// --- time ------------------------------------------------------------------------------------------------------------------

TEST_F(sqlite_store_test, where_the_clock_is_set_back_ages_stand_still_and_cells_live_longer) {
    sqlite_store cells{options()};
    ASSERT_TRUE(swap(cells, "a", 0, "x", 1min));
    clock.pass(-1h);
    EXPECT_EQ(read(cells, "a").value().found->age, 0ns);
    clock.pass(1h - 1s);
    EXPECT_EQ(read(cells, "a").value().found->age, 0ns);
    clock.pass(1s + 59s);
    EXPECT_EQ(read(cells, "a").value().found->age, 59s);
    clock.pass(1s);
    EXPECT_EQ(value(cells, "a"), "nothing");
}

TEST_F(sqlite_store_test, where_the_clock_is_set_forward_ages_jump_and_cells_expire_early) {
    sqlite_store cells{options()};
    ASSERT_TRUE(swap(cells, "a", 0, "x", 1min));
    ASSERT_TRUE(swap(cells, "b", 0, "x"));
    clock.pass(1h);
    EXPECT_EQ(value(cells, "a"), "nothing");
    EXPECT_EQ(read(cells, "b").value().found->age, 1h);
}

TEST_F(sqlite_store_test, without_a_clock_of_its_own_it_has_the_machines) {
    sqlite_store cells{{.path = path}};
    ASSERT_TRUE(swap(cells, "a", 0, "x", 50ms));
    EXPECT_EQ(value(cells, "a"), "x");
    std::this_thread::sleep_for(60ms);
    EXPECT_EQ(value(cells, "a"), "nothing");
    const auto written = std::stoll(bare_sqlite{path}.ask("SELECT written FROM cutwater_cells"));
    const auto present = std::chrono::nanoseconds{std::chrono::system_clock::now().time_since_epoch()};
    EXPECT_LT(std::chrono::abs(present - std::chrono::nanoseconds{written}), 1min);
}

TEST_F(sqlite_store_test, a_clock_that_throws_fails_the_request_and_nothing_else) {
    bool fails = false;
    sqlite_store_options with = options();
    with.wall_clock = [&, reads = clock.reading()] { return fails ? throw std::runtime_error{"no time"} : reads(); };
    sqlite_store cells{with};
    ASSERT_TRUE(swap(cells, "a", 0, "x"));
    fails = true;
    EXPECT_THAT(swap(cells, "b", 0, "x").error().message(), HasSubstr("no time"));
    fails = false;
    EXPECT_EQ(value(cells, "b"), "nothing");
    EXPECT_TRUE(swap(cells, "b", 0, "x").value().done);
}

TEST_F(sqlite_store_test, each_write_deletes_so_many_of_what_has_expired_and_no_more) {
    sqlite_store_options few = options();
    few.sweep = 3;
    sqlite_store cells{few};
    const auto rows = [&] { return std::stoi(bare_sqlite{path}.ask("SELECT count(*) FROM cutwater_cells")); };
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(swap(cells, std::to_string(i), 0, "", 1s));
    EXPECT_EQ(rows(), 10);
    clock.pass(1s);
    EXPECT_EQ(value(cells, "0"), "nothing");
    EXPECT_EQ(rows(), 10) << "who reads writes nothing";
    cell_version version = 0;
    for (const int left : {8, 5, 2, 1, 1}) {
        version = swap(cells, "kept", version, "").value().version;
        EXPECT_EQ(rows(), left);
    }
}

TEST_F(sqlite_store_test, a_file_of_cells_that_expire_does_not_grow) {
    sqlite_store cells{options()};
    std::uintmax_t early = 0;
    for (int i = 0; i < 3000; ++i) {
        ASSERT_TRUE(swap(cells, "key/" + std::to_string(i), 0, std::string(1000, 'x'), 1s));
        clock.pass(10ms);
        if (i == 1000) early = std::stoul(bare_sqlite{path}.ask("PRAGMA page_count"));
    }
    EXPECT_LE(std::stoul(bare_sqlite{path}.ask("PRAGMA page_count")), early + 4);
}

// --- keys ------------------------------------------------------------------------------------------------------------------

TEST_F(sqlite_store_test, beginnings_of_the_last_byte_are_listed_like_all_others) {
    sqlite_store cells{options()};
    const std::string longest(max_cell_key, '\xff');
    for (const std::string& key : {std::string{"a"}, std::string{"a\xff"},
                                   std::string{"a\xff"
                                               "b"},
                                   std::string{"b"}, std::string{"\xff"}, longest})
        ASSERT_TRUE(swap(cells, key, 0, ""));
    const auto list = [&](const std::string& prefix, const std::string& after = {}) {
        return ask(cells, {list_cells{prefix, after}}).value().keys;
    };
    EXPECT_THAT(list("a\xff"), ElementsAre("a\xff",
                                           "a\xff"
                                           "b"));
    EXPECT_THAT(list("\xff"), ElementsAre("\xff", longest));
    EXPECT_THAT(list("\xff\xff"), ElementsAre(longest));
    EXPECT_THAT(list(longest), ElementsAre(longest));
    EXPECT_THAT(list("", longest), ::testing::IsEmpty());
    EXPECT_THAT(list("a", "b"), ::testing::IsEmpty());
    EXPECT_EQ(list("").size(), 6U);
    EXPECT_EQ(ask(cells, {list_cells{"", "", SIZE_MAX}}).value().keys.size(), 6U);
}

TEST_F(sqlite_store_test, a_key_is_looked_at_before_the_file) {
    path = folder.file("none/cells.db");
    sqlite_store cells{options()};
    EXPECT_EQ(refused(read(cells, ""), "key"), std::errc::invalid_argument);
}

TEST(sqlite_store_options, what_is_out_of_range_is_refused) {
    EXPECT_EQ(
        testing::refused_with<sqlite_store>(sqlite_store_options{.busy_timeout = -1s, .readers = 0, .sweep = 0}),
        "sqlite_store \"sqlite\": busy_timeout is -1s, allowed is from 0s to 1h\n"
        "sqlite_store \"sqlite\": readers is 0, allowed is from 1 to 1000\n"
        "sqlite_store \"sqlite\": sweep is 0, allowed is from 1 to 10000\n"
        "sqlite_store \"sqlite\": path is empty, allowed is the path of a file, such as \"/var/lib/shop/cells.db\"");
    EXPECT_THAT(testing::refused_with<sqlite_store>(sqlite_store_options{.path = ":memory:"}),
                HasSubstr("memory_store"));
    EXPECT_THAT(testing::refused_with<sqlite_store>(sqlite_store_options{.path = std::string("a\0b", 3)}),
                HasSubstr("zero byte"));
}

}  // namespace
}  // namespace cutwater
