// Threads that record, and others that dump, at once.

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "cutwater/observe/recorder/flight_recorder.hpp"

namespace cutwater {
namespace {

/// Two fields that belong together: an entry that is torn has others.
struct paired {
    std::int64_t number = 0;
    std::string text;

    static constexpr event_kind kind{"paired", severity::info, "in these tests"};
    static void fields(auto& self, auto&& visit) {
        visit("number", self.number, "");
        visit("text", self.text, "");
    }
};

void expect_whole(const ledger_book& book) {
    std::set<double> numbers;
    for (const ledger_entry& e : book.entries) {
        const auto number = e.number("number");
        ASSERT_TRUE(number);
        const auto whole = static_cast<std::int64_t>(*number);
        EXPECT_EQ(e.text("text"), std::string(static_cast<std::size_t>(whole % 100), 'x')) << "a torn entry";
        EXPECT_TRUE(numbers.insert(*number).second) << "an entry that is there twice";
    }
}

TEST(flight_recorder_threads, no_entry_is_torn_and_the_last_ones_are_there) {
    constexpr int threads = 4;
    constexpr int each = 5'000;
    std::string lines;
    flight_recorder recorder{[&](std::string_view line) { lines.append(line).append("\n"); },
                             {.last = 16, .max_layers = 3}};
    std::atomic<bool> ends{false};
    std::jthread reads{[&] {
        while (!ends) expect_whole(recorder.book());
    }};
    std::jthread dumps{[&] {
        while (!ends) EXPECT_TRUE(recorder.dump("again")) << "nobody else asks";
    }};
    {
        std::vector<std::jthread> all;
        for (int t = 0; t < threads; ++t)
            all.emplace_back([&, t] {
                const name own{"layer " + std::to_string(t)};
                const name shared{"shared"};
                for (int i = 0; i < each; ++i) {
                    const std::int64_t number = std::int64_t{t} * each + i;
                    recorder.on_event(event{{.layer = i % 2 == 0 ? own : shared, .operation = {}, .at = instant{}},
                                            paired{number, std::string(static_cast<std::size_t>(number % 100), 'x')}});
                }
            });
    }
    ends = true;
    reads.join();
    dumps.join();
    EXPECT_EQ(recorder.lost(), 0U);
    const ledger_book book = recorder.book();
    expect_whole(book);
    EXPECT_EQ(book.entries.size(), std::size_t{4 * 16}) << "three rings, and the one for all others";
    std::istringstream in{lines};
    EXPECT_TRUE(read_ledger(in));
}

TEST(flight_recorder_threads, of_several_who_ask_at_once_one_is_heard_at_a_time) {
    std::atomic<int> inside{0};
    flight_recorder recorder{[&](std::string_view) {
        EXPECT_EQ(inside.fetch_add(1), 0) << "two dumps at once";
        std::this_thread::yield();
        inside.fetch_sub(1);
    }};
    constexpr int threads = 4;
    constexpr int each = 200;
    std::atomic<int> done{0};
    {
        std::vector<std::jthread> all;
        for (int t = 0; t < threads; ++t)
            all.emplace_back([&] {
                for (int i = 0; i < each; ++i) done += recorder.dump("again") ? 1 : 0;
            });
    }
    EXPECT_EQ(recorder.dumps(), static_cast<std::uint64_t>(done));
    EXPECT_EQ(recorder.dumps() + recorder.dumps_left_out(), std::uint64_t{threads * each});
}

}  // namespace
}  // namespace cutwater
