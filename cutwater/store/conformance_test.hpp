// What every store keeps to, whatever stands behind it: one suite, played by each store's own test.
//
//     class memory_cells : public cw::testing::stored {          // gives a store, and lets time pass for it
//         …
//     };
//     INSTANTIATE_TEST_SUITE_P(memory, store_conformance, ::testing::Values(cw::testing::store_under_test{"memory", make}), …);
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "cutwater/store/cell_store.hpp"

namespace cutwater::testing {

/// A store, empty, and its time.
class stored {
public:
    stored() = default;
    stored(const stored&) = delete;
    stored& operator=(const stored&) = delete;
    virtual ~stored() = default;

    [[nodiscard]] virtual cell_store& cells() = 0;
    /// `d` passes for what is in the store, or a little more.
    virtual void wait(duration d) = 0;
};

/// One store to be tested, by its name.
struct store_under_test {
    std::string name;
    std::function<std::unique_ptr<stored>()> make;

    friend std::ostream& operator<<(std::ostream& out, const store_under_test& s) { return out << s.name; }
};

class store_conformance : public ::testing::TestWithParam<store_under_test> {
protected:
    store_conformance() : on_{GetParam().make()} {}

    cell_reply reply_to(cell_request asked) {
        cell_result said = ask(on_->cells(), std::move(asked));
        if (!said) {
            ADD_FAILURE() << said.error().message();
            return {};
        }
        return *std::move(said);
    }
    cell_reply read(const std::string& key) { return reply_to({read_cell{key}}); }
    cell_reply swap(const std::string& key, cell_version expected, std::string value, duration lives = forever) {
        return reply_to({swap_cell{key, expected, std::move(value), lives}});
    }
    cell_reply erase(const std::string& key, cell_version expected) { return reply_to({erase_cell{key, expected}}); }
    std::vector<std::string> list(std::string prefix, std::string after = {}, std::size_t limit = 100) {
        return reply_to({list_cells{std::move(prefix), std::move(after), limit}}).keys;
    }
    void wait(duration d) { on_->wait(d); }
    [[nodiscard]] cell_store& cells() { return on_->cells(); }

private:
    std::unique_ptr<stored> on_;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(store_conformance);

struct store_name {
    std::string operator()(const auto& info) const { return info.param.name; }
};

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_P(store_conformance, what_was_never_written_is_not_there) {
    const cell_reply said = read("nothing");
    EXPECT_TRUE(said.done);
    EXPECT_FALSE(said.found);
}

TEST_P(store_conformance, a_cell_is_written_where_there_is_none) {
    const cell_reply written = swap("a", 0, "first");
    EXPECT_TRUE(written.done);
    EXPECT_NE(written.version, 0U);
    const cell_reply seen = read("a");
    ASSERT_TRUE(seen.found);
    EXPECT_EQ(seen.found->value, "first");
    EXPECT_EQ(seen.found->version, written.version);
    EXPECT_GE(seen.found->age, 0ns);
    EXPECT_LT(seen.found->age, 60s);
}

TEST_P(store_conformance, a_cell_that_is_there_is_not_written_as_new_and_what_is_there_is_told) {
    const cell_reply first = swap("a", 0, "first");
    const cell_reply second = swap("a", 0, "second");
    EXPECT_FALSE(second.done);
    ASSERT_TRUE(second.found);
    EXPECT_EQ(second.found->value, "first");
    EXPECT_EQ(second.found->version, first.version);
    EXPECT_EQ(read("a").found->value, "first");
}

TEST_P(store_conformance, a_cell_is_swapped_in_the_state_that_is_expected_and_in_no_other) {
    const cell_reply first = swap("a", 0, "first");
    const cell_reply second = swap("a", first.version, "second");
    EXPECT_TRUE(second.done);
    EXPECT_NE(second.version, first.version);
    const cell_reply late = swap("a", first.version, "late");
    EXPECT_FALSE(late.done);
    ASSERT_TRUE(late.found);
    EXPECT_EQ(late.found->value, "second");
    EXPECT_EQ(late.found->version, second.version);
}

TEST_P(store_conformance, what_is_not_there_is_not_swapped) {
    const cell_reply said = swap("a", 17, "late");
    EXPECT_FALSE(said.done);
    EXPECT_FALSE(said.found);
    EXPECT_FALSE(read("a").found);
}

TEST_P(store_conformance, a_cell_is_erased_in_the_state_that_is_expected_and_in_no_other) {
    const cell_reply first = swap("a", 0, "first");
    const cell_reply second = swap("a", first.version, "second");
    const cell_reply late = erase("a", first.version);
    EXPECT_FALSE(late.done);
    ASSERT_TRUE(late.found);
    EXPECT_EQ(late.found->version, second.version);
    EXPECT_TRUE(erase("a", second.version).done);
    EXPECT_FALSE(read("a").found);
    EXPECT_FALSE(erase("a", second.version).done);
}

TEST_P(store_conformance, a_version_does_not_come_again) {
    const cell_reply first = swap("a", 0, "first");
    ASSERT_TRUE(erase("a", first.version).done);
    const cell_reply again = swap("a", 0, "first");
    ASSERT_TRUE(again.done);
    EXPECT_NE(again.version, first.version);
    EXPECT_FALSE(swap("a", first.version, "of the first").done);
    EXPECT_FALSE(erase("a", first.version).done);
}

TEST_P(store_conformance, a_cell_whose_time_is_over_is_not_there) {
    const cell_reply first = swap("a", 0, "first", 200ms);
    ASSERT_TRUE(read("a").found);
    wait(250ms);
    EXPECT_FALSE(read("a").found);
    EXPECT_THAT(list("a"), IsEmpty());
    EXPECT_FALSE(swap("a", first.version, "late").done);
    EXPECT_TRUE(swap("a", 0, "another").done);
    EXPECT_EQ(read("a").found->value, "another");
}

TEST_P(store_conformance, each_write_says_anew_how_long_the_cell_lives) {
    const cell_reply first = swap("a", 0, "first", 200ms);
    const cell_reply second = swap("a", first.version, "second");
    ASSERT_TRUE(second.done);
    wait(250ms);
    ASSERT_TRUE(read("a").found) << "for ever";
    ASSERT_TRUE(swap("a", second.version, "third", 200ms).done);
    wait(250ms);
    EXPECT_FALSE(read("a").found);
}

TEST_P(store_conformance, a_cell_tells_how_long_ago_it_was_written) {
    const cell_reply first = swap("a", 0, "first");
    wait(300ms);
    EXPECT_GE(read("a").found->age, 290ms);
    ASSERT_TRUE(swap("a", first.version, "second").done);
    EXPECT_LT(read("a").found->age, 290ms);
    wait(300ms);
    const cell_reply refused = swap("a", 0, "third");
    ASSERT_TRUE(refused.found);
    EXPECT_GE(refused.found->age, 290ms);
}

TEST_P(store_conformance, bytes_are_any_bytes) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
    all += all;
    ASSERT_TRUE(swap("a", 0, all).done);
    EXPECT_EQ(read("a").found->value, all);
    ASSERT_TRUE(swap("empty", 0, "").done);
    ASSERT_TRUE(read("empty").found);
    EXPECT_EQ(read("empty").found->value, "");
}

TEST_P(store_conformance, a_value_may_be_large) {
    const std::string large(1'000'000, 'x');
    ASSERT_TRUE(swap("a", 0, large).done);
    EXPECT_EQ(read("a").found->value, large);
}

TEST_P(store_conformance, keys_are_any_text) {
    const std::vector<std::string> keys = {
        "with spaces", "'; drop table cells; --",     "{braces}", "%_*?[a]\\", "ünïcödé", "\r\nGET x",
        "a:b/c",       std::string(max_cell_key, 'k')};
    for (const std::string& key : keys) EXPECT_TRUE(swap(key, 0, key).done) << key;
    for (const std::string& key : keys) EXPECT_EQ(read(key).found.value_or(cell{}).value, key) << key;
    for (const std::string& key : keys) EXPECT_THAT(list(key), ElementsAre(key));
}

TEST_P(store_conformance, keys_differ_in_each_byte) {
    ASSERT_TRUE(swap("key", 0, "1").done);
    ASSERT_TRUE(swap("Key", 0, "2").done);
    ASSERT_TRUE(swap("key ", 0, "3").done);
    EXPECT_EQ(read("key").found->value, "1");
    EXPECT_EQ(read("Key").found->value, "2");
    EXPECT_EQ(read("key ").found->value, "3");
}

TEST_P(store_conformance, keys_are_listed_in_order_by_what_they_begin_with) {
    for (const char* key : {"b/2", "a/1", "b/10", "b/1", "b", "c/1", "B/1"}) ASSERT_TRUE(swap(key, 0, "").done);
    EXPECT_THAT(list("b/"), ElementsAre("b/1", "b/10", "b/2"));
    EXPECT_THAT(list("b/", "b/1"), ElementsAre("b/10", "b/2"));
    EXPECT_THAT(list("b/", "b/10", 1), ElementsAre("b/2"));
    EXPECT_THAT(list("", "", 3), ElementsAre("B/1", "a/1", "b"));
    EXPECT_THAT(list("d"), IsEmpty());
}

TEST_P(store_conformance, what_was_erased_is_not_listed) {
    const cell_reply first = swap("a", 0, "");
    ASSERT_TRUE(erase("a", first.version).done);
    EXPECT_THAT(list(""), IsEmpty());
}

TEST_P(store_conformance, what_is_no_key_is_an_error_and_writes_nothing) {
    for (const std::string& key : {std::string{}, std::string(max_cell_key + 1, 'k'), std::string{"a\0b", 3}}) {
        for (const cell_request& asked :
             {cell_request{read_cell{key}}, cell_request{swap_cell{key, 0, "x"}}, cell_request{erase_cell{key, 1}}}) {
            const cell_result said = ask(cells(), asked);
            ASSERT_FALSE(said);
            EXPECT_EQ(said.error().code(), std::errc::invalid_argument);
        }
    }
    EXPECT_THAT(list(""), IsEmpty());
}

/// A number that each of several threads counts up so often: nothing is lost if and only if swaps are one step.
TEST_P(store_conformance, a_swap_is_one_step_to_all) {
    constexpr int threads = 8;
    constexpr int times = 25;
    const auto count = [this] {
        for (int i = 0; i < times;) {
            const cell_result seen = ask(cells(), {read_cell{"count"}});
            if (!seen) return;
            const cell_version version = seen->found ? seen->found->version : 0;
            const int value = seen->found ? std::stoi(seen->found->value) : 0;
            const cell_result said = ask(cells(), {swap_cell{"count", version, std::to_string(value + 1)}});
            if (!said) return;
            if (said->done) ++i;
        }
    };
    {
        std::vector<std::jthread> all;
        for (int i = 0; i < threads; ++i) all.emplace_back(count);
    }
    EXPECT_EQ(read("count").found->value, std::to_string(threads * times));
}

TEST_P(store_conformance, of_many_who_write_a_new_cell_one_does) {
    constexpr int threads = 8;
    std::atomic<int> made{0};
    {
        std::vector<std::jthread> all;
        for (int i = 0; i < threads; ++i)
            all.emplace_back([&, i] {
                for (int key = 0; key < 20; ++key) {
                    const cell_result said = ask(cells(), {swap_cell{"k" + std::to_string(key), 0, std::to_string(i)}});
                    if (said && said->done) ++made;
                }
            });
    }
    EXPECT_EQ(made, 20);
    EXPECT_THAT(list("k"), SizeIs(20));
}

}  // namespace cutwater::testing
