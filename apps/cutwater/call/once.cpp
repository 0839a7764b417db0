#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <optional>
#include <sstream>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include "apps/cutwater/call/client.hpp"
#include "apps/cutwater/call/ledger.hpp"
#include "apps/cutwater/call/outcome.hpp"
#include "apps/cutwater/call/run.hpp"
#include "apps/cutwater/console/interrupt.hpp"
#include "apps/cutwater/console/output_file.hpp"
#include "apps/cutwater/console/pass_on.hpp"
#include "apps/cutwater/console/terminal.hpp"
#include "cutwater/observe/log/json_log.hpp"

namespace cutwater::app {

namespace asio = boost::asio;

namespace {

struct ended_call {
    result<http_response> got;
    int exit = 0;
};

/// The context is never destroyed: a look-up of a name may still be busy in its thread, and cannot be interrupted.
asio::io_context& lasting_context() {
    static auto* const context = new asio::io_context{1};
    return *context;
}

ended_call run(const call_settings& settings, const http_request& request, listener& hears, ledger& kept) {
    asio::io_context& context = lasting_context();
    call_client client{settings, request, hears};
    const call_client::watcher seen = [&kept](const attempt_seen& attempt) { kept.on_attempt(attempt); };
    std::optional<result<http_response>> got;
    interrupt stop{context};
    asio::co_spawn(
        context, [&]() -> asio::awaitable<void> { got.emplace(co_await client.send(seen)); },
        asio::bind_cancellation_slot(stop.slot(), pass_on_what_is_thrown));
    while (!got) context.run_one();
    const int exit = stop.came() ? stop.exit_code() : exit_of(*got);
    stop.disarm();
    if (settings.hedge) context.poll();  // what has lost ends, and tells so
    return {std::move(*got), exit};
}

std::string header_of(const http_response& response) {
    std::string header = fmt::format("HTTP/1.1 {} {}\r\n", response.status, response.reason);
    for (const http_field& field : response.fields)
        header.append(field.name).append(": ").append(field.value).append("\r\n");
    return header + "\r\n";
}

paint paint_of(int exit) {
    return exit == succeeded ? paint::good : exit == client_error ? paint::waiting : paint::bad;
}

exit_code save(const ledger& kept, output_file& to) {
    std::ostringstream lines;
    write_ledger(lines, kept.book());
    return to.write("", lines.str());
}

/// With several endpoints: which of them did what.
void list_attempts(const call_settings& settings, const ledger& kept) {
    if (!settings.has_choice()) return;
    constexpr std::size_t most = 10;
    const std::vector<std::string> all = kept.attempts();
    for (std::size_t i = 0; i < std::min(all.size(), most); ++i) complain("cutwater call", all[i]);
    if (all.size() > most) complain("cutwater call", fmt::format("and {} more attempts", all.size() - most));
}

/// A call without an answer, or with one that says that the server failed, ends in words for people; for others where
/// no event has said it.
void say_why(const call_settings& settings, const ended_call& end, const ledger& kept) {
    if (settings.silent || settings.explain) return;
    const auto shown = shown_events(settings);
    const auto heard = [&](severity level) { return !is_terminal(stderr) && shown && level >= *shown; };
    if (!end.got) {
        if (heard(severity::error)) return;
        complain("cutwater call", sentence_of(end.got));
        list_attempts(settings, kept);
    } else if (end.exit == server_error && kept.ending() && !heard(kept.ending()->level)) {
        const bool could_be_said = kept.ending()->reason == to_text(give_up_reason::not_idempotent);
        complain("cutwater call", fmt::format("{}; {}{}", sentence_of(end.got), kept.ending()->words,
                                              could_be_said ? "; if it may be sent twice, say --idempotent" : ""));
        list_attempts(settings, kept);
    }
}

}  // namespace

std::optional<severity> shown_events(const call_settings& settings) {
    const std::string level = settings.events.value_or(settings.explain || settings.repeat ? "none" : "warning");
    if (settings.silent || level == "none") return {};
    for (const severity s : {severity::debug, severity::info, severity::warning, severity::error})
        if (to_text(s) == level) return s;
    return {};
}

int call_once(const call_settings& settings, const http_request& request) {
    output_file out{settings.output.value_or("-")};
    std::optional<output_file> saved;
    if (settings.ledger) saved.emplace(*settings.ledger);
    if (!out.is_open() || (saved && !saved->is_open())) return failed;
    const std::optional<severity> level = shown_events(settings);
    json_log log{std::cerr, {.min_level = level.value_or(severity::error)}};
    ledger kept{settings.at};
    audience hears;
    hears.add(kept);
    if (level) hears.add(log);

    ended_call end = run(settings, request, hears, kept);
    kept.close(now(), sentence_of(end.got), paint_of(end.exit));
    if (end.got) {
        const exit_code written = out.write(settings.include ? header_of(*end.got) : "", end.got->body);
        if (written != succeeded) end.exit = written;
    }
    if (saved)
        if (const exit_code written = save(kept, *saved); written != succeeded) end.exit = written;
    say_why(settings, end, kept);
    if (settings.explain) {
        const page shown{.columns = columns_of(stderr), .colours = wants_colours(stderr)};
        (void)write_all(stderr, kept.text(shown));  // if nobody can read it, nobody can be told so
    }
    return end.exit;
}

}  // namespace cutwater::app
