// One ledger for calls of several threads.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/ledger/call_ledger.hpp"

namespace cutwater {
namespace {

TEST(call_ledger_threads, has_every_entry_of_every_call_in_the_order_of_its_thread) {
    constexpr int threads = 4;
    constexpr int calls = 200;
    call_ledger kept{{.max_entries = 1'000}};
    pipeline guarded{observe{kept}};
    {
        std::vector<std::jthread> all;
        for (int t = 0; t < threads; ++t)
            all.emplace_back([&guarded, t] {
                const std::string id = "thread " + std::to_string(t);
                for (int i = 0; i < calls; ++i) (void)guarded.run({.id = id}, [] { return 7; });
            });
    }
    const ledger_book book = kept.book();
    EXPECT_EQ(book.entries.size() + book.left_out, std::size_t{2 * threads * calls});
    std::map<std::string, int> heard;
    for (const ledger_entry& e : book.entries)
        EXPECT_EQ(e.event, heard[e.call_id]++ % 2 == 0 ? "call_started" : "call_completed");
}

}  // namespace
}  // namespace cutwater
