#include "cutwater/health/gauge_judge.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/core/text.hpp"

namespace cutwater {

namespace {

/// What one layer has said of itself.
struct layer_gauges {
    bool is_open = false;
    bool is_half_open = false;
    bool sheds = false;
    double rejecting = 0;
    std::optional<double> limit{};
    double in_flight = 0;
    double waiting = 0;
    double endpoints_left = 0;
    double endpoints_ejected = 0;

    [[nodiscard]] bool is_full() const { return limit && *limit > 0 && in_flight >= *limit; }
};

class gathering final : public gauge_visitor {
public:
    std::map<std::string, layer_gauges, std::less<>> seen{};

    void operator()(const metric& of, double value, std::string_view detail) override {
        layer_gauges& said = seen[std::string{layer.view()}];
        if (&of == &metrics::circuit_state) {
            if (detail == "open") said.is_open = value > 0;
            if (detail == "half_open") said.is_half_open = value > 0;
        } else if (&of == &metrics::concurrency_limit) {
            said.limit = value;
        } else if (&of == &metrics::calls_in_flight) {
            said.in_flight = value;
        } else if (&of == &metrics::queue_length) {
            said.waiting = value;
        } else if (&of == &metrics::shedding) {
            said.sheds = value > 0;
        } else if (&of == &metrics::rejection) {
            said.rejecting = std::max(said.rejecting, value);
        } else if (&of == &metrics::endpoints) {
            (detail == "ejected" ? said.endpoints_ejected : said.endpoints_left) += value;
        }
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

}  // namespace

check_result gauge_judge::judge(instant now, const std::function<void(gauge_visitor&)>& visit) {
    gathering all;
    visit(all);
    findings found;
    for (const auto& [layer, said] : all.seen) {
        judge_circuit(layer, said, found);
        judge_load(layer, said, rules_, found);
        judge_endpoints(layer, said, found);
        if (!said.is_full()) {
            full_since_.erase(layer);
            continue;
        }
        const duration full_for = between(full_since_.try_emplace(layer, now).first->second, now);
        if (full_for >= rules_.full_for)
            found.add(
                layer,
                "is full for " + to_text(full_for) + " (" + whole(said.in_flight) + " of " + whole(*said.limit) + ", " +
                    whole(said.waiting) + " waiting)",
                "The dependency is slower than it was, or the limit too small: compare its latency before raising it.");
    }
    std::erase_if(full_since_, [&](const auto& each) { return !all.seen.contains(each.first); });
    return std::move(found).result();
}

}  // namespace cutwater
