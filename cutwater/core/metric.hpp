// A metric, described once: its name, what it means, and by what its series are told apart.
//
//     inline constexpr cw::metric letters{"post_letters_total", cw::metric_type::counter, "Letters that were taken.", "country"};
//
// Names are as Prometheus wants them: the unit at the end, in base units (seconds, bytes), `_total` where it is a counter. A series has the
// labels `layer` and `operation` where they are not empty, and one of the metric's own, its *detail*. What it is told apart by is one of few: a
// user's id, an address of the whole internet, an error's words are none.
//
// Events say what they count (`measure`); policies say what they are like now (`gauges`). Who keeps it is a `metric_sink`. The library's own metrics are in
// `standard_metrics.hpp`.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <typeinfo>

#include "cutwater/core/instant.hpp"
#include "cutwater/core/name.hpp"

namespace cutwater {

enum class metric_type : std::uint8_t {
    counter,    ///< goes up, by what is recorded
    gauge,      ///< is what was recorded last
    histogram,  ///< how often what was recorded lay where
};
[[nodiscard]] constexpr std::string_view to_text(metric_type t) noexcept {
    constexpr std::string_view texts[] = {"counter", "gauge", "histogram"};
    return t <= metric_type::histogram ? texts[static_cast<std::uint8_t>(t)] : "unknown";
}

struct metric {
    std::string_view name;
    metric_type type = metric_type::counter;
    std::string_view help;         ///< one sentence
    std::string_view detail = {};  ///< the label that its series have beside `layer` and `operation`, if they have one
};

/// Which series of a metric. Empty ones are no label.
struct metric_labels {
    name layer{};
    name operation{};
    std::string_view detail{};  ///< copied by whoever keeps it
};

/// What an event adds to a metric. Where the event says no more, that is 1.
struct measure {
    const metric* of = nullptr;
    std::string_view detail = {};        ///< what the detail is, always
    std::string_view detail_field = {};  ///< or the event's field that says it
    std::string_view value_field = {};   ///< the event's field that is recorded: a number, or a duration as seconds
    bool is_of_layer = true;             ///< whether its series are told apart by layer
};

/// One series, as long as somebody holds it.
class metric_series {
public:
    metric_series() = default;
    metric_series(const metric_series&) = delete;
    metric_series& operator=(const metric_series&) = delete;
    virtual ~metric_series() = default;

    virtual void record(double value) noexcept = 0;
};

/// Who keeps metrics: a registry, or a test's. Thread safety: from any thread. `open` is asked once for each series and holder; what two hold is one series.
class metric_sink {
public:
    /// Null where there is no room for one more. Throws `invalid_options` where it has no use for such a name or label. `of` is kept by
    /// address: of static lifetime.
    [[nodiscard]] virtual std::shared_ptr<metric_series> open(const metric& of, const metric_labels& which) = 0;

protected:
    metric_sink() = default;
    metric_sink(const metric_sink&) = default;
    metric_sink& operator=(const metric_sink&) = default;
    ~metric_sink() = default;
};

/// Hears what a policy is like now: `gauges(now, seen)` of it calls this for each number.
class gauge_visitor {
public:
    name layer{};  ///< whose they are: told before by whoever visits several

    virtual void operator()(const metric& of, double value, std::string_view detail = {}) = 0;

    /// Whether to tell of this object: not where another pipeline that has it has told of it already.
    [[nodiscard]] virtual bool wants(const void* /*policy*/, const std::type_info& /*its_type*/) { return true; }

protected:
    gauge_visitor() = default;
    ~gauge_visitor() = default;
};

template <class P>
concept has_gauges = requires(P& p, instant now, gauge_visitor& seen) { p.gauges(now, seen); };

/// The gauges of a layer, in its name; nothing where it has none.
template <class P>
void visit_gauges([[maybe_unused]] P& policy, [[maybe_unused]] instant now, [[maybe_unused]] gauge_visitor& seen) {
    if constexpr (has_gauges<P>) {
        if (!seen.wants(&policy, typeid(P))) return;
        if constexpr (requires { policy.layer_name(); }) seen.layer = policy.layer_name();
        policy.gauges(now, seen);
    }
}

}  // namespace cutwater
