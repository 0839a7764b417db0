#include "apps/cutwater/call_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <system_error>

#include "apps/cutwater/units.hpp"

namespace cutwater::app {

namespace {

/// An option whose text `parse` reads into `into`.
template <class Value, class Parse>
CLI::Option* add_parsed(CLI::App& command, const std::string& flag, Value& into, Parse parse, const std::string& help) {
    return command.add_option_function<std::string>(
        flag,
        [&into, parse, flag](const std::string& text) {
            auto value = parse(text);
            if (!value) throw CLI::ValidationError{flag, value.error()};
            into = *value;
        },
        help);
}

CLI::Option* add_duration(CLI::App& command, const std::string& flag, duration& into, const std::string& help) {
    return add_parsed(command, flag, into, parse_duration, help)->type_name("DURATION")->default_str(to_text(into));
}

void add_request_options(CLI::App& command, call_settings& s) {
    command.add_option("URL", s.url, "where to: http:// or https://");
    command.add_option("-X,--request", s.method, "the method; GET, or POST where there is a body")->type_name("METHOD");
    command.add_option("-H,--header", s.headers, "a header field, \"Name: value\"; again for each")
        ->type_name("FIELD")
        ->allow_extra_args(false);
    command.add_option("-d,--data", s.data, "the body: text, @FILE, or - for standard input")->type_name("TEXT");
    command.add_flag(
        "-k,--insecure", [&s](std::int64_t) { s.client.certificates = certificate_check::off; },
        "accept any certificate: anybody on the way can read and change everything");
    command.add_option("--cacert", s.client.ca_file, "trust these certificates (PEM), not the system's")
        ->type_name("FILE");
    add_parsed(command, "--max-body", s.client.max_body, parse_size, "the largest body of an answer that is taken")
        ->type_name("SIZE")
        ->default_str("16MiB");
}

void add_time_options(CLI::App& command, call_settings& s) {
    const std::string group = "Time";
    add_duration(command, "--timeout", s.total.after, "for the whole call, all attempts and waits")->group(group);
    add_duration(command, "--attempt-timeout", s.attempt.after, "for each attempt")->group(group);
}

void add_retry_options(CLI::App& command, call_settings& s) {
    const std::string group = "Retries";
    CLI::Option* const attempts =
        command.add_option("--max-attempts", s.retrying.max_attempts, "attempts in all, the first included")
            ->type_name("N")
            ->group(group)
            ->capture_default_str();
    command
        .add_option_function<unsigned>(
            "--retries", [&s](unsigned retries) { s.retrying.max_attempts = retries < ~0U ? retries + 1 : retries; },
            "the same without the first")
        ->type_name("N")
        ->group(group)
        ->excludes(attempts);
    add_duration(command, "--base-delay", s.retrying.base_delay, "the first wait; each further one is twice as long")
        ->group(group);
    add_duration(command, "--max-delay", s.retrying.max_delay, "the longest wait")->group(group);
    add_duration(command, "--max-retry-after", s.retrying.max_retry_after,
                 "the longest Retry-After that is waited for; a longer one ends the call")
        ->group(group);
    const std::map<std::string, jitter> jitters{{"full", jitter::full},
                                                {"equal", jitter::equal},
                                                {"decorrelated", jitter::decorrelated},
                                                {"additive", jitter::additive},
                                                {"none", jitter::none}};
    command
        .add_option_function<std::string>(
            "--jitter", [&s, jitters](const std::string& kind) { s.retrying.jitter = jitters.at(kind); },
            "how chance changes a wait")
        ->check(CLI::IsMember{jitters})
        ->type_name("full|equal|decorrelated|additive|none")
        ->default_str("full")
        ->group(group);
    add_parsed(command, "--retry-status", s.transient, status_set::parse,
               "statuses that are tried again, such as 429,500-504")
        ->type_name("LIST")
        ->default_str("408,425,429,502-504")
        ->group(group);
    command.add_flag("--retry-500", s.retry_500, "try a 500 again as well")->group(group);
    command
        .add_flag("--idempotent", s.idempotent, "may be sent twice although the method (POST, PATCH) does not say so")
        ->group(group);
}

void add_protection_options(CLI::App& command, call_settings& s) {
    const std::string group = "Circuit breaker and bulkhead";
    command.add_option("--breaker-failure-rate", s.breaking.failure_rate, "opens at this share of failed attempts")
        ->type_name("0..1")
        ->group(group)
        ->capture_default_str();
    command
        .add_option("--breaker-minimum-calls", s.breaking.minimum_calls, "and not below so many attempts in the window")
        ->type_name("N")
        ->group(group)
        ->capture_default_str();
    add_duration(command, "--breaker-window", s.breaking.window_time, "how far back it looks")->group(group);
    command
        .add_option_function<unsigned>(
            "--breaker-consecutive",
            [&s](unsigned failures) {
                s.breaking.window = breaker_window::consecutive;
                s.breaking.consecutive_failures = failures;
            },
            "no rate: opens at so many failures in a row")
        ->type_name("N")
        ->group(group);
    add_duration(command, "--breaker-open-for", s.breaking.open_for, "how long it stays open before it probes")
        ->group(group);
    command.add_option("--max-concurrent", s.max_concurrent, "attempts at once; none: as --concurrency")
        ->type_name("N")
        ->check(CLI::Range(1U, 1'000'000U))
        ->group(group);
    command.add_option("--max-queue", s.isolating.max_queue, "attempts that may wait for a place")
        ->type_name("N")
        ->group(group)
        ->capture_default_str();
}

void add_output_options(CLI::App& command, call_settings& s) {
    const std::string group = "Output";
    command.add_flag("-i,--include", s.include, "print status and header before the body")->group(group);
    command.add_option("-o,--output", s.output, "write the answer there, not to standard output")
        ->type_name("FILE")
        ->group(group);
    command.add_flag("-s,--silent", s.silent, "nothing on standard error, but for --explain and wrong usage")
        ->group(group);
    command.add_option("--events", s.events, "events from this level on, as JSON lines on standard error")
        ->check(CLI::IsMember({"debug", "info", "warning", "error", "none"}))
        ->type_name("debug|info|warning|error|none")
        ->default_str("warning")
        ->group(group);
    command
        .add_flag("--explain", s.explain, "afterwards, the ledger of the call: each attempt, wait and refusal, and why")
        ->group(group);
}

void add_repeat_options(CLI::App& command, call_settings& s) {
    const std::string group = "Many calls through one pipeline";
    CLI::Option* const repeat =
        command.add_option("--repeat", s.repeat, "so many calls, and a summary in place of the answers")
            ->type_name("N")
            ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{10'000'000}))
            ->group(group);
    for (const auto* const alone : {"--include", "--output", "--explain"}) repeat->excludes(command.get_option(alone));
    command.add_option("--concurrency", s.concurrency, "of them at once")
        ->type_name("N")
        ->check(CLI::Range(1U, 10'000U))
        ->needs(repeat)
        ->group(group)
        ->capture_default_str();
}

/// The flag of an option of a policy's, where it is not just the option's name.
std::string flag_of(const std::string& policy, std::string option) {
    if (policy == "total" && option == "after") return "--timeout";
    if (policy == "attempt" && option == "after") return "--attempt-timeout";
    if (policy == "circuit") option = option == "window_time" ? "breaker-window" : "breaker-" + option;
    if (option == "breaker-consecutive_failures") option = "breaker-consecutive";
    std::ranges::replace(option, '_', '-');
    return "--" + option;
}

template <class Options>
void add_problems(std::vector<std::string>& found, const Options& options) {
    for (const option_problem& p : problems_of(options))
        found.push_back(
            fmt::format("{}: {} is out of range; allowed: {}", flag_of(options.name, p.option), p.value, p.allowed));
}

std::expected<std::string, std::string> read_all(std::istream& in, std::string_view what) {
    std::string all{std::istreambuf_iterator<char>{in}, {}};
    if (in.bad()) return std::unexpected{fmt::format("--data: cannot read {}", what)};
    return all;
}

std::expected<std::string, std::string> body_of(const std::string& data) {
    if (data == "-" || data == "@-") return read_all(std::cin, "standard input");
    if (!data.starts_with('@')) return data;
    const std::string name = data.substr(1);
    std::ifstream file{name, std::ios::binary};
    if (!file)
        return std::unexpected{fmt::format("--data: cannot read {}: {}", name, std::generic_category().message(errno))};
    return read_all(file, name);
}

/// `Name: value`; blanks round the value go.
std::expected<http_field, std::string> field_of(const std::string& text) {
    const auto colon = text.find(':');
    if (colon == std::string::npos || colon == 0)
        return std::unexpected{fmt::format("--header: \"{}\" is no field; write \"Name: value\"", text)};
    const auto first = text.find_first_not_of(" \t", colon + 1);
    if (first == std::string::npos) return http_field{text.substr(0, colon), ""};
    return http_field{text.substr(0, colon), text.substr(first, text.find_last_not_of(" \t") - first + 1)};
}

}  // namespace

void add_call_options(CLI::App& command, call_settings& settings) {
    add_request_options(command, settings);
    add_time_options(command, settings);
    add_retry_options(command, settings);
    add_protection_options(command, settings);
    add_output_options(command, settings);
    add_repeat_options(command, settings);
}

std::vector<std::string> complete(call_settings& s) {
    if (s.retry_500) s.transient.add(500);
    s.retrying.min_delay = std::min(s.retrying.min_delay, std::max(s.retrying.max_delay, duration::zero()));
    s.breaking.open_max = std::max(s.breaking.open_max, s.breaking.open_for);
    s.isolating.max_concurrent = s.max_concurrent > 0 ? s.max_concurrent : s.concurrency;
    if (s.method.empty()) s.method = s.data ? "POST" : "GET";
    std::vector<std::string> found;
    if (s.url.empty()) found.emplace_back("a URL is wanted, such as https://stock.example/items/7");
    add_problems(found, s.total);
    add_problems(found, s.attempt);
    add_problems(found, s.retrying);
    add_problems(found, s.breaking);
    add_problems(found, s.isolating);
    add_problems(found, s.client);
    return found;
}

std::expected<http_request, std::string> request_of(const call_settings& s) {
    auto url = http_url::parse(s.url);
    if (!url) return std::unexpected{url.error()};
    http_request request{.method = s.method, .url = std::move(*url)};
    for (const std::string& header : s.headers) {
        auto field = field_of(header);
        if (!field) return std::unexpected{field.error()};
        request.fields.add(std::move(field->name), std::move(field->value));
    }
    if (!s.data) return request;
    auto body = body_of(*s.data);
    if (!body) return std::unexpected{body.error()};
    request.body = std::move(*body);
    if (!request.fields.find("content-type")) request.fields.add("Content-Type", "application/x-www-form-urlencoded");
    return request;
}

}  // namespace cutwater::app
