// A sink with a thread of its own: what is written, what is dropped, and that nobody waits.

#include <gmock/gmock.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <streambuf>
#include <thread>

#include <nlohmann/json.hpp>

#include "cutwater/observe/log/async_sink.hpp"
#include "cutwater/observe/log/json_log.hpp"

namespace cutwater {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

/// A device that can be stopped, and lines that came to it.
class device {
public:
    void hold() { turn_.lock(); }
    void go_on() { turn_.unlock(); }
    void take(std::string_view line) {
        began_.store(true);
        began_.notify_all();
        const std::scoped_lock held{turn_};
        if (is_broken) throw std::runtime_error{"disk full"};
        const std::scoped_lock also{lines_lock_};
        lines_.emplace_back(line);
    }
    /// Until the writing thread stands at it.
    void wait_until_it_is_asked() const { began_.wait(false); }
    [[nodiscard]] std::vector<std::string> lines() const {
        const std::scoped_lock held{lines_lock_};
        return lines_;
    }
    [[nodiscard]] async_sink::sink sink() {
        return [this](std::string_view line) { take(line); };
    }

    std::atomic<bool> is_broken{false};

private:
    std::mutex turn_;
    mutable std::mutex lines_lock_;
    std::atomic<bool> began_{false};
    std::vector<std::string> lines_;
};

TEST(async_sink_threads, writes_lines_in_the_order_in_which_they_came) {
    device disk;
    async_sink aside{disk.sink()};
    for (const char* const line : {"one", "two", "three"}) aside(line);
    aside.flush();
    EXPECT_THAT(disk.lines(), ElementsAre("one", "two", "three"));
    EXPECT_EQ(aside.written(), 3U);
}

TEST(async_sink_threads, writes_what_is_there_before_it_ends) {
    device disk;
    disk.hold();
    {
        async_sink aside{disk.sink()};
        for (int i = 0; i < 100; ++i) aside("a line");
        disk.go_on();
    }
    EXPECT_EQ(disk.lines().size(), 100U);
}

TEST(async_sink_threads, drops_what_has_no_room_and_says_so_in_the_log) {
    device disk;
    disk.hold();
    async_sink aside{disk.sink(), {.name = "shop", .max_bytes = 1024}};
    const std::string line(99, 'x');
    aside(line);
    disk.wait_until_it_is_asked();             // the first line is being written, and the memory for others is empty
    for (int i = 0; i < 25; ++i) aside(line);  // ten of a hundred bytes have room
    EXPECT_EQ(aside.dropped(), 15U);
    disk.go_on();
    aside.flush();
    EXPECT_EQ(aside.written(), 11U);
    const auto lines = disk.lines();
    ASSERT_EQ(lines.size(), 12U);
    const json notice = json::parse(lines.back());
    EXPECT_EQ(notice["message"], "log lines were dropped");
    EXPECT_EQ(notice["dropped"], 15);
    EXPECT_EQ(notice["level"], "warning");
    EXPECT_EQ(notice["logger"], "shop");
    aside(line);
    aside.flush();
    EXPECT_EQ(disk.lines().back(), line) << "and it is said once";
}

TEST(async_sink_threads, says_how_many_were_dropped_in_words_of_ones_own) {
    device disk;
    disk.hold();
    async_sink aside{disk.sink(),
                     {.max_bytes = 1024, .notice = [](std::uint64_t n) { return "dropped " + std::to_string(n); }}};
    aside("first");
    disk.wait_until_it_is_asked();
    aside(std::string(1000, 'x'));
    aside(std::string(1000, 'x'));
    disk.go_on();
    aside.flush();
    EXPECT_EQ(disk.lines().back(), "dropped 1");
}

TEST(async_sink_threads, never_takes_a_line_that_is_larger_than_all_there_is) {
    device disk;
    async_sink aside{disk.sink(), {.max_bytes = 1024}};
    aside(std::string(1024, 'x'));
    EXPECT_EQ(aside.dropped(), 1U);
    aside("short");
    aside.flush();
    EXPECT_THAT(disk.lines(), UnorderedElementsAre("short", HasSubstr("\"dropped\":1")));
}

TEST(async_sink_threads, says_what_was_dropped_where_nothing_comes_after_it) {
    device disk;
    {
        async_sink aside{disk.sink(), {.max_bytes = 1024}};
        aside("a");
        aside.flush();
        aside(std::string(1024, 'x'));
    }
    EXPECT_THAT(disk.lines(), ElementsAre("a", HasSubstr("\"dropped\":1")));
}

TEST(async_sink_threads, counts_what_the_device_refuses_and_goes_on) {
    device disk;
    async_sink aside{disk.sink()};
    disk.is_broken = true;
    aside("lost");
    aside.flush();
    EXPECT_EQ(aside.failed(), 1U);
    disk.is_broken = false;
    aside("kept");
    aside.flush();
    EXPECT_THAT(disk.lines(), ElementsAre("kept"));
    EXPECT_EQ(aside.written(), 1U);
}

TEST(async_sink_threads, tells_of_dropped_lines_later_where_that_line_fails_as_well) {
    device disk;
    disk.hold();
    async_sink aside{disk.sink(), {.max_bytes = 1024}};
    aside("first");
    disk.wait_until_it_is_asked();
    aside(std::string(1000, 'x'));
    aside("no room: it is dropped, as it is longer than what is left");
    disk.is_broken = true;
    disk.go_on();
    aside.flush();
    disk.is_broken = false;
    aside("second");
    aside.flush();
    EXPECT_THAT(disk.lines(), ElementsAre("second", HasSubstr("\"dropped\":1")));
}

TEST(async_sink_threads, counts_lines_into_a_full_disk) {
    std::ofstream full{"/dev/full"};
    async_sink aside{full};
    for (int line = 0; line < 1000; ++line) {
        aside("a line that there is no room for");
        aside.flush();
    }
    EXPECT_EQ(aside.failed(), 1000U);
    EXPECT_EQ(aside.written(), 0U);
}

/// Takes half of what it is given, once.
class half_a_line final : public std::stringbuf {
protected:
    std::streamsize xsputn(const char* text, std::streamsize size) override {
        if (std::exchange(is_whole_, true)) return std::stringbuf::xsputn(text, size);
        return std::stringbuf::xsputn(text, size / 2);
    }

private:
    bool is_whole_ = false;
};

TEST(async_sink_threads, does_not_spoil_the_line_after_one_that_was_written_in_part) {
    half_a_line memory;
    std::ostream stream{&memory};
    async_sink aside{stream};
    aside(R"({"message":"torn"})");
    aside.flush();
    aside(R"({"message":"whole"})");
    aside.flush();
    EXPECT_EQ(memory.str(), "{\"message\n{\"message\":\"whole\"}\n");
    EXPECT_EQ(aside.failed(), 1U);
    EXPECT_EQ(aside.written(), 1U);
}

TEST(async_sink_threads, loses_nothing_that_it_does_not_count) {
    std::ostringstream text;
    constexpr int threads = 4;
    constexpr int each = 2000;
    std::uint64_t written = 0;
    std::uint64_t dropped = 0;
    {
        async_sink aside{text, {.max_bytes = 20'000}};
        json_log log{std::ref(aside)};
        {
            std::vector<std::jthread> writers;
            for (int number = 0; number < threads; ++number)
                writers.emplace_back([&log, number] {
                    for (int line = 0; line < each; ++line) log.write({.message = "x", .more = {{"by", number}}});
                });
        }
        aside.flush();
        written = aside.written();
        dropped = aside.dropped();
        EXPECT_EQ(written + dropped, std::uint64_t{threads * each});
    }
    std::istringstream in{text.str()};
    std::uint64_t lines = 0;
    std::uint64_t said = 0;
    for (std::string line; std::getline(in, line);) {
        const json parsed = json::parse(line);
        if (parsed.contains("dropped"))
            said += parsed["dropped"].get<std::uint64_t>();
        else
            ++lines;
    }
    EXPECT_EQ(lines, written);
    EXPECT_EQ(said, dropped) << "the log says of each that it is not there";
}

TEST(async_sink_threads, several_may_flush_at_once) {
    device disk;
    async_sink aside{disk.sink()};
    {
        std::vector<std::jthread> all;
        for (int t = 0; t < 4; ++t)
            all.emplace_back([&] {
                for (int i = 0; i < 100; ++i) {
                    aside("line");
                    aside.flush();
                }
            });
    }
    EXPECT_EQ(disk.lines().size(), 400U);
}

TEST(async_sink_threads, refuses_what_makes_no_sense) {
    device disk;
    EXPECT_THROW((async_sink{disk.sink(), {.max_bytes = 10}}), invalid_options);
}

}  // namespace
}  // namespace cutwater
