#include "cutwater/observe/recorder/flight_recorder.hpp"

#include <gmock/gmock.h>

#include <sstream>
#include <stdexcept>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct noted {
    int number = 0;
    static constexpr event_kind kind{"noted", severity::info, "in these tests"};
    static void fields(auto& self, auto&& visit) { visit("number", self.number, ""); }
};
struct trouble {
    static constexpr event_kind kind{"trouble", severity::error, "in these tests"};
    static void fields(auto&, auto&&) {}
};

class recording : public ::testing::Test {
protected:
    explicit recording(flight_recorder_options options = {.last = 3,
                                                          .max_layers = 2,
                                                          .dump_on = "circuit_opened, trouble",
                                                          .unix_ms = [] { return std::int64_t{42}; }})
        : recorder{[this](std::string_view line) { take(line); }, std::move(options)} {}

    void note(name layer, int number, duration at = {}) {
        recorder.on_event(event{{.layer = layer, .operation = "get", .at = instant{at}}, noted{number}});
    }
    void raise_trouble(duration at) { recorder.on_event(event{{.layer = "breaker", .at = instant{at}}, trouble{}}); }

    [[nodiscard]] std::vector<ledger_book> dumped() const {
        std::istringstream in{lines};
        auto books = read_ledger(in);
        return books ? *std::move(books) : std::vector<ledger_book>{};
    }
    static std::vector<std::string> told(const ledger_book& book) {
        std::vector<std::string> all;
        for (const ledger_entry& e : book.entries)
            all.push_back(e.layer + " " + to_text(e.number("number").value_or(-1)));
        return all;
    }

    std::string lines;
    bool is_broken = false;
    std::function<void()> meanwhile;
    flight_recorder recorder;

private:
    void take(std::string_view line) {
        if (is_broken) throw std::runtime_error{"disk full"};
        lines.append(line).append("\n");
        if (meanwhile) std::exchange(meanwhile, {})();
    }
};

TEST_F(recording, keeps_the_last_decisions_of_each_layer) {
    for (int i = 0; i < 10; ++i) note("retry", i, std::chrono::seconds{i});
    note("breaker", 100, 8500ms);
    const ledger_book book = recorder.book("asked");
    EXPECT_THAT(told(book), ElementsAre("retry 7", "retry 8", "retry 9", "breaker 100"));
    EXPECT_EQ(book.entries.front().at, 0s);
    EXPECT_EQ(book.entries.at(2).at, 2s);
    EXPECT_EQ(book.about, "decisions");
    EXPECT_EQ(book.reason, "asked");
    EXPECT_EQ(book.unix_ms, 42);
    EXPECT_THAT(recorder.book().reason, IsEmpty());
}

TEST_F(recording, layers_that_come_late_share_one_ring) {
    for (int i = 0; i < 10; ++i) note(name{"layer " + std::to_string(i)}, i);
    EXPECT_THAT(told(recorder.book()), ElementsAre("layer 0 0", "layer 1 1", "layer 7 7", "layer 8 8", "layer 9 9"));
}

TEST_F(recording, is_dumped_on_request) {
    note("retry", 1);
    EXPECT_TRUE(recorder.dump("somebody asked"));
    ASSERT_THAT(dumped(), SizeIs(1));
    EXPECT_EQ(dumped().front(), recorder.book("somebody asked"));
    EXPECT_EQ(recorder.dumps(), 1U);
}

TEST_F(recording, is_dumped_when_it_hears_what_it_is_to_be_dumped_on) {
    note("retry", 1);
    raise_trouble(1s);
    ASSERT_THAT(dumped(), SizeIs(1));
    EXPECT_EQ(dumped().front().reason, "trouble of breaker");
    EXPECT_EQ(dumped().front().entries.back().event, "trouble") << "what it is dumped for is in it";
}

TEST_F(recording, is_not_dumped_too_often_but_may_always_be_asked) {
    raise_trouble(1s);
    raise_trouble(11s - 1ns);
    EXPECT_EQ(recorder.dumps(), 1U);
    EXPECT_EQ(recorder.dumps_left_out(), 1U);
    EXPECT_TRUE(recorder.dump("asked"));
    raise_trouble(11s);
    EXPECT_EQ(recorder.dumps(), 3U);
}

TEST_F(recording, a_dump_that_fails_is_counted_and_harms_nobody) {
    note("retry", 1);
    is_broken = true;
    EXPECT_FALSE(recorder.dump("asked"));
    raise_trouble(1s);
    EXPECT_EQ(recorder.dumps_failed(), 2U);
    EXPECT_EQ(recorder.dumps(), 0U);
    is_broken = false;
    EXPECT_TRUE(recorder.dump("again"));
}

TEST_F(recording, what_happens_during_a_dump_is_kept_and_makes_no_other) {
    meanwhile = [this] {
        note("retry", 5, 2s);
        EXPECT_FALSE(recorder.dump("in the midst"));
        raise_trouble(1h);
    };
    EXPECT_TRUE(recorder.dump("asked"));
    EXPECT_EQ(recorder.dumps_left_out(), 2U);
    EXPECT_THAT(dumped(), SizeIs(1));
    EXPECT_EQ(told(recorder.book()).front(), "retry 5");
}

struct throwing_event {
    static constexpr event_kind kind{"throwing_event", severity::info, "in these tests"};
    static void fields(auto&, auto&&) { throw std::runtime_error{"no field"}; }
};

TEST_F(recording, an_event_that_cannot_be_read_is_counted) {
    recorder.on_event(event{{.layer = "retry", .at = {}}, throwing_event{}});
    EXPECT_EQ(recorder.lost(), 1U);
    EXPECT_THAT(recorder.book().entries, IsEmpty());
}

class recording_errors : public recording {
protected:
    recording_errors() : recording{{.min_level = severity::error, .dump_on = " ,noted"}} {}
};

TEST_F(recording_errors, what_is_below_the_level_is_not_kept_but_may_have_it_dumped) {
    raise_trouble(0s);
    note("retry", 1);
    ASSERT_THAT(dumped(), SizeIs(1));
    EXPECT_THAT(dumped().front().entries, SizeIs(1));
    EXPECT_EQ(dumped().front().entries.front().event, "trouble");
    EXPECT_GT(dumped().front().unix_ms, 1'700'000'000'000) << "by the system's clock";
}

TEST(flight_recorder, tells_how_it_came_to_an_open_circuit) {
    std::vector<std::string> lines;
    flight_recorder recorder{[&](std::string_view line) { lines.emplace_back(line); }, {.last = 8}};
    testing::virtual_time time;
    testing::mock_dependency<int> stock{time};
    stock.fails(std::errc::connection_reset, 5ms);
    circuit_breaker inventory{{.name = "inventory", .window = breaker_window::consecutive, .consecutive_failures = 3}};
    pipeline guarded{observe{recorder}, retry{{.max_attempts = 4, .jitter = jitter::none}}, ref(inventory)};
    (void)time.run(guarded, {.operation = "get_stock", .id = "order-7"}, stock.blocking());

    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    std::istringstream in{text};
    const auto books = read_ledger(in);
    ASSERT_TRUE(books);
    ASSERT_THAT(*books, SizeIs(1));
    EXPECT_EQ(books->front().reason, "circuit_opened of inventory");
    std::vector<std::string> events;
    for (const ledger_entry& e : books->front().entries) events.push_back(e.event);
    EXPECT_THAT(events, ElementsAre("call_started", "retry_scheduled", "retry_scheduled", "circuit_opened"));
    EXPECT_EQ(books->front().entries.back().text("reason"), "consecutive_failures");
    EXPECT_EQ(books->front().entries.back().call_id, "order-7");
}

TEST(flight_recorder, refuses_what_makes_no_sense) {
    try {
        const flight_recorder recorder{[](std::string_view) {},
                                       {.name = "", .last = 0, .max_layers = 0, .dump_every = -1s}};
        ADD_FAILURE() << "it was taken";
    } catch (const invalid_options& e) {
        EXPECT_EQ(e.problems().size(), 4U) << e.what();
    }
}

}  // namespace
}  // namespace cutwater
