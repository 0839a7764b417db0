// `cutwater doctor` on the command line: what a service's metrics, or its log, say that should be changed.

#include "apps/cutwater/doctor/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/cutwater/console/terminal.hpp"
#include "apps/cutwater/console/text_table.hpp"
#include "apps/cutwater/console/units.hpp"
#include "apps/cutwater/doctor/rules.hpp"
#include "apps/cutwater/doctor/source.hpp"
#include "cutwater/core/text.hpp"

namespace cutwater::app {

namespace {

constexpr int has_findings = 3;
constexpr int not_seen = 4;

constexpr auto about_doctor = R"(Looks at a service's metrics, or its log, and says what to change and why.

Of a live page of metrics it takes two looks, and judges what came between them. Of a file, or of a log of JSON lines, it judges all that is there.)";

constexpr auto doctor_examples = R"(Examples:
  cutwater doctor http://127.0.0.1:9100/metrics
  cutwater doctor --for 1min http://127.0.0.1:9100/metrics
  cutwater doctor --prometheus --over 6h http://prometheus.example:9090
  cutwater doctor service.log

Exit codes:
    0  nothing is to be changed
    1  the findings could not be written
    2  the command line is wrong
    3  there are findings
    4  there was nothing to look at: no answer, no such file, or no metrics or log of cutwater's to judge by
  141  whoever read the output has gone away)";

struct doctor_arguments {
    doctor_source source{.between_looks = std::chrono::seconds{10}, .over = std::chrono::hours{1}};
    bool as_json = false;
    bool lists_rules = false;
};

std::string as_json(const std::vector<finding>& found) {
    auto all = nlohmann::ordered_json::array();
    for (const finding& each : found)
        all.push_back({{"finding", each.rule},
                       {"layer", each.about.layer},
                       {"operation", each.about.operation},
                       {"evidence", each.evidence},
                       {"advice", each.advice}});
    constexpr int indent = 2;
    constexpr bool also_unicode = false;
    return all.dump(indent, ' ', also_unicode, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string as_text(const std::vector<finding>& found, const page& shown) {
    if (found.empty()) return "nothing is to be changed\n";
    constexpr std::string_view margin = "  ";
    constexpr unsigned narrowest = 20;
    std::string text;
    for (const finding& each : found) {
        if (!text.empty()) text += '\n';
        text += painted(printable(fmt::format("{} ({})", words_of(each.about), each.rule)), paint::bad, shown.colours) +
                "\n";
        for (const std::string* const part : {&each.evidence, &each.advice})
            for (const std::string& line :
                 wrapped(printable(*part), std::max(shown.columns, narrowest) - margin.size()))
                text.append(margin).append(line).append("\n");
    }
    return text;
}

int list_rules() {
    text_table table{{align::left, align::left}};
    for (const doctor_rule& each : doctor_rules()) table.add({{std::string{each.name}}, {std::string{each.looks_for}}});
    return write_all(stdout, table.text({.columns = columns_of(stdout)}));
}

int run_doctor(const doctor_arguments& given) {
    if (given.lists_rules) return list_rules();
    const auto seen = look_at(given.source);
    if (!seen) {
        complain("cutwater doctor", printable(seen.error()));
        return not_seen;
    }
    const std::vector<finding> found = examine(*seen);
    for (const std::string& note : not_judged(*seen)) complain("cutwater doctor", printable(note));
    if (found.empty() && !can_judge(*seen)) {
        complain("cutwater doctor",
                 printable(fmt::format(
                     "{} has nothing to judge by: neither calls nor a circuit, a gate or a budget are in it",
                     given.source.place)));
        return not_seen;
    }
    const page shown{.columns = columns_of(stdout), .colours = wants_colours(stdout)};
    const exit_code wrote = write_all(stdout, given.as_json ? as_json(found) : as_text(found, shown));
    if (wrote != succeeded) return wrote;
    return found.empty() ? int{succeeded} : has_findings;
}

struct time_range {
    duration least;
    duration most;
};

void add_time(CLI::App& command, const std::string& flag, duration& into, time_range allowed, const std::string& help) {
    const auto read = [&into, flag, allowed](const std::string& text) {
        const auto parsed = parse_duration(text);
        if (!parsed) throw CLI::ValidationError{flag, parsed.error()};
        if (*parsed < allowed.least || *parsed > allowed.most)
            throw CLI::ValidationError{
                flag, fmt::format("{} is not from {} to {}", text, to_text(allowed.least), to_text(allowed.most))};
        into = *parsed;
    };
    command.add_option_function<std::string>(flag, read, help)->type_name("DURATION")->default_str(to_text(into));
}

/// Options that do nothing where it is looked at are not passed over.
void check_options(const CLI::App& command, const doctor_arguments& given) {
    if (given.lists_rules) return;
    const doctor_source& source = given.source;
    if (source.place.empty()) throw CLI::ValidationError{std::string{"give a URL or a file"}};
    if (command.count("--over") > 0 && !source.is_prometheus)
        throw CLI::ValidationError{"--over", "is how far a Prometheus server looks back; give --prometheus as well"};
    if (command.count("--for") == 0) return;
    if (source.is_prometheus)
        throw CLI::ValidationError{"--for", "is between two looks at a live page; of a Prometheus server give --over"};
    if (!is_url(source.place))
        throw CLI::ValidationError{
            "--for",
            "is between two looks at a live page, whose URL begins with http:// or https://; a file is one look"};
}

}  // namespace

void add_doctor(CLI::App& program, action& chosen) {
    const auto given = std::make_shared<doctor_arguments>();
    CLI::App* const command = program.add_subcommand("doctor", about_doctor);
    command->footer(doctor_examples);
    command
        ->add_option("where", given->source.place,
                     "a page of metrics, a Prometheus server, or a file; - is standard input")
        ->type_name("URL|FILE");
    using std::chrono::hours;
    add_time(*command, "--for", given->source.between_looks, {duration::zero(), hours{24}},
             "of a live page: the time between its two looks");
    command->add_flag("--prometheus", given->source.is_prometheus, "the URL is a Prometheus server's");
    add_time(*command, "--over", given->source.over, {std::chrono::seconds{1}, hours{24 * 366}},
             "of a Prometheus server: how far it looks back");
    command->add_flag("--json", given->as_json, "prints findings as JSON");
    command->add_flag("--rules", given->lists_rules, "prints what it looks for, and ends");
    command->callback([given, command, &chosen] {
        check_options(*command, *given);
        chosen = [given] { return run_doctor(*given); };
    });
}

}  // namespace cutwater::app
