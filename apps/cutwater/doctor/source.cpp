#include "apps/cutwater/doctor/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <nlohmann/json.hpp>

#include "apps/cutwater/console/pass_on.hpp"
#include "apps/cutwater/doctor/log.hpp"
#include "apps/cutwater/doctor/rules.hpp"
#include "cutwater/asio.hpp"
#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/http/http_client.hpp"
#include "cutwater/http/http_error.hpp"
#include "cutwater/http/http_fields.hpp"
#include "cutwater/http/http_rules.hpp"

namespace cutwater::app {

namespace asio = boost::asio;

namespace {

using page_or_problem = std::expected<metrics_page, std::string>;

constexpr std::string_view ours = "cutwater_";

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

/// Why there is no answer.
std::string words_of(const error& e, std::size_t most) {
    if (e.code() != http_errc::body_too_large) return e.message();
    return fmt::format("its answer is larger than {:.3g} MiB, which is the most that is read",
                       static_cast<double>(most) / 1024 / 1024);
}

/// The body of an answer, by a call with limits and a retry. The place is what errors name.
std::expected<std::string, std::string> fetch(const std::string& address, const doctor_source& source) {
    if (const auto place = http_url::parse(source.place); !place) return std::unexpected{place.error()};
    const auto url = http_url::parse(address);
    if (!url) return std::unexpected{url.error()};
    const http_client client{{.max_body = source.most, .user_agent = "cutwater-doctor"}};
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
    if (!*got) return std::unexpected{fmt::format("{}: {}", source.place, words_of(got->error(), source.most))};
    http_response& answer = **got;
    if (answer.status != 200) return std::unexpected{fmt::format("{}: {}", source.place, complaint_of(answer))};
    return std::move(answer.body);
}

/// Whether a page has something to look at.
bool has_ours(const metrics_page& page) {
    return std::ranges::any_of(page, [](const page_sample& s) { return s.name.starts_with(ours); });
}

/// As it is in a page, without the value.
std::string series_of(const page_sample& s) {
    std::string labels;
    for (const page_label& each : s.labels)
        labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", each.name, each.value);
    return labels.empty() ? s.name : fmt::format("{}{{{}}}", s.name, labels);
}

/// What no page has: a series twice, or one of ours that counts and is no count.
std::string wrong_in(const metrics_page& page) {
    std::set<std::pair<std::string_view, std::vector<page_label>>> seen;
    for (const page_sample& s : page) {
        std::vector<page_label> labels = s.labels;
        std::ranges::sort(labels);
        if (!seen.emplace(s.name, std::move(labels)).second)
            return fmt::format("says twice what {} is: are these two pages?", series_of(s));
        const bool counts = std::ranges::any_of(std::array<std::string_view, 3>{"_total", "_count", "_bucket"},
                                                [&](std::string_view end) { return s.name.ends_with(end); });
        if (counts && s.name.starts_with(ours) && (s.value < 0 || !std::isfinite(s.value)))
            return fmt::format("says that {} is {}, and that is no count", series_of(s), s.value);
    }
    return {};
}

/// Why a page is not judged: it has nothing that is ours, or no end, or what no page has. Nothing where it is as it should be.
std::string lack_of(const metrics_page& page, std::string_view text) {
    if (page.empty()) return "has no metrics";
    if (!has_ours(page)) return "has no metric of cutwater's";
    if (!text.ends_with('\n') && !text.ends_with("# EOF"))
        return "is cut off: its last line has no end, as the last line of a page has";
    return wrong_in(page);
}

page_or_problem fetch_page(const doctor_source& source) {
    const auto body = fetch(source.place, source);
    if (!body) return std::unexpected{body.error()};
    auto page = parse_metrics_page(*body);
    if (!page) return std::unexpected{fmt::format("{} is no page of metrics: {}", source.place, page.error())};
    if (const auto lack = lack_of(*page, *body); !lack.empty())
        return std::unexpected{fmt::format("{} {}", source.place, lack)};
    return page;
}

std::expected<doctor_view, std::string> look_at_page(const doctor_source& source) {
    auto first = fetch_page(source);
    if (!first) return std::unexpected{first.error()};
    if (source.between_looks <= duration::zero()) return doctor_view{std::move(*first)};
    const instant looked = now();
    std::this_thread::sleep_for(source.between_looks);
    auto second = fetch_page(source);
    if (!second) return std::unexpected{second.error()};
    return doctor_view{std::move(*second), *first, between(looked, now())};
}

page_or_problem ask(const doctor_source& source, const std::string& query) {
    std::string address = source.place;
    while (address.ends_with('/')) address.pop_back();
    address += "/api/v1/query?query=" + boost::urls::encode(query, boost::urls::unreserved_chars);
    const auto body = fetch(address, source);
    if (!body) return std::unexpected{body.error()};
    return parse_query_answer(*body);
}

std::expected<doctor_view, std::string> look_at_prometheus(const doctor_source& source) {
    auto page = ask(source, prometheus_query(""));
    if (!page) return std::unexpected{page.error()};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(source.over).count();
    const auto before = ask(source, prometheus_query(fmt::format(" offset {}s", seconds)));
    if (!before) return std::unexpected{before.error()};
    const std::string ago = to_text(source.over) + " ago";
    if (page->empty() && before->empty())
        return std::unexpected{fmt::format("{} has no metric of cutwater's, now or {}", source.place, ago)};
    if (page->empty())
        return std::unexpected{
            fmt::format("{} has no metric of cutwater's now; {} it had: is the service gone, or no longer scraped?",
                        source.place, ago)};
    doctor_view seen =
        before->empty() ? doctor_view{std::move(*page)} : doctor_view{std::move(*page), *before, source.over};
    seen.came_from(looked_at::prometheus);
    if (before->empty())  // nobody knows then when what is counted began
        seen.note(
            fmt::format("{} has nothing of {}: what is judged is all since each instance began", source.place, ago));
    return seen;
}

/// As Prometheus writes them: `7`, `1e-310`, `+Inf`, `NaN`. What is too small for a number of ours is zero.
std::optional<double> value_of(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || read.ptr != text.data() + text.size()) return std::nullopt;
    if (read.ec == std::errc{}) return value;
    if (read.ec != std::errc::result_out_of_range) return std::nullopt;
    const auto exponent = text.find_first_of("eE");
    const bool is_tiny = exponent != std::string_view::npos && text.substr(exponent + 1).starts_with('-');
    return is_tiny ? std::optional{0.0} : std::nullopt;
}

/// One of its results.
std::expected<page_sample, std::string> sample_of(const nlohmann::json& result) {
    const nlohmann::json::json_pointer value{"/value/1"};
    if (!result.is_object() || !result.contains("metric") || !result.at("metric").is_object() ||
        !result.contains(value) || !result.at(value).is_string())
        return std::unexpected{"one of its results is no metric with a value"};
    page_sample made;
    for (const auto& [label, text] : result.at("metric").items()) {
        if (!text.is_string()) return std::unexpected{fmt::format("its label {} is no text", label)};
        if (label == "__name__")
            made.name = text.get<std::string>();
        else
            made.labels.push_back({label, text.get<std::string>()});
    }
    const auto& written = result.at(value).get_ref<const std::string&>();
    const auto number = value_of(written);
    if (!number) return std::unexpected{fmt::format("\"{}\" is no number", written.substr(0, 100))};
    made.value = *number;
    return made;
}

/// A server's address without its scheme is taken for a file: `127.0.0.1:9090/metrics`, `service.example:9100`.
std::string meant_instead_of(const std::string& file) {
    const auto url = http_url::parse("http://" + file);
    const std::string server = file.substr(0, file.find('/'));
    const bool names_server = server.find_first_of(".:") != std::string::npos && server.find_first_not_of('.') == 0;
    if (!url || !names_server) return {};
    return fmt::format("; did you mean \"http://{}\"?", file);
}

std::expected<doctor_view, std::string> look_at_file(const std::string& file) {
    if (file == "-") {
        return look_at_text({std::istreambuf_iterator<char>{std::cin}, {}}, "standard input");
    }
    errno = 0;
    std::ifstream in{file};
    const bool is_there = in.is_open() && (in.peek() != std::ifstream::traits_type::eof() || errno == 0);
    if (!is_there)
        return std::unexpected{fmt::format("cannot read {}: {}{}", file, std::generic_category().message(errno),
                                           errno == ENOENT ? meant_instead_of(file) : std::string{})};
    in.clear();
    return look_at_text({std::istreambuf_iterator<char>{in}, {}}, file);
}

}  // namespace

bool is_url(std::string_view place) {
    constexpr std::string_view plain = "http://";
    constexpr std::string_view tls = "https://";
    return same_field(place.substr(0, plain.size()), plain) || same_field(place.substr(0, tls.size()), tls);
}

std::string prometheus_query(const std::string& offset) {
    constexpr std::string_view of_histogram = "_bucket";
    std::string query;
    std::string names;
    for (const std::string_view each : metrics_of_rules()) {
        if (each.ends_with(of_histogram))
            query += fmt::format(" or {}{{verdict=\"success\"}}{}", each, offset);
        else
            names += fmt::format("{}{}", names.empty() ? "" : "|", each);
    }
    return fmt::format("{{__name__=~\"{}\"}}{}{}", names, offset, query);
}

page_or_problem parse_query_answer(const std::string& body) {
    const auto answer = nlohmann::json::parse(body, nullptr, false);
    const auto none = [](const std::string& why) { return std::unexpected{"this is no answer of Prometheus: " + why}; };
    if (!answer.is_object() || !answer.contains("status") || answer.at("status") != "success")
        return none(body.substr(0, 100));
    const nlohmann::json::json_pointer where{"/data/result"};
    if (!answer.contains(where) || !answer.at(where).is_array()) return none("it has no results");
    metrics_page page;
    for (const nlohmann::json& each : answer.at(where)) {
        auto sample = sample_of(each);
        if (!sample) return none(sample.error());
        page.push_back(std::move(*sample));
    }
    return page;
}

std::expected<doctor_view, std::string> look_at_text(std::string text, const std::string& called) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) return std::unexpected{called + " is empty"};
    if (text[begin] != '{') {
        auto page = parse_metrics_page(text);
        if (page) {
            if (const auto lack = lack_of(*page, text); !lack.empty())
                return std::unexpected{fmt::format("{} {}", called, lack)};
            return doctor_view{std::move(*page)};
        }
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
