#include "cutwater/policy/fault/options.hpp"

#include <algorithm>

namespace cutwater {

namespace {

void check(const fault_rule& rule, const std::string& called, option_problems& problems) {
    const auto wants = [&](std::string_view member, std::string value, std::string allowed) {
        problems.push_back({called + "." + std::string{member}, std::move(value), std::move(allowed)});
    };
    if (rule.name.empty()) wants("name", "empty", "a word: events and counters say by it which rule it was");
    if (std::string allowed = rule.what.problem(); !allowed.empty()) wants("what", rule.what.text(), allowed);
    if (std::string allowed = rule.when.problem(); !allowed.empty()) wants("when", rule.when.text(), allowed);
    if (rule.until <= rule.from) wants("until", "not after from", "an instant after it, or the rule is never in force");
    if (rule.draw > fault_draw::by_call) wants("draw", std::string{to_text(rule.draw)}, "by_order or by_call");
}

}  // namespace

std::string fault_rule::text() const {
    std::string line = name + ": " + what.text() + ", " + when.text();
    const auto only = [&](std::string_view of, const std::string& key) {
        if (!key.empty()) line.append(", ").append(of).append(" ").append(in_quotes(key));
    };
    only("operation", operation);
    only("target", target);
    only("tenant", tenant);
    if (from != instant::min() || until != never) line += ", in a window of time";
    if (draw == fault_draw::by_call) line += ", by call";
    return line;
}

std::string to_text(const std::vector<fault_rule>& rules) {
    if (rules.empty()) return "none";
    std::string line;
    for (const fault_rule& rule : rules) line.append(line.empty() ? "[" : "; ").append(rule.text());
    return line + "]";
}

void fault_options::cross_check(option_problems& problems) const {
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const std::string called = "rules[" + std::to_string(i) + "]";
        check(rules[i], called, problems);
        const auto same = [&](const fault_rule& earlier) { return earlier.name == rules[i].name; };
        const auto here = rules.begin() + static_cast<std::ptrdiff_t>(i);
        if (!rules[i].name.empty() && std::any_of(rules.begin(), here, same))
            problems.push_back({called + ".name", in_quotes(rules[i].name), "a name that no other rule has"});
    }
}

}  // namespace cutwater
