#include "cutwater/observe/ledger/ledger_book.hpp"

#include <algorithm>
#include <cmath>
#include <istream>
#include <limits>
#include <ostream>

#include <nlohmann/json.hpp>

namespace cutwater {

namespace {

using json = nlohmann::ordered_json;

double to_ms(duration d) noexcept { return std::chrono::duration<double, std::milli>{d}.count(); }

duration from_ms(double ms) noexcept {
    constexpr long double ns_in_ms =
        1e6L;  // a double would round once more, and a day of the third month be a nanosecond off
    const auto ns = static_cast<double>(std::round(static_cast<long double>(ms) * ns_in_ms));
    constexpr auto most = static_cast<double>(std::numeric_limits<duration::rep>::max());
    if (!(ns < most)) return duration::max();
    return ns > -most ? duration{static_cast<duration::rep>(ns)} : duration::min();
}

struct to_value {
    json operator()(duration d) const { return {{"ms", d == forever ? json(nullptr) : json(to_ms(d))}}; }
    json operator()(const auto& plain) const { return plain; }
};

json to_json(const std::vector<ledger_field>& fields) {
    json all = json::object();
    for (const ledger_field& each : fields) {
        std::string key = each.field;
        while (all.contains(key)) key.insert(0, "field_");
        all[key] = std::visit(to_value{}, each.value);
    }
    return all;
}

std::string on_one_line(const json& line) {
    constexpr int no_indent = -1;
    constexpr bool also_unicode = false;
    return line.dump(no_indent, ' ', also_unicode, json::error_handler_t::replace);
}

/// For what is wrong: a value that a file may have nested without end is not written out.
std::string shown(const json& value) {
    if (value.is_array()) return "an array";
    return value.is_object() ? "an object" : on_one_line(value);
}

/// One line of a file, and what is wrong with it.
class line_reader {
public:
    explicit line_reader(std::string_view text) : text_{text} {}

    [[nodiscard]] bool parse() {
        try {
            line_ = json::parse(text_);
        } catch (const json::parse_error& e) {
            return fail(std::clamp<std::size_t>(e.byte, 1, text_.size() + 1),
                        "this is no JSON, or a line that was not written to its end");
        } catch (const json::out_of_range&) {
            return fail(1, "a number in this line is too large to be one");
        }
        return line_.is_object() || fail(1, "an object was expected: {\"event\": …}");
    }
    [[nodiscard]] bool is_head() const { return line_.contains("ledger"); }

    [[nodiscard]] bool read(ledger_book& into) {
        const json& version = line_["ledger"];
        if (!version.is_number_integer() || version != ledger_version)
            return fail(place_of("ledger"), "this is a ledger of version " + shown(version) + "; version " +
                                                std::to_string(ledger_version) + " can be read");
        return text("about", into.about) && text("reason", into.reason) && whole("unix_ms", into.unix_ms) &&
               whole("left_out", into.left_out);
    }
    [[nodiscard]] bool read(ledger_entry& into) {
        if (!line_.contains("event")) return fail(1, "an entry says its \"event\", and this line does not");
        return at(into.at) && level(into.level) && text("event", into.event) && text("layer", into.layer) &&
               text("operation", into.operation) && text("call_id", into.call_id) && whole("attempt", into.attempt) &&
               fields(into.fields);
    }
    [[nodiscard]] const ledger_problem& problem() const noexcept { return problem_; }

private:
    bool fail(std::size_t column, std::string words) {
        problem_ = {.line = 0, .column = column, .words = std::move(words)};
        return false;
    }
    /// Of a key in the line, from 1.
    [[nodiscard]] std::size_t place_of(const std::string& key) const {
        const std::size_t found = text_.find(json(key).dump());
        return found == std::string_view::npos ? 1 : found + 1;
    }
    bool expected(const std::string& key, const std::string& what) {
        return fail(place_of(key), "\"" + key + "\" is " + shown(line_[key]) + "; " + what + " was expected");
    }

    bool text(const std::string& key, std::string& into) {
        if (!line_.contains(key)) return true;
        if (!line_[key].is_string()) return expected(key, "a text");
        into = line_[key].get<std::string>();
        return true;
    }
    template <class Whole>
    bool whole(const std::string& key, Whole& into) {
        if (!line_.contains(key)) return true;
        const json& value = line_[key];
        const bool fits = value.is_number_unsigned() ? value.get<std::uint64_t>() <= std::uint64_t{most_of<Whole>()}
                                                     : value.is_number_integer() && std::is_signed_v<Whole>;
        if (!fits) return expected(key, "a whole number");
        into = value.get<Whole>();
        return true;
    }
    template <class Whole>
    static constexpr Whole most_of() {
        return std::numeric_limits<Whole>::max();
    }
    bool at(duration& into) {
        if (!line_.contains("at_ms")) return fail(1, "an entry says when it was, \"at_ms\", and this line does not");
        if (!line_["at_ms"].is_number()) return expected("at_ms", "a number of milliseconds");
        into = from_ms(line_["at_ms"].get<double>());
        return true;
    }
    bool level(severity& into) {
        if (!line_.contains("level")) return true;
        for (const severity s : {severity::debug, severity::info, severity::warning, severity::error})
            if (line_["level"] == to_text(s)) {
                into = s;
                return true;
            }
        return expected("level", "debug, info, warning or error");
    }
    bool fields(std::vector<ledger_field>& into) {
        if (!line_.contains("fields")) return true;
        if (!line_["fields"].is_object()) return expected("fields", "an object");
        for (const auto& [key, value] : line_["fields"].items()) {
            std::optional<ledger_value> read = value_of(value);
            if (!read)
                return fail(place_of(key), "the field \"" + key + "\" is " + shown(value) +
                                               "; a text, a number, a flag or {\"ms\": …} was expected");
            into.push_back({key, std::move(*read)});
        }
        return true;
    }
    static std::optional<ledger_value> value_of(const json& value) {
        if (value.is_string()) return value.get<std::string>();
        if (value.is_boolean()) return value.get<bool>();
        if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{most_of<std::int64_t>()})
            return value.get<double>();
        if (value.is_number_integer()) return value.get<std::int64_t>();
        if (value.is_number()) return value.get<double>();
        if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
        if (!value.is_object() || !value.contains("ms")) return {};
        if (value["ms"].is_null()) return forever;
        return value["ms"].is_number() ? std::optional<ledger_value>{from_ms(value["ms"].get<double>())} : std::nullopt;
    }

    std::string_view text_;
    json line_{};
    ledger_problem problem_{};
};

constexpr auto first_line = R"({"ledger":1,"about":"calls"})";

}  // namespace

std::string ledger_problem::message(std::string_view file) const {
    std::string where{file};
    if (line > 0) where += ":" + std::to_string(line) + ":" + std::to_string(column);
    return where + ": " + words;
}

std::string head_line(const ledger_book& book) {
    json line{{"ledger", ledger_version}, {"about", book.about}};
    if (!book.reason.empty()) line["reason"] = book.reason;
    if (book.unix_ms != 0) line["unix_ms"] = book.unix_ms;
    if (book.left_out != 0) line["left_out"] = book.left_out;
    return on_one_line(line);
}

std::string entry_line(const ledger_entry& entry) {
    json line{{"at_ms", to_ms(entry.at)}, {"level", to_text(entry.level)}, {"event", entry.event}};
    if (!entry.layer.empty()) line["layer"] = entry.layer;
    if (!entry.operation.empty()) line["operation"] = entry.operation;
    if (!entry.call_id.empty()) line["call_id"] = entry.call_id;
    if (entry.attempt > 0) line["attempt"] = entry.attempt;
    if (!entry.fields.empty()) line["fields"] = to_json(entry.fields);
    return on_one_line(line);
}

void write_ledger(std::ostream& to, const ledger_book& book) {
    to << head_line(book) << '\n';
    for (const ledger_entry& each : book.entries) to << entry_line(each) << '\n';
}

std::expected<std::vector<ledger_book>, ledger_problem> read_ledger(std::istream& from) {
    std::vector<ledger_book> books;
    std::size_t number = 0;
    for (std::string text; std::getline(from, text);) {
        ++number;
        if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
        line_reader line{text};
        bool is_good = line.parse();
        if (is_good && line.is_head()) {
            is_good = line.read(books.emplace_back());
        } else if (is_good && books.empty()) {
            return std::unexpected{
                ledger_problem{number, 1,
                               std::string{"this is no ledger: its first line is no beginning of one, as "} +
                                   first_line + "; where that was rotated away, put it in front again"}};
        } else if (is_good) {
            is_good = line.read(books.back().entries.emplace_back());
        }
        if (!is_good) return std::unexpected{ledger_problem{number, line.problem().column, line.problem().words}};
    }
    if (from.bad()) return std::unexpected{ledger_problem{number + 1, 1, "the file could not be read any further"}};
    if (books.empty())
        return std::unexpected{
            ledger_problem{.words = std::string{"the file is empty; a ledger begins with the line "} + first_line}};
    return books;
}

}  // namespace cutwater
