#include "cutwater/health/gauge_judge.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/core/text.hpp"

namespace cutwater {

namespace {

/// A gate: how many calls it lets in at once, and how many are in.
struct gate_gauges {
    double limit = 0;
    std::optional<double> in_flight{};
    std::optional<double> waiting{};
};

/// What one layer has said of itself. Several policies may have its name: the worst counts, and each gate for itself.
struct layer_gauges {
    bool is_open = false;
    bool is_half_open = false;
    bool sheds = false;
    double rejecting = 0;
    gate_gauges no_gate{};  // what is said before, or without, a limit
    std::vector<gate_gauges> gates{};
    double endpoints_left = 0;
    double endpoints_ejected = 0;

    [[nodiscard]] gate_gauges& latest_gate() { return gates.empty() ? no_gate : gates.back(); }
    [[nodiscard]] double in_flight(const gate_gauges& g) const {
        return g.in_flight.value_or(no_gate.in_flight.value_or(0));
    }
    [[nodiscard]] double waiting(const gate_gauges& g) const { return g.waiting.value_or(no_gate.waiting.value_or(0)); }
    [[nodiscard]] bool is_full(const gate_gauges& g) const { return g.limit > 0 && in_flight(g) >= g.limit; }
};

class gathering final : public gauge_visitor {
public:
    std::map<std::string, layer_gauges, std::less<>> seen{};

    void operator()(const metric& of, double value, std::string_view detail) override {
        layer_gauges& said = seen[std::string{layer.view()}];
        if (&of == &metrics::circuit_state) {
            if (detail == "open") said.is_open |= value > 0;
            if (detail == "half_open") said.is_half_open |= value > 0;
        } else if (&of == &metrics::concurrency_limit) {
            said.gates.push_back({.limit = value});
        } else if (&of == &metrics::calls_in_flight) {
            keep_first(said.latest_gate().in_flight, value);
        } else if (&of == &metrics::queue_length) {
            keep_first(said.latest_gate().waiting, value);
        } else if (&of == &metrics::shedding) {
            said.sheds |= value > 0;
        } else if (&of == &metrics::rejection) {
            said.rejecting = std::max(said.rejecting, value);
        } else if (&of == &metrics::endpoints) {
            (detail == "ejected" ? said.endpoints_ejected : said.endpoints_left) += value;
        }
    }

private:
    /// What comes after it is of a policy that is no gate, and has the same name.
    static void keep_first(std::optional<double>& kept, double value) {
        if (!kept) kept = value;
    }
};

std::string whole(double value) { return std::to_string(std::llround(value)); }
std::string percent(double share) { return whole(100 * share) + " %"; }

/// Gathers sentences, each with what to do about it.
class findings {
public:
    void add(std::string_view layer, const std::string& what, std::string_view what_to_do) {
        append(detail_, (layer.empty() ? std::string{"a layer"} : std::string{layer}) + " " + what, "; ");
        if (what_to_do_.find(what_to_do) == std::string::npos) append(what_to_do_, what_to_do, " ");
    }
    [[nodiscard]] check_result result() && {
        if (detail_.empty()) return check_result::ok();
        return check_result::degraded(std::move(detail_), std::move(what_to_do_));
    }

private:
    static void append(std::string& to, std::string_view text, std::string_view between) {
        if (!to.empty()) to.append(between);
        to.append(text);
    }
    std::string detail_;
    std::string what_to_do_;
};

void judge_circuit(std::string_view layer, const layer_gauges& said, findings& found) {
    if (said.is_open)
        found.add(layer, "is open: calls are refused",
                  "Look at the dependency; a circuit closes by itself once it is well.");
    if (said.is_half_open)
        found.add(layer, "is half open: a few calls try whether it is well",
                  "Wait for the circuit to close; look at the dependency if it opens again.");
}

void judge_load(std::string_view layer, const layer_gauges& said, const watch_options& rules, findings& found) {
    if (said.sheds)
        found.add(layer, "sheds load: what matters less is refused", "Add capacity, or find out who sends so much.");
    if (said.rejecting >= rules.rejecting)
        found.add(layer, "turns away " + percent(said.rejecting) + " of the calls",
                  "The dependency refuses: send it less, or give it more capacity.");
}

void judge_endpoints(std::string_view layer, const layer_gauges& said, findings& found) {
    if (said.endpoints_ejected == 0) return;
    const double all = said.endpoints_ejected + said.endpoints_left;
    found.add(layer, "has ejected " + whole(said.endpoints_ejected) + " of " + whole(all) + " endpoints",
              said.endpoints_left == 0 ? "No endpoint is well: look at the network first, and then at all of them."
                                       : "Look at the endpoints that are ejected: they fail more than the others.");
}

void judge_gate(std::string_view layer, const layer_gauges& said, const gate_gauges& gate, duration full_for,
                findings& found) {
    found.add(layer,
              "is full for " + to_text(full_for) + " (" + whole(said.in_flight(gate)) + " of " + whole(gate.limit) +
                  ", " + whole(said.waiting(gate)) + " waiting)",
              "The dependency is slower than it was, or the limit too small: compare its latency before raising it.");
}

}  // namespace

check_result gauge_judge::judge(instant now, const std::function<void(gauge_visitor&)>& visit) {
    gathering all;
    visit(all);
    findings found;
    decltype(full_since_) full;
    for (const auto& [layer, said] : all.seen) {
        judge_circuit(layer, said, found);
        judge_load(layer, said, rules_, found);
        judge_endpoints(layer, said, found);
        for (std::size_t i = 0; i < said.gates.size(); ++i) {
            if (!said.is_full(said.gates[i])) continue;
            const auto before = full_since_.find({layer, i});
            const instant since = before == full_since_.end() ? now : before->second;
            full.insert_or_assign({layer, i}, since);
            const duration full_for = between(since, now);
            if (full_for >= rules_.full_for) judge_gate(layer, said, said.gates[i], full_for, found);
        }
    }
    full_since_ = std::move(full);
    return std::move(found).result();
}

}  // namespace cutwater
