#include "cutwater/observe/metrics/effect.hpp"

#include <algorithm>
#include <iomanip>
#include <sstream>

#include "cutwater/core/standard_metrics.hpp"

namespace cutwater {
namespace {

class counted {
public:
    counted(const std::vector<metric_family>& now, const std::vector<metric_family>& before, name operation)
        : now_{&now}, before_{&before}, operation_{operation} {}

    /// Of one detail, or of all.
    [[nodiscard]] double of(const metric& m, std::string_view detail = {}) const {
        return std::max(0.0, sum(*now_, m, detail) - sum(*before_, m, detail));
    }

private:
    [[nodiscard]] double sum(const std::vector<metric_family>& read, const metric& m, std::string_view detail) const {
        double total = 0;
        for (const metric_family& family : read)
            for (const metric_sample& s : family.samples)
                if (family.of == &m && (detail.empty() || s.detail == detail) &&
                    (operation_.empty() || s.operation == operation_))
                    total += s.value;
        return total;
    }

    const std::vector<metric_family>* now_;
    const std::vector<metric_family>* before_;
    name operation_;
};

std::string line(std::string_view what, double number, double of, std::string_view note = {}) {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    out << std::left << std::setw(22) << what << std::right << std::fixed << std::setprecision(0) << std::setw(10)
        << number;
    if (of > 0) out << std::setprecision(1) << std::setw(8) << 100 * number / of << " %";
    if (!note.empty()) out << "   " << note;
    out << '\n';
    return std::move(out).str();
}

}  // namespace

policy_effect effect_of(const std::vector<metric_family>& now, const std::vector<metric_family>& before,
                        name operation) {
    const counted in{now, before, operation};
    return {.calls = in.of(metrics::calls),
            .succeeded = in.of(metrics::calls, "success"),
            .rescued_by_retry = in.of(metrics::rescued, "retry"),
            .saved_by_fallback = in.of(metrics::rescued, "fallback"),
            .refused = in.of(metrics::calls, "rejected"),
            .spared = in.of(metrics::refusals, "open"),
            .attempts = in.of(metrics::attempts),
            .retries = in.of(metrics::retries),
            .hedges = in.of(metrics::hedges)};
}

std::string policy_effect::text() const {
    return line("calls", calls, 0) + line("succeeded", succeeded, calls) +
           line("rescued by retry", rescued_by_retry, calls) + line("saved by fallback", saved_by_fallback, calls) +
           line("refused by us", refused, calls) +
           line("would have succeeded", succeeded - rescued_by_retry - saved_by_fallback, calls,
                "without retries and fallbacks") +
           line("further attempts", retries + hedges, calls, "load that was added") +
           line("spared by breakers", spared, calls, "attempts that were not sent");
}

}  // namespace cutwater
