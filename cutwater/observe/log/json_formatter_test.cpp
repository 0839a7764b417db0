#include "cutwater/observe/log/json_formatter.hpp"

#include <gmock/gmock.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <nlohmann/json.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>

#include "test/servers/scratch_folder.hpp"

namespace cutwater {
namespace {

using nlohmann::json;
using ::testing::EndsWith;

/// A logger of spdlog's whose sink has our format.
class formatted {
public:
    explicit formatted(json_formatter_options options = {}, std::string name = "shop") : log{std::move(name), sink_} {
        sink_->set_formatter(std::make_unique<json_formatter>(std::move(options)));
        log.set_level(spdlog::level::trace);
    }
    [[nodiscard]] std::string text() const { return text_.str(); }
    [[nodiscard]] json line() const { return json::parse(text_.str()); }

private:
    std::ostringstream text_;
    std::shared_ptr<spdlog::sinks::ostream_sink_st> sink_ = std::make_shared<spdlog::sinks::ostream_sink_st>(text_);

public:
    spdlog::logger log;
};

TEST(json_formatter, makes_of_a_message_one_line_with_the_keys_of_ours) {
    formatted shop;
    shop.log.warn("only {} left\n\"really\"", 3);
    EXPECT_THAT(shop.text(), EndsWith("}\n"));
    EXPECT_EQ(std::ranges::count(shop.text(), '\n'), 1);
    const json line = shop.line();
    EXPECT_EQ(line["level"], "warning");
    EXPECT_EQ(line["logger"], "shop");
    EXPECT_EQ(line["message"], "only 3 left\n\"really\"");
    EXPECT_EQ(line.size(), 4U) << "and nothing else: " << line;
}

TEST(json_formatter, has_the_time_of_the_message) {
    formatted shop;
    const auto noon = std::chrono::sys_days{std::chrono::year{2024} / 5 / 1} + std::chrono::hours{12};
    shop.log.log(noon + std::chrono::milliseconds{42}, spdlog::source_loc{}, spdlog::level::info, "now");
    EXPECT_EQ(shop.line()["timestamp"], "2024-05-01T12:00:00.042Z");
}

TEST(json_formatter, says_where_in_the_source_a_message_is_from) {
    formatted shop;
    shop.log.log(spdlog::source_loc{"shop.cpp", 12, "sell"}, spdlog::level::err, "sold out");
    EXPECT_EQ(shop.line()["source"], "shop.cpp:12");
}

TEST(json_formatter, adds_fields_to_each_line_and_protects_the_reserved_keys) {
    int request = 0;
    formatted shop{{.always = [&](field_visitor& line) {
        line.on_text("service", "shop");
        line.on_integer("request", ++request);
        line.on_text("level", "mine");
        line.on_duration("up", std::chrono::seconds{2});
    }}};
    shop.log.info("open");
    const json line = shop.line();
    EXPECT_EQ(line["service"], "shop");
    EXPECT_EQ(line["request"], 1);
    EXPECT_EQ(line["level"], "info");
    EXPECT_EQ(line["field_level"], "mine");
    EXPECT_EQ(line["up_ms"], 2000.0);
}

TEST(json_formatter, writes_the_line_without_them_where_a_field_throws) {
    formatted shop{{.always = [](field_visitor&) { throw std::runtime_error{"no request"}; }}};
    shop.log.info("open");
    EXPECT_EQ(shop.line()["message"], "open");
}

TEST(json_formatter, names_a_logger_that_has_no_name) {
    formatted nameless{{.logger = "main"}, ""};
    nameless.log.info("open");
    EXPECT_EQ(nameless.line()["logger"], "main");
}

TEST(json_formatter, replaces_bytes_that_are_not_utf8) {
    formatted shop;
    shop.log.info(std::string_view{"caf\xe9"});
    EXPECT_EQ(shop.line()["message"], "caf\ufffd");
}

TEST(json_formatter, is_cloned_whole_for_each_sink_of_a_logger) {
    const json_formatter first{{.logger = "main",
                                .always = [](field_visitor& line) { line.on_text("service", "shop"); },
                                .end_of_line = "\r\n"}};
    spdlog::memory_buf_t into;
    first.clone()->format(spdlog::details::log_msg{"", spdlog::level::info, "open"}, into);
    const std::string text{into.data(), into.size()};
    EXPECT_THAT(text, EndsWith("\r\n"));
    const json line = json::parse(text);
    EXPECT_EQ(line["logger"], "main");
    EXPECT_EQ(line["service"], "shop");
}

TEST(json_formatter, serves_files_that_rotate) {
    const testing::scratch_folder folder;
    {
        auto file = std::make_shared<spdlog::sinks::rotating_file_sink_st>(folder.file("shop.log"), 1000, 3);
        file->set_formatter(std::make_unique<json_formatter>());
        spdlog::logger shop{"shop", file};
        for (int i = 0; i < 100; ++i) shop.info("sold {}", i);
    }
    int files = 0;
    for (const auto& each : std::filesystem::directory_iterator{folder.path()}) {
        ++files;
        std::ifstream in{each.path()};
        for (std::string line; std::getline(in, line);) EXPECT_TRUE(json::accept(line)) << line;
    }
    EXPECT_EQ(files, 4);
}

}  // namespace
}  // namespace cutwater
