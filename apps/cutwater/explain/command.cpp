// `cutwater explain` on the command line: draws ledgers that were saved, by `cutwater call`, by a service, or by its flight recorder.

#include "apps/cutwater/explain/command.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <unordered_set>

#include "apps/cutwater/console/terminal.hpp"
#include "apps/cutwater/explain/ledger_drawing.hpp"
#include "cutwater/observe/ledger/ledger_book.hpp"

namespace cutwater::app {

namespace {

constexpr int not_drawn = 3;

constexpr auto about_explain = R"(Draws a ledger that was saved: each decision, when it was taken, and why.

A ledger is written by cutwater call --ledger, by a program with the library's call_ledger, or by its flight_recorder when a circuit opens.)";

constexpr auto explain_examples =
    R"(A ledger of calls is drawn call by call, one of a flight recorder as one timeline of all layers. Where a line has 76 columns, the times are drawn to scale.

Examples:
  cutwater call --ledger call.jsonl https://stock.example/items/7
  cutwater explain --ledger call.jsonl
  cutwater explain --ledger dump.jsonl --call order-7

Exit codes:
    0  it was drawn
    1  the drawing could not be written
    2  the command line is wrong
    3  there is no such file, it is no ledger, or it has no such call
  141  whoever read the output has gone away)";

struct explain_arguments {
    std::string ledger;
    std::optional<std::string> call;
};

int refuse(const std::string& problem) {
    complain("cutwater explain", problem);
    return not_drawn;
}

std::expected<std::vector<ledger_book>, std::string> load(const std::string& file) {
    if (file == "-") {
        auto books = read_ledger(std::cin);
        if (!books) return std::unexpected{books.error().message("standard input")};
        return std::move(*books);
    }
    errno = 0;
    std::ifstream in{file};
    const bool is_there = in.is_open() && (in.peek() != std::ifstream::traits_type::eof() || errno == 0);
    if (!is_there)
        return std::unexpected{fmt::format("cannot read {}: {}", file, std::generic_category().message(errno))};
    in.clear();
    auto books = read_ledger(in);
    if (!books) return std::unexpected{books.error().message(file)};
    return std::move(*books);
}

/// The entries of each call, in the order in which they come.
std::vector<std::vector<ledger_entry>> calls_in(const ledger_book& book) {
    std::vector<std::vector<ledger_entry>> calls;
    std::unordered_map<std::string_view, std::size_t> places;
    for (const ledger_entry& e : book.entries) {
        const auto [place, is_new] = places.try_emplace(e.call_id, calls.size());
        if (is_new) calls.emplace_back();
        calls[place->second].push_back(e);
    }
    return calls;
}

std::vector<ledger_entry> entries_of(const ledger_book& book, const std::string& call) {
    std::vector<ledger_entry> kept;
    for (const ledger_entry& e : book.entries)
        if (e.call_id == call) kept.push_back(e);
    return kept;
}

std::string title_of(const std::vector<ledger_entry>& entries) {
    const auto named = std::ranges::find_if(entries, [](const ledger_entry& e) { return !e.operation.empty(); });
    const std::string operation = named == entries.end() ? std::string{} : named->operation;
    const std::string& id = entries.front().call_id;
    if (id.empty()) return operation.empty() ? "a call" : operation;
    return operation.empty() ? "call " + id : fmt::format("call {}: {}", id, operation);
}

std::string title_of(const ledger_book& book) {
    std::string title = book.about;
    if (!book.reason.empty()) title += ", because: " + book.reason;
    constexpr std::int64_t last_ms = 253'402'300'799'999;  // of the year 9999
    const std::time_t seconds = book.unix_ms / 1000;
    if (book.unix_ms > 0 && book.unix_ms <= last_ms)
        title += fmt::format(", at {:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
    if (book.left_out != 0) title += fmt::format("; {} entries had no room", book.left_out);
    return title;
}

/// One drawing under its title.
std::string section(const std::string& title, const std::vector<ledger_entry>& entries, ledger_style::whose are,
                    const page& shown) {
    std::string text;
    for (const std::string& line : wrapped(printable(title), shown.columns)) text += line + "\n";
    const auto rows = rows_of(entries, {.label = shared_label(entries), .are = are});
    return text + "\n" + (rows.empty() ? "nothing was decided\n" : draw(rows, shown));
}

std::vector<std::string> sections_of(const ledger_book& book, const page& shown) {
    if (book.about != "calls") return {section(title_of(book), book.entries, ledger_style::whose::all_calls, shown)};
    std::vector<std::string> all;
    for (const std::vector<ledger_entry>& entries : calls_in(book))
        all.push_back(section(title_of(entries), entries, ledger_style::whose::one_call, shown));
    if (all.empty() || book.left_out != 0) all.push_back(title_of(book) + (all.empty() ? ": no entries\n" : "\n"));
    return all;
}

std::string no_such_call(const explain_arguments& given, const std::vector<ledger_book>& books) {
    constexpr std::size_t most = 10;
    std::vector<std::string_view> ids;
    std::unordered_set<std::string_view> seen;
    for (const ledger_book& book : books)
        for (const ledger_entry& e : book.entries)
            if (!e.call_id.empty() && seen.insert(e.call_id).second) ids.push_back(e.call_id);
    std::string known;
    for (std::size_t i = 0; i < std::min(ids.size(), most); ++i) known.append(i == 0 ? "" : ", ").append(ids[i]);
    if (ids.size() > most) known += fmt::format(" and {} more", ids.size() - most);
    return fmt::format("{} has no call {}; {}", given.ledger, *given.call,
                       ids.empty() ? "its calls have no ids" : "it has " + known);
}

int run_explain(const explain_arguments& given) {
    const auto books = load(given.ledger);
    if (!books) return refuse(printable(books.error()));
    const page shown{.columns = columns_of(stdout), .colours = wants_colours(stdout)};
    std::vector<std::string> all;
    for (const ledger_book& book : *books) {
        if (!given.call) {
            std::ranges::move(sections_of(book, shown), std::back_inserter(all));
            continue;
        }
        const auto entries = entries_of(book, *given.call);
        if (!entries.empty()) all.push_back(section(title_of(entries), entries, ledger_style::whose::one_call, shown));
    }
    if (all.empty()) return refuse(printable(no_such_call(given, *books)));
    std::string text;
    for (const std::string& each : all) text += (text.empty() ? "" : "\n") + each;
    return write_all(stdout, text);
}

}  // namespace

void add_explain(CLI::App& program, action& chosen) {
    const auto given = std::make_shared<explain_arguments>();
    CLI::App* const command = program.add_subcommand("explain", about_explain);
    command->footer(explain_examples);
    command->add_option("--ledger", given->ledger, "the ledger: lines of JSON; - for standard input")
        ->type_name("FILE")
        ->required();
    command->add_option("--call", given->call, "only the call with this id")->type_name("ID");
    command->callback([given, &chosen] { chosen = [given] { return run_explain(*given); }; });
}

}  // namespace cutwater::app
