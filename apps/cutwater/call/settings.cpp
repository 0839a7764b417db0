#include "apps/cutwater/call/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "cutwater/http/exchange.hpp"
#include "cutwater/http/method.hpp"

namespace cutwater::app {

namespace {

/// What was not said follows from what was.
void follow(retry_options& o) {
    if (o.max_delay <= duration::zero()) return;
    o.min_delay = std::min(o.min_delay, o.max_delay);
    if (o.base_delay == retry_options{}.base_delay) o.base_delay = std::min(o.base_delay, o.max_delay);
}
/// Each endpoint is asked once before one is asked again, as far as a call remembers them; waits leave half of the time for the attempts.
void follow(retry_options& o, std::size_t endpoints, duration total) {
    constexpr std::size_t most = tried_targets::most;
    const auto one_for_each = static_cast<unsigned>(std::min(endpoints, most));
    if (one_for_each <= o.max_attempts) return;
    o.max_attempts = one_for_each;
    if (o.max_delay != retry_options{}.max_delay || total <= duration::zero()) return;
    o.max_delay = std::clamp(total / (2 * one_for_each), std::min(o.base_delay, o.max_delay), o.max_delay);
    follow(o);
}
void follow(circuit_breaker_options& o) {
    o.open_max = std::max(o.open_max, o.open_for);
    const auto fit = std::max<duration::rep>(o.window_time / std::chrono::milliseconds{1}, 1);
    if (std::cmp_less(fit, o.window_buckets)) o.window_buckets = static_cast<unsigned>(fit);
}

void follow(endpoints_options& o) { o.max_ejection = std::max(o.max_ejection, o.base_ejection); }

const auto hedge_delays = within<duration>(hedge_options{}.min_delay, std::chrono::hours{24});

bool has_flag(std::string_view option) { return option != "min_delay" && option != "window_buckets"; }

/// The flag of an option of a policy's, where it is not just the option's name.
std::string flag_of(const std::string& policy, std::string option) {
    if (policy == "total" && option == "after") return "--timeout";
    if (policy == "attempt" && option == "after") return "--attempt-timeout";
    if (policy == "circuit") option = option == "window_time" ? "breaker-window" : "breaker-" + option;
    if (policy == "endpoints") option = option == "base_ejection" ? "endpoint-ejected-for" : "endpoint-" + option;
    if (option.ends_with("-consecutive_failures")) option.resize(option.size() - std::strlen("_failures"));
    if (option == "ca_file") option = "cacert";
    std::ranges::replace(option, '_', '-');
    return "--" + option;
}

template <class Options>
void add_problems(std::vector<std::string>& found, const Options& options) {
    std::ranges::move(in_flags(options.name, problems_of(options)), std::back_inserter(found));
}

/// A number that belongs to no policy.
template <class Number>
void add_problem(std::vector<std::string>& found, const std::string& flag, std::optional<Number> value,
                 range<Number> allowed) {
    if (value && !allowed.holds(*value))
        found.push_back(fmt::format("{} is {}, allowed is {}", flag, *value, allowed.text()));
}

std::expected<std::string, std::string> read_all(std::FILE* in, std::string_view what) {
    constexpr std::size_t most = 256UL * 1024 * 1024;
    std::string all;
    std::array<char, 65536> part{};
    while (in != nullptr && std::feof(in) == 0 && std::ferror(in) == 0) {  // at a terminal, the end is told once
        all.append(part.data(), std::fread(part.data(), 1, part.size(), in));
        if (all.size() > most)
            return std::unexpected{fmt::format("--data: {} has more than 256 MiB, which is the most of a body", what)};
    }
    if (in != nullptr && std::ferror(in) == 0) return all;
    return std::unexpected{fmt::format("--data: cannot read {}: {}", what, std::generic_category().message(errno))};
}

std::expected<std::string, std::string> body_of(const std::string& data) {
    if (data == "-" || data == "@-") return read_all(stdin, "standard input");
    if (!data.starts_with('@')) return data;
    const std::string name = data.substr(1);
    const std::unique_ptr<std::FILE, decltype([](std::FILE* f) { (void)std::fclose(f); })> file{
        std::fopen(name.c_str(), "rb")};
    return read_all(file.get(), name);
}

/// `Name: value`; blanks round the value go.
std::expected<http_field, std::string> field_of(const std::string& text) {
    const auto colon = text.find(':');
    if (colon == std::string::npos || colon == 0)
        return std::unexpected{fmt::format(R"(--header: "{}" is no field; write "Name: value")", text)};
    const auto first = text.find_first_not_of(" \t", colon + 1);
    if (first == std::string::npos) return http_field{text.substr(0, colon), ""};
    return http_field{text.substr(0, colon), text.substr(first, text.find_last_not_of(" \t") - first + 1)};
}

/// Where to; gives what is wrong with it.
std::vector<std::string> complete_target(call_settings& s) {
    if (s.bases.empty()) {
        if (s.url.empty()) return {"a URL is wanted, such as https://stock.example/items/7"};
        if (!s.url.starts_with('/')) return {};
        return {
            fmt::format("\"{}\" is a path and says no server: write the whole URL, or --endpoint http://… for each "
                        "server that has it",
                        s.url)};
    }
    auto made = endpoints_of(s.bases, s.url);
    if (!made) return std::move(made.error());
    s.at = std::move(*made);
    return {};
}

}  // namespace

std::vector<std::string> in_flags(const std::string& policy, const option_problems& problems) {
    std::vector<std::string> texts;
    for (const option_problem& p : problems)
        if (has_flag(p.option))
            texts.push_back(fmt::format("{} is {}, allowed is {}", flag_of(policy, p.option), p.value, p.allowed));
    return texts;
}

std::vector<std::string> complete(call_settings& s) {
    if (s.retry_500) s.transient.add(500);
    follow(s.retrying);
    follow(s.breaking);
    follow(s.choosing);
    const unsigned beside = s.hedge ? 2 : 1;
    s.isolating.max_concurrent =
        s.max_concurrent.value_or(std::max(std::min(s.concurrency, most_at_once), 1U) * beside);
    if (s.method.empty()) s.method = s.data ? "POST" : "GET";
    std::vector<std::string> found;
    if (s.method == "CONNECT")
        found.emplace_back("--request is CONNECT, which opens a tunnel: nothing here goes through it");
    if (s.output && s.output->empty()) found.emplace_back("--output is empty: name a file, or - for standard output");
    if (auto problem = complete_target(s); !problem.empty()) std::ranges::move(problem, std::back_inserter(found));
    if (!s.attempts_are_said) follow(s.retrying, s.at.size(), s.total.after);
    add_problem(found, "--repeat", s.repeat, within<std::uint64_t>(1, most_calls));
    add_problem(found, "--concurrency", std::optional{s.concurrency}, within(1U, most_at_once));
    add_problems(found, s.total);
    add_problems(found, s.attempt);
    add_problems(found, s.retrying);
    add_problems(found, s.breaking);
    add_problems(found, s.isolating);
    add_problems(found, s.choosing);
    if (s.hedge && !hedge_delays.holds(*s.hedge))
        found.push_back(fmt::format("--hedge is {}, allowed is {}", to_text(*s.hedge), hedge_delays.text()));
    add_problems(found, s.client);
    return found;
}

bool call_settings::is_idempotent() const { return idempotent || idempotency_of(method) == idempotency::idempotent; }

std::vector<std::string> notes_on(const call_settings& s) {
    std::vector<std::string> notes;
    if (!s.hedge) return notes;
    if (!s.is_idempotent())
        notes.push_back(fmt::format(
            "--hedge does nothing: a {} may not be sent twice; if this one may, say --idempotent", s.method));
    if (*s.hedge >= s.attempt.after)
        notes.push_back(fmt::format("--hedge does nothing: {} for --hedge is not below --attempt-timeout, {}",
                                    to_text(*s.hedge), to_text(s.attempt.after)));
    if (s.retrying.max_attempts == 1)
        notes.emplace_back("--hedge does nothing: there is one attempt in all; hedges are among --max-attempts");
    return notes;
}

std::expected<http_request, std::string> request_of(const call_settings& s) {
    auto url = s.at.empty() ? http_url::parse(s.url) : s.at.front().url;
    if (!url) return std::unexpected{url.error()};
    http_request request{.method = s.method, .url = std::move(*url)};
    for (const std::string& header : s.headers) {
        auto field = field_of(header);
        if (!field) return std::unexpected{field.error()};
        request.fields.add(std::move(field->name), std::move(field->value));
    }
    if (auto problem = problem_of(request)) return std::unexpected{std::move(*problem)};
    if (!s.data) return request;
    auto body = body_of(*s.data);
    if (!body) return std::unexpected{body.error()};
    request.body = std::move(*body);
    if (!request.fields.find("content-type")) request.fields.add("Content-Type", "application/x-www-form-urlencoded");
    return request;
}

}  // namespace cutwater::app
