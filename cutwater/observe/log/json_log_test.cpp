#include "cutwater/observe/log/json_log.hpp"

#include <gmock/gmock.h>
#include <spdlog/logger.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "cutwater/cutwater.hpp"
#include "cutwater/observe/log/spdlog_sink.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cutwater {
namespace {

using nlohmann::json;
using std::chrono::system_clock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr system_clock::time_point noon{std::chrono::sys_days{std::chrono::year{2024} / 5 / 1} + 12h + 42ms};

json_log_options at(system_clock::time_point t, severity min_level = severity::debug) {
    return {.min_level = min_level, .wall_clock = [t] { return t; }};
}

/// A log into memory, and the lines read back.
class log_in_memory {
public:
    explicit log_in_memory(json_log_options options = at(noon)) : log{text_, std::move(options)} {}

    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> found;
        std::istringstream in{text_.str()};
        for (std::string line; std::getline(in, line);) found.push_back(line);
        return found;
    }
    [[nodiscard]] json only_line() const {
        EXPECT_EQ(lines().size(), 1U) << text_.str();
        return json::parse(lines().at(0));
    }

private:
    std::ostringstream text_;

public:
    json_log log;  // after the stream that it writes to
};

struct sample_event {
    std::string text;
    std::int64_t integer = 0;
    double number = 0;
    bool flag = false;
    duration wait{};

    static constexpr event_kind kind{"sample_event", severity::warning, "in these tests"};
    static void fields(auto& self, auto&& visit) {
        visit("text", self.text, "");
        visit("integer", self.integer, "");
        visit("number", self.number, "");
        visit("flag", self.flag, "");
        visit("wait", self.wait, "");
    }
};

struct failing_event {
    std::string error_type = "std::runtime_error";
    std::string error_message = "no route";

    static constexpr event_kind kind{"failing_event", severity::error, "in these tests"};
    static void fields(auto& self, auto&& visit) {
        visit("error_type", self.error_type, "");
        visit("error_message", self.error_message, "");
    }
};

struct greedy_event {
    static constexpr event_kind kind{"greedy_event", severity::info, "in these tests"};
    static void fields(auto&, auto&& visit) {
        for (const char* const key : {"timestamp", "level", "logger", "message", "exception", "event", "layer",
                                      "operation", "call_id", "attempt", "field_level", "twice", "twice"})
            visit(key, std::string_view{"mine"}, "");
    }
};

const event_origin somewhere{.layer = "retry", .operation = "get_stock", .call_id = "c-1", .attempt = 2, .at = {}};

TEST(json_log, writes_an_event_as_one_line_with_its_fields_merged) {
    log_in_memory memory;
    memory.log.on_event(event{somewhere, sample_event{"a", -3, 0.25, true, 1500us}});
    EXPECT_THAT(memory.lines(),
                ElementsAre(R"({"timestamp":"2024-05-01T12:00:00.042Z","level":"warning","logger":"cutwater",)"
                            R"("message":"get_stock: retry: sample event","event":"sample_event","layer":"retry",)"
                            R"("operation":"get_stock","call_id":"c-1","attempt":2,)"
                            R"("text":"a","integer":-3,"number":0.25,"flag":true,"wait_ms":1.5})"));
}

TEST(json_log, leaves_out_what_an_event_does_not_know) {
    log_in_memory memory;
    memory.log.on_event(
        event{{.layer = "breaker", .operation = {}, .call_id = {}, .attempt = 0, .at = {}}, greedy_event{}});
    const json line = memory.only_line();
    EXPECT_FALSE(line.contains("operation"));
    EXPECT_FALSE(line.contains("call_id"));
    EXPECT_FALSE(line.contains("attempt"));
    EXPECT_FALSE(line.contains("exception"));
    EXPECT_EQ(line["message"], "breaker: greedy event");
}

TEST(json_log, protects_the_reserved_keys_and_loses_no_field) {
    log_in_memory memory;
    memory.log.on_event(event{somewhere, greedy_event{}});
    const json line = memory.only_line();
    EXPECT_EQ(line["timestamp"], "2024-05-01T12:00:00.042Z");
    EXPECT_EQ(line["level"], "info");
    EXPECT_EQ(line["layer"], "retry");
    for (const char* const key : {"field_timestamp", "field_level", "field_logger", "field_message", "field_exception",
                                  "field_event", "field_layer", "field_operation", "field_call_id", "field_attempt",
                                  "field_field_level", "twice", "field_twice"})
        EXPECT_EQ(line[key], "mine") << key;
}

TEST(json_log, makes_the_error_of_an_event_its_exception) {
    log_in_memory memory;
    memory.log.on_event(event{somewhere, failing_event{}});
    const json line = memory.only_line();
    EXPECT_EQ(line["exception"], (json{{"type", "std::runtime_error"}, {"message", "no route"}}));
    EXPECT_FALSE(line.contains("error_type"));
}

/// What a field says of an error, twice.
struct failing_twice_event {
    static constexpr event_kind kind{"failing_twice_event", severity::error, "in these tests"};
    static void fields(auto&, auto&& visit) {
        for (const char* const value : {"first", "second"}) {
            visit("error_type", std::string_view{value}, "");
            visit("error_message", std::string_view{value}, "");
        }
    }
};

TEST(json_log, makes_the_first_error_of_an_event_its_exception_and_loses_no_other) {
    json_log_options options = at(noon);
    options.always = [](field_visitor& line) { line.on_text("error_type", "always"); };
    log_in_memory memory{std::move(options)};
    memory.log.on_event(event{somewhere, failing_twice_event{}});
    const json line = memory.only_line();
    EXPECT_EQ(line["exception"], (json{{"type", "first"}, {"message", "first"}}));
    EXPECT_EQ(line["error_type"], "second");
    EXPECT_EQ(line["error_message"], "second");
    EXPECT_EQ(line["field_error_type"], "always");
}

TEST(json_log, leaves_the_exception_to_what_was_thrown_and_loses_no_field) {
    json_log_options options = at(noon);
    options.always = [](field_visitor& line) { line.on_text("error_type", "always"); };
    log_in_memory memory{std::move(options)};
    memory.log.write({.message = "failed",
                      .more = {{"error_type", "first"}, {"error_type", "second"}, {"error_message", "mine"}},
                      .thrown = std::make_exception_ptr(std::out_of_range{"no row 7"})});
    const json line = memory.only_line();
    EXPECT_EQ(line["exception"], (json{{"type", "std::out_of_range"}, {"message", "no row 7"}}));
    EXPECT_EQ(line["error_type"], "first");
    EXPECT_EQ(line["field_error_type"], "second");
    EXPECT_EQ(line["field_field_error_type"], "always");
    EXPECT_EQ(line["error_message"], "mine");
}

TEST(json_log, keeps_the_error_of_an_event_beside_what_was_thrown) {
    const failing_event body;
    const event failing{somewhere, body};
    const json line =
        json::parse(to_json_line({.of = &failing, .thrown = std::make_exception_ptr(std::out_of_range{"no row 7"})}));
    EXPECT_EQ(line["exception"]["message"], "no row 7");
    EXPECT_EQ(line["error_message"], "no route");
}

TEST(json_log, takes_durations_of_any_unit) {
    log_in_memory memory;
    memory.log.write({.message = "served",
                      .more = {{"took", 5ms},
                               {"cpu", 1500us},
                               {"uptime", std::chrono::hours{48}},
                               {"share", std::chrono::duration<double>{0.25}},
                               {"third", std::chrono::duration<std::int64_t, std::ratio<1, 3>>{30'000'000'000}}}});
    const json line = memory.only_line();
    EXPECT_EQ(line["took_ms"], 5.0);
    EXPECT_EQ(line["cpu_ms"], 1.5);
    EXPECT_EQ(line["uptime_ms"], 172'800'000.0);
    EXPECT_EQ(line["share_ms"], 250.0);
    EXPECT_TRUE(line["third_ms"].is_null()) << "longer than any duration of ours";
}

TEST(json_log, a_duration_that_none_of_ours_can_hold_is_one_without_end) {
    using seconds_of_double = std::chrono::duration<double>;
    log_in_memory memory;
    memory.log.write({.message = "waits",
                      .more = {{"hours", std::chrono::hours::max()},
                               {"years", std::chrono::years{300}},
                               {"infinite", seconds_of_double{HUGE_VAL}},
                               {"no_number", seconds_of_double{std::nan("")}},
                               {"least", std::chrono::hours::min()},
                               {"longest", std::chrono::years{292}}}});
    const json line = memory.only_line();
    for (const char* const key : {"hours_ms", "years_ms", "infinite_ms", "no_number_ms"})
        EXPECT_TRUE(line[key].is_null()) << key;
    EXPECT_LT(line["least_ms"], -9.2e12);
    EXPECT_GT(line["longest_ms"], 9.2e12);
}

TEST(json_log, keeps_the_type_of_a_number_that_is_not_finite) {
    for (const double odd : {std::nan(""), std::numeric_limits<double>::infinity(), -HUGE_VAL}) {
        log_in_memory memory;
        memory.log.on_event(event{somewhere, sample_event{"", 0, odd, false, forever}});
        EXPECT_TRUE(memory.only_line()["number"].is_null());
        EXPECT_TRUE(memory.only_line()["wait_ms"].is_null());
    }
}

TEST(json_log, replaces_bytes_that_are_not_utf8) {
    log_in_memory memory;
    memory.log.on_event(event{somewhere, sample_event{"caf\xe9 \xc3\x28 \xf0\x9f", 0, 0, false, {}}});
    EXPECT_EQ(memory.only_line()["text"], "caf\ufffd \ufffd( \ufffd");
}

TEST(json_log, stays_on_one_line_whatever_a_field_holds) {
    log_in_memory memory;
    memory.log.on_event(event{somewhere, sample_event{std::string{"a\nb\r\"c\\\0d\x1b[31m", 14}, 0, 0, false, {}}});
    EXPECT_EQ(memory.only_line()["text"], (std::string{"a\nb\r\"c\\\0d\x1b[31m", 14}));
}

TEST(json_log, writes_wall_time_in_utc_to_the_millisecond) {
    const std::pair<system_clock::time_point, std::string_view> cases[] = {
        {system_clock::time_point{}, "1970-01-01T00:00:00.000Z"},
        {system_clock::time_point{} - 1ms, "1969-12-31T23:59:59.999Z"},
        {noon + 957ms + 999us, "2024-05-01T12:00:00.999Z"},
        {noon + 958ms, "2024-05-01T12:00:01.000Z"},
        {std::chrono::sys_days{std::chrono::year{2024} / 2 / 29} + 23h + 59min + 59s, "2024-02-29T23:59:59.000Z"},
    };
    for (const auto& [when, text] : cases) {
        log_in_memory memory{at(when)};
        memory.log.write({.message = "now"});
        EXPECT_EQ(memory.only_line()["timestamp"], text);
    }
}

TEST(json_log, leaves_out_what_is_below_its_level) {
    log_in_memory memory{at(noon, severity::warning)};
    memory.log.on_event(event{somewhere, greedy_event{}});
    memory.log.write({.level = severity::debug, .message = "quiet"});
    memory.log.on_event(event{somewhere, sample_event{}});
    EXPECT_EQ(memory.only_line()["level"], "warning");
}

TEST(json_log, takes_lines_of_the_programs_own) {
    log_in_memory memory;
    memory.log.write({.level = severity::error,
                      .message = "listening",
                      .more = {{"port", 8080}, {"host", "localhost"}, {"level", 3U}, {"up", duration{2s}}},
                      .logger = "shop"});
    const json line = memory.only_line();
    EXPECT_EQ(line["logger"], "shop");
    EXPECT_EQ(line["message"], "listening");
    EXPECT_EQ(line["level"], "error");
    EXPECT_EQ(line["port"], 8080);
    EXPECT_EQ(line["host"], "localhost");
    EXPECT_EQ(line["field_level"], 3);
    EXPECT_EQ(line["up_ms"], 2000.0);
}

TEST(json_log, describes_an_exception_with_those_nested_in_it) {
    log_in_memory memory;
    try {
        try {
            throw std::out_of_range{"no row 7"};
        } catch (...) {
            std::throw_with_nested(std::runtime_error{"cannot load"});
        }
    } catch (...) {
        memory.log.write({.level = severity::error, .message = "failed", .thrown = std::current_exception()});
    }
    const json exception = memory.only_line()["exception"];
    EXPECT_THAT(exception["type"].get<std::string>(), HasSubstr("runtime_error"));
    EXPECT_EQ(exception["message"], "cannot load");
    EXPECT_EQ(exception["cause"]["type"], "std::out_of_range");
    EXPECT_EQ(exception["cause"]["message"], "no row 7");
}

TEST(json_log, describes_what_was_thrown_though_it_is_no_exception) {
    log_in_memory memory;
    memory.log.write({.message = "failed", .thrown = std::make_exception_ptr(7)});
    const json exception = memory.only_line()["exception"];
    EXPECT_EQ(exception["type"], "int");
    EXPECT_FALSE(exception.contains("cause"));
}

/// `depth` exceptions, each nested in the next.
std::exception_ptr nested(int depth) {
    std::exception_ptr inner = std::make_exception_ptr(std::runtime_error{"the innermost"});
    for (int i = 1; i < depth; ++i) try {
            try {
                std::rethrow_exception(inner);
            } catch (...) {
                std::throw_with_nested(std::runtime_error{"round it"});
            }
        } catch (...) {
            inner = std::current_exception();
        }
    return inner;
}

TEST(json_log, describes_the_outer_ones_of_very_many_nested_exceptions) {
    log_in_memory memory;
    memory.log.write({.message = "failed", .thrown = nested(1000)});
    const json line = memory.only_line();
    const json* at = &line["exception"];
    int depth = 1;
    for (; at->contains("cause"); at = &(*at)["cause"]) ++depth;
    EXPECT_EQ(depth, 16);
}

TEST(json_log, replaces_bytes_that_are_not_utf8_in_keys_and_messages_as_well) {
    log_in_memory memory;
    memory.log.write({.message = "caf\xe9",
                      .more = {{"gr\xf6\xdf"
                                "e",
                                7}},
                      .thrown = std::make_exception_ptr(std::runtime_error{"\xff"})});
    const json line = memory.only_line();
    EXPECT_EQ(line["message"], "caf\ufffd");
    EXPECT_EQ(line["gr\ufffd\ufffd"
                   "e"],
              7);
    EXPECT_EQ(line["exception"]["message"], "\ufffd");
}

TEST(json_log, adds_what_each_line_is_to_have) {
    json_log_options options = at(noon);
    options.always = [](field_visitor& line) {
        line.on_text("service", "shop");
        line.on_text("event", "mine");
    };
    log_in_memory memory{std::move(options)};
    memory.log.on_event(event{somewhere, failing_event{}});
    memory.log.write({.message = "open"});
    for (const std::string& text : memory.lines()) {
        EXPECT_EQ(json::parse(text)["service"], "shop");
        EXPECT_EQ(json::parse(text)["field_event"], "mine");
    }
}

TEST(json_log, hears_a_whole_call_at_the_levels_of_its_events) {
    log_in_memory memory;
    testing::virtual_time time;
    testing::mock_dependency<int> stock{time};
    stock.throws(std::runtime_error{"out of order"}).fails(std::errc::connection_reset, 5ms).returns(7, 20ms);
    const auto is_odd = exception<std::runtime_error>();
    pipeline guarded{observe{memory.log}, retry{{.max_attempts = 4, .jitter = jitter::none}},
                     classify{transient(is_odd)}};
    EXPECT_TRUE(time.run(guarded, {.operation = "get_stock"}, stock.blocking()));

    std::vector<std::string> told;
    for (const std::string& text : memory.lines()) {
        const json line = json::parse(text);
        told.push_back(line["level"].get<std::string>() + " " + line["event"].get<std::string>());
    }
    EXPECT_THAT(told, ElementsAre("debug call_started", "warning retry_scheduled", "warning retry_scheduled",
                                  "info retry_rescued", "info call_completed"));
    const json first_retry = json::parse(memory.lines().at(1));
    EXPECT_EQ(first_retry["delay_ms"], 100.0);
    EXPECT_EQ(first_retry["attempt"], 1);
    EXPECT_EQ(first_retry["exception"], (json{{"type", "std::runtime_error"}, {"message", "out of order"}}));
}

TEST(json_log, counts_a_line_that_its_sink_refuses_and_goes_on) {
    bool full = true;
    std::vector<std::string> kept;
    json_log log{[&](std::string_view line) {
        if (full) throw std::runtime_error{"disk full"};
        kept.emplace_back(line);
    }};
    log.write({.message = "first"});
    EXPECT_EQ(log.lost(), 1U);
    full = false;
    log.write({.message = "second"});
    EXPECT_EQ(log.lost(), 1U);
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_THAT(kept.front(), Not(HasSubstr("\n")));
}

TEST(json_log, counts_lines_into_a_full_disk_and_leaves_the_stream_usable) {
    std::ofstream full{"/dev/full"};
    full.exceptions(std::ios::badbit);
    json_log log{full};
    for (int line = 0; line < 10'000; ++line) log.write({.message = "no room"});
    EXPECT_EQ(log.lost(), 10'000U);
    EXPECT_TRUE(full.good());
    EXPECT_EQ(full.exceptions(), std::ios::badbit);
}

TEST(json_log, counts_a_line_whose_clock_throws) {
    std::ostringstream text;
    json_log log{text, {.wall_clock = []() -> system_clock::time_point { throw std::runtime_error{"no time"}; }}};
    log.write({.message = "when?"});
    EXPECT_EQ(log.lost(), 1U);
    EXPECT_TRUE(text.str().empty());
}

TEST(spdlog_sink, brings_the_programs_own_lines_into_the_same_log) {
    log_in_memory memory;
    spdlog::logger shop{"shop", std::make_shared<spdlog_sink>(memory.log)};
    shop.set_level(spdlog::level::trace);
    shop.warn("only {} left", 3);
    EXPECT_EQ(memory.only_line()["logger"], "shop");
    EXPECT_EQ(memory.only_line()["message"], "only 3 left");
    EXPECT_EQ(memory.only_line()["level"], "warning");
}

TEST(spdlog_sink, has_one_of_our_levels_for_each_of_spdlogs) {
    namespace level = spdlog::level;
    EXPECT_EQ(to_severity(level::trace), severity::debug);
    EXPECT_EQ(to_severity(level::debug), severity::debug);
    EXPECT_EQ(to_severity(level::info), severity::info);
    EXPECT_EQ(to_severity(level::warn), severity::warning);
    EXPECT_EQ(to_severity(level::err), severity::error);
    EXPECT_EQ(to_severity(level::critical), severity::error);
}

}  // namespace
}  // namespace cutwater
