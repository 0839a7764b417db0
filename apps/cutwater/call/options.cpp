#include "apps/cutwater/call/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "apps/cutwater/console/units.hpp"
#include "cutwater/core/tried_targets.hpp"

namespace cutwater::app {

namespace {

template <class Value>
auto into_value(Value& into) {
    return [&into](Value value) { into = std::move(value); };
}

/// The options of one heading of the help.
class heading {
public:
    heading(CLI::App& command, std::string group) : command_{&command}, group_{std::move(group)} {}

    /// Its text is read by `parse`, and what that gives is taken by `set`.
    template <class Parse, class Set>
    CLI::Option* parsed(const std::string& flag, Parse parse, Set set, const std::string& help) const {
        const auto read = [=](const std::string& text) {
            auto value = parse(text);
            if (!value) throw CLI::ValidationError{flag, value.error()};
            set(std::move(*value));
        };
        return command_->add_option_function<std::string>(flag, read, help)->group(group_);
    }

    CLI::Option* time(const std::string& flag, duration& into, const std::string& help) const {
        return parsed(flag, parse_duration, into_value(into), help)->type_name("DURATION")->default_str(to_text(into));
    }
    CLI::Option* share(const std::string& flag, double& into, const std::string& help) const {
        return parsed(flag, parse_number, into_value(into), help)->type_name("0..1")->default_str(to_text(into));
    }
    CLI::Option* count(const std::string& flag, unsigned& into, const std::string& help) const {
        return parsed(flag, parse_unsigned, into_value(into), help)->type_name("N")->default_str(std::to_string(into));
    }
    template <class Set>
    CLI::Option* count_to(const std::string& flag, Set set, const std::string& help) const {
        return parsed(flag, parse_unsigned, set, help)->type_name("N");
    }
    template <class Into>
    CLI::Option* text(const std::string& flag, Into& into, const std::string& type, const std::string& help) const {
        return command_->add_option(flag, into, help)->type_name(type)->group(group_);
    }
    CLI::Option* flag(const std::string& name, bool& into, const std::string& help) const {
        return command_->add_flag(name, into, help)->group(group_);
    }

private:
    static std::expected<unsigned, std::string> parse_unsigned(std::string_view text) {
        const auto count = parse_count(text);
        if (!count) return std::unexpected{count.error()};
        if (*count > std::numeric_limits<unsigned>::max()) return std::unexpected{fmt::format("{} is too large", text)};
        return static_cast<unsigned>(*count);
    }

    CLI::App* command_;
    std::string group_;
};

std::expected<jitter, std::string> parse_jitter(std::string_view text) {
    for (const jitter j : {jitter::full, jitter::equal, jitter::decorrelated, jitter::additive, jitter::none})
        if (to_text(j) == text) return j;
    return std::unexpected{fmt::format("\"{}\" is none of: full, equal, decorrelated, additive, none", text)};
}

std::expected<endpoint_picker, std::string> parse_picker(std::string_view text) {
    for (const endpoint_picker p : {endpoint_picker::least_in_flight, endpoint_picker::least_latency})
        if (to_text(p) == text) return p;
    return std::unexpected{fmt::format("\"{}\" is none of: least_in_flight, least_latency", text)};
}

std::expected<std::string, std::string> parse_level(const std::string& text) {
    constexpr std::array<std::string_view, 5> levels{"debug", "info", "warning", "error", "none"};
    if (std::ranges::find(levels, text) != levels.end()) return text;
    return std::unexpected{fmt::format("\"{}\" is none of: debug, info, warning, error, none", text)};
}

void add_request_options(CLI::App& command, call_settings& s) {
    const heading in{command, "Request"};
    command.add_option("URL", s.url, "where to: http:// or https://; with --endpoint the path behind each")
        ->type_name("");
    in.text("-X,--request", s.method, "METHOD", "the method; GET, or POST where there is a body");
    in.text("-H,--header", s.headers, "FIELD", "a header field, \"Name: value\"; again for each")
        ->allow_extra_args(false);
    in.text("-d,--data", s.data, "TEXT", "the body: text, @FILE, or - for standard input");
    command
        .add_flag(
            "-k,--insecure", [&s](std::int64_t) { s.client.certificates = certificate_check::off; },
            "accept any certificate: anybody on the way can read and change everything")
        ->group("Request");
    in.text("--cacert", s.client.ca_file, "FILE", "trust these certificates (PEM), not the system's");
    in.parsed("--max-body", parse_size, into_value(s.client.max_body), "the largest body of an answer that is taken")
        ->type_name("SIZE")
        ->default_str("16MiB");
}

void add_time_options(CLI::App& command, call_settings& s) {
    const heading in{command, "Time"};
    in.time("--timeout", s.total.after, "for the whole call, all attempts and waits");
    in.time("--attempt-timeout", s.attempt.after, "for each attempt");
}

void add_retry_options(CLI::App& command, call_settings& s) {
    const heading in{command, "Retries"};
    const auto set = [&s](unsigned attempts) {
        s.retrying.max_attempts = attempts;
        s.attempts_are_said = true;
    };
    CLI::Option* const attempts =
        in.count_to(
              "--max-attempts", set,
              fmt::format("attempts in all, the first and hedges included; with more endpoints one for each, up to {}",
                          tried_targets::most))
            ->default_str(std::to_string(s.retrying.max_attempts));
    in.count_to(
          "--retries",
          [set](unsigned retries) { set(std::min(retries, std::numeric_limits<unsigned>::max() - 1) + 1); },
          "the same without the first")
        ->excludes(attempts);
    in.time("--base-delay", s.retrying.base_delay, "the first wait; each further one is twice as long");
    in.time("--max-delay", s.retrying.max_delay, "the longest wait; of many endpoints, half of --timeout for all");
    in.time("--max-retry-after", s.retrying.max_retry_after,
            "the longest Retry-After that is waited for; a longer one ends the call");
    in.parsed("--jitter", parse_jitter, into_value(s.retrying.jitter),
              "how chance changes a wait: full, equal, decorrelated, additive or none")
        ->type_name("KIND")
        ->default_str("full");
    in.parsed("--retry-status", status_set::parse, into_value(s.transient),
              "statuses that are tried again, such as 429,500-504")
        ->type_name("LIST")
        ->default_str("408,425,429,502-504");
    in.flag("--retry-500", s.retry_500, "try a 500 again as well");
    in.flag("--idempotent", s.idempotent, "may be sent twice although the method (POST, PATCH) does not say so");
}

void add_endpoint_options(CLI::App& command, call_settings& s) {
    const heading in{command, "Endpoints"};
    CLI::Option* const each = in.text("--endpoint", s.bases, "BASE",
                                      "a server that has what is asked for; again for each. URL is then a path, which "
                                      "is put behind it. A retry goes elsewhere")
                                  ->allow_extra_args(false);
    in.count("--endpoint-consecutive", s.choosing.consecutive_failures,
             "so many failures in a row eject one: it gets nothing for a while; 0: nobody is ejected")
        ->needs(each);
    in.time("--endpoint-ejected-for", s.choosing.base_ejection,
            "how long the first time; in a row, twice, three times as long, up to 5min, or this if longer")
        ->needs(each);
    in.share("--endpoint-max-ejected", s.choosing.max_ejected,
             "at most this share of them at once; where all are ejected, all are asked")
        ->needs(each);
    in.parsed("--endpoint-picker", parse_picker, into_value(s.choosing.picker),
              "which of two is asked: the one with the least_in_flight, or with the least_latency as well")
        ->type_name("KIND")
        ->default_str("least_in_flight")
        ->needs(each);
    in.parsed(
          "--hedge", parse_duration, [&s](duration delay) { s.hedge = delay; },
          "an attempt that takes longer gets another beside it, elsewhere; the first good answer counts. Only what is "
          "idempotent, and one of --max-attempts")
        ->type_name("DURATION");
}

void add_protection_options(CLI::App& command, call_settings& s) {
    const heading in{command, "Circuit breaker and bulkhead"};
    CLI::Option* const rate =
        in.share("--breaker-failure-rate", s.breaking.failure_rate,
                 "opens at this share of failed attempts; with several endpoints, of failed calls");
    in.count("--breaker-minimum-calls", s.breaking.minimum_calls, "and not below so many attempts in the window");
    in.time("--breaker-window", s.breaking.window_time, "how far back it looks");
    in.count_to(
          "--breaker-consecutive",
          [&s](unsigned failures) {
              s.breaking.window = breaker_window::consecutive;
              s.breaking.consecutive_failures = failures;
          },
          "no rate: opens at so many failures in a row")
        ->excludes(rate);
    in.time("--breaker-open-for", s.breaking.open_for, "how long it stays open before it probes");
    in.count_to(
        "--max-concurrent", [&s](unsigned most) { s.max_concurrent = most; },
        "attempts at once; without it, as --concurrency; with --hedge twice that");
    in.count("--max-queue", s.isolating.max_queue, "attempts that may wait for a place");
}

void add_output_options(CLI::App& command, call_settings& s) {
    const heading in{command, "Output"};
    in.flag("-i,--include", s.include, "print status and header before the body");
    in.text("-o,--output", s.output, "FILE", "write the answer there, not to standard output");
    in.flag("-s,--silent", s.silent, "nothing on standard error, but for --explain and wrong usage");
    in.parsed(
          "--events", parse_level, [&s](std::string level) { s.events = std::move(level); },
          "events from this level on (debug, info, warning, error; or none), as JSON lines on standard error; with "
          "--explain or --repeat none unless asked for")
        ->type_name("LEVEL")
        ->default_str("warning");
    in.flag("--explain", s.explain, "afterwards, the ledger of the call: each attempt, wait and refusal, and why");
    in.text("--ledger", s.ledger, "FILE", "save that ledger; cutwater explain --ledger FILE draws it");
}

void add_repeat_options(CLI::App& command, call_settings& s) {
    const heading in{command, "Many calls through one pipeline"};
    CLI::Option* const repeat =
        in.parsed(
              "--repeat", parse_count, [&s](std::uint64_t calls) { s.repeat = calls; },
              "so many calls, and a summary in place of the answers; not with -i, -o, --explain and --ledger")
            ->type_name("N");
    for (const auto* const alone : {"--include", "--output", "--explain", "--ledger"})
        repeat->excludes(command.get_option(alone));
    in.count("--concurrency", s.concurrency, "of them at once")->needs(repeat);
    in.flag("--json", s.json, "the summary as JSON, for machines")->needs(repeat);
}

}  // namespace

void add_call_options(CLI::App& command, call_settings& settings) {
    add_request_options(command, settings);
    add_time_options(command, settings);
    add_retry_options(command, settings);
    add_endpoint_options(command, settings);
    add_protection_options(command, settings);
    add_output_options(command, settings);
    add_repeat_options(command, settings);
}

}  // namespace cutwater::app
