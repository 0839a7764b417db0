#include "apps/cutwater/doctor_source.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <system_error>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <nlohmann/json.hpp>

#include "apps/cutwater/call_run.hpp"
#include "apps/cutwater/doctor_log.hpp"
#include "cutwater/asio.hpp"
#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/http/http_client.hpp"
#include "cutwater/http/http_fields.hpp"
#include "cutwater/http/http_rules.hpp"

namespace cutwater::app {

namespace asio = boost::asio;

namespace {

using page_or_problem = std::expected<metrics_page, std::string>;

/// Never destroyed: a look-up of a name may still be busy in its thread.
asio::io_context& lasting_context() {
    static auto* const context = new asio::io_context{1};
    return *context;
}

/// `400 Bad Request`, and what Prometheus says about it, which is JSON.
std::string complaint_of(const http_response& answer) {
    constexpr std::size_t shown = 200;
    return fmt::format("{} {}{}", answer.status, answer.reason,
                       answer.body.starts_with('{') ? ": " + answer.body.substr(0, shown) : "");
}

/// The body of an answer, by a call with a limit and a retry.
std::expected<std::string, std::string> fetch(const std::string& address) {
    const auto url = http_url::parse(address);
    if (!url) return std::unexpected{url.error()};
    const http_client client{{.user_agent = "cutwater-doctor"}};
    const http_request get{.url = *url};
    pipeline guarded{timeout{{.name = "total", .after = std::chrono::seconds{15}}}, retry{{.max_attempts = 2}},
                     timeout{{.name = "attempt", .after = std::chrono::seconds{5}}}, classify{http_rules{}}};
    const call_options said{.operation = "get_metrics", .idempotent = idempotency::idempotent};
    std::optional<result<http_response>> got;
    asio::io_context& context = lasting_context();
    context.restart();
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            got.emplace(co_await guarded.async_run(said, [&] { return client.send(get); }));
        },
        pass_on_what_is_thrown);
    while (!got) context.run_one();
    if (!*got) return std::unexpected{fmt::format("{}: {}", address, got->error().message())};
    const http_response& answer = **got;
    if (answer.status != 200) return std::unexpected{fmt::format("{}: {}", address, complaint_of(answer))};
    return answer.body;
}

page_or_problem fetch_page(const std::string& address) {
    const auto body = fetch(address);
    if (!body) return std::unexpected{body.error()};
    auto page = parse_metrics_page(*body);
    if (!page) return std::unexpected{fmt::format("{} is no page of metrics: {}", address, page.error())};
    return page;
}

std::expected<doctor_view, std::string> look_at_page(const doctor_source& source) {
    auto first = fetch_page(source.place);
    if (!first) return std::unexpected{first.error()};
    if (source.between_looks <= duration::zero()) return doctor_view{std::move(*first)};
    const instant looked = now();
    std::this_thread::sleep_for(source.between_looks);
    auto second = fetch_page(source.place);
    if (!second) return std::unexpected{second.error()};
    return doctor_view{std::move(*second), *first, between(looked, now())};
}

page_or_problem ask(const std::string& server, const std::string& query) {
    std::string address = server;
    while (address.ends_with('/')) address.pop_back();
    address += "/api/v1/query?query=" + boost::urls::encode(query, boost::urls::unreserved_chars);
    const auto body = fetch(address);
    if (!body) return std::unexpected{body.error()};
    return parse_query_answer(*body);
}

std::expected<doctor_view, std::string> look_at_prometheus(const doctor_source& source) {
    const std::string all = R"({__name__=~"cutwater_.+"})";
    auto page = ask(source.place, all);
    if (!page) return std::unexpected{page.error()};
    if (page->empty()) return std::unexpected{fmt::format("{} has no metric of cutwater's", source.place)};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(source.over).count();
    const auto before = ask(source.place, fmt::format("{} offset {}s", all, seconds));
    if (!before) return std::unexpected{before.error()};
    if (before->empty()) {  // nobody knows then when what is counted began
        doctor_view seen{std::move(*page)};
        seen.note(fmt::format("{} has nothing of {} ago: what is judged is all since each instance began", source.place,
                              to_text(source.over)));
        return seen;
    }
    return doctor_view{std::move(*page), *before, source.over};
}

bool is_url(std::string_view place) {
    constexpr std::string_view plain = "http://";
    constexpr std::string_view tls = "https://";
    return same_field(place.substr(0, plain.size()), plain) || same_field(place.substr(0, tls.size()), tls);
}

std::expected<doctor_view, std::string> look_at_file(const std::string& file) {
    if (file == "-") {
        const std::string text{std::istreambuf_iterator<char>{std::cin}, {}};
        return look_at_text(text, "standard input");
    }
    errno = 0;
    std::ifstream in{file};
    const bool is_there = in.is_open() && (in.peek() != std::ifstream::traits_type::eof() || errno == 0);
    if (!is_there)
        return std::unexpected{fmt::format("cannot read {}: {}", file, std::generic_category().message(errno))};
    in.clear();
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    return look_at_text(text, file);
}

}  // namespace

page_or_problem parse_query_answer(const std::string& body) {
    const auto answer = nlohmann::json::parse(body, nullptr, false);
    if (!answer.is_object() || !answer.contains("status") || answer.at("status") != "success")
        return std::unexpected{"this is no answer of Prometheus: " + body.substr(0, 100)};
    metrics_page page;
    try {
        for (const auto& each : answer.at("data").at("result")) {
            page_sample& made = page.emplace_back();
            for (const auto& [label, value] : each.at("metric").items()) {
                if (label == "__name__")
                    made.name = value.get<std::string>();
                else
                    made.labels.push_back({label, value.get<std::string>()});
            }
            made.value = std::stod(each.at("value").at(1).get<std::string>());
        }
    } catch (const std::exception& e) {
        return std::unexpected{std::string{"this is no answer of Prometheus: "} + e.what()};
    }
    return page;
}

std::expected<doctor_view, std::string> look_at_text(const std::string& text, const std::string& called) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    const bool begins_as_log = begin != std::string::npos && text[begin] == '{';
    if (!begins_as_log) {
        auto page = parse_metrics_page(text);
        if (page && page->empty()) return std::unexpected{called + " has no metrics"};
        if (page) return doctor_view{std::move(*page)};
        if (text.find("\n{") == std::string::npos)
            return std::unexpected{fmt::format("{} is neither a page of metrics nor a log of JSON lines (json_log): {}",
                                               called, page.error())};
    }
    std::istringstream lines{text};
    auto read = read_log(lines);
    if (!read) return std::unexpected{called + ": " + read.error()};
    return read;
}

std::expected<doctor_view, std::string> look_at(const doctor_source& source) {
    if (source.is_prometheus) return look_at_prometheus(source);
    if (is_url(source.place)) return look_at_page(source);
    return look_at_file(source.place);
}

}  // namespace cutwater::app
