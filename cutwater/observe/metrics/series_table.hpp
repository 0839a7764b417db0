// The series that a listener counts into, found by what an event says of itself. It only grows, so finding takes no lock.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/core/events.hpp"
#include "cutwater/core/metric.hpp"
#include "cutwater/core/options.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/core/verdict.hpp"

namespace cutwater::detail {

/// Events of one kind, layer, operation and detail.
struct series_key {
    const event_kind* kind;
    name layer;
    name operation;
    std::string_view detail;

    friend bool operator==(const series_key&, const series_key&) = default;

    [[nodiscard]] std::size_t hash() const noexcept {
        const auto mix = [](std::size_t a, std::size_t b) { return std::rotl(a, 23) ^ b; };
        const std::size_t who = mix(std::hash<const void*>{}(kind), std::hash<name>{}(layer));
        return mix(mix(who, std::hash<name>{}(operation)), std::hash<std::string_view>{}(detail)) * odd;
    }

private:
    static constexpr std::size_t odd = 0x9e37'79b9'7f4a'7c15;
};

inline constexpr std::size_t most_measures = 8;

/// What an event counts; of a warning or an error that says nothing of it, its name.
[[nodiscard]] inline std::span<const measure> measures_of(const event_kind& kind) noexcept {
    static constexpr measure by_name[]{{.of = &metrics::events, .detail_field = "its name"}};
    if (kind.measures.empty() && kind.level >= severity::warning) return by_name;
    return kind.measures.first(std::min(kind.measures.size(), most_measures));
}

class series_table {
public:
    /// The series of an event's measures, in their order; null where the sink had no room, or refused the metric.
    struct row {
        series_key key;
        std::string detail;
        std::vector<std::shared_ptr<metric_series>> series;
        std::vector<std::shared_ptr<metric_series>> at_zero;  ///< those that are there before they are counted
        bool was_refused = false;                             ///< whether one of them was
    };

    series_table(metric_sink& to, std::size_t most)
        : sink_{&to}, most_{most}, slots_(std::bit_ceil(2 * (most + most_together))) {}

    /// Null where there is no room even for what is counted together.
    [[nodiscard]] const row* get(const series_key& key) {
        if (const row* const there = find(key)) return there;
        return is_full() ? get_together(key) : add(key);
    }

private:
    static constexpr std::size_t most_together = 512;

    [[nodiscard]] bool is_full() const noexcept { return used_.load(std::memory_order_relaxed) >= most_; }

    [[nodiscard]] const row* find(const series_key& key) const noexcept {
        for (std::size_t at = place_of(key);; at = (at + 1) & (slots_.size() - 1)) {
            const row* const there = slots_[at].load(std::memory_order_acquire);
            if (there == nullptr || there->key == key) return there;
        }
    }
    [[nodiscard]] std::size_t place_of(const series_key& key) const noexcept {
        return key.hash() >> 20 & (slots_.size() - 1);
    }

    [[nodiscard]] const row* get_together(const series_key& key) {
        const series_key other{.kind = key.kind,
                               .layer = key.layer,
                               .operation = key.operation.empty() ? name{} : other_,
                               .detail = key.detail.empty() ? std::string_view{} : other_.view()};
        const row* const there = find(other);
        return there != nullptr ? there : add(other);
    }

    [[nodiscard]] const row* add(const series_key& key) {
        const std::scoped_lock held{lock_};
        if (const row* const there = find(key)) return there;
        if (rows_.size() >= most_ + most_together) return nullptr;
        auto made =
            std::make_unique<row>(row{.key = key, .detail = std::string{key.detail}, .series = {}, .at_zero = {}});
        made->key.detail = made->detail;
        for (const measure& each : measures_of(*key.kind)) {
            made->series.push_back(open(*made, *each.of, labels_of(each, key)));
            open_at_zero(*made, each);
        }
        const row* const added = rows_.emplace_back(std::move(made)).get();
        std::size_t at = place_of(key);
        while (slots_[at].load(std::memory_order_relaxed) != nullptr) at = (at + 1) & (slots_.size() - 1);
        slots_[at].store(added, std::memory_order_release);
        used_.store(rows_.size(), std::memory_order_relaxed);
        return added;
    }
    /// A metric that is refused once is so for good: whoever asks again finds that here, and the others are counted.
    [[nodiscard]] std::shared_ptr<metric_series> open(row& in, const metric& of, const metric_labels& which) {
        try {
            return sink_->open(of, which);
        } catch (const invalid_options&) {
            in.was_refused = true;
            return nullptr;
        }
    }
    /// With one end of calls the others that users see, and the time of successes: a rate is of what a series grew by,
    /// and the first failures of an hour would otherwise be what their series begins with.
    void open_at_zero(row& beside, const measure& each) {
        const auto open_one = [&](verdict v) {
            metric_labels labels = labels_of(each, beside.key);
            labels.detail = to_text(v);
            beside.at_zero.push_back(open(beside, *each.of, labels));
        };
        if (each.of == &metrics::calls)
            for (const verdict v :
                 {verdict::success, verdict::transient, verdict::permanent, verdict::rejected, verdict::ignored})
                open_one(v);
        if (each.of == &metrics::call_duration) open_one(verdict::success);
    }
    [[nodiscard]] static metric_labels labels_of(const measure& each, const series_key& key) noexcept {
        return {.layer = each.is_of_layer ? key.layer : name{},
                .operation = key.operation,
                .detail = each.detail_field.empty() ? each.detail : key.detail};
    }

    metric_sink* sink_;
    std::size_t most_;
    const name other_{"other"};
    std::vector<std::atomic<const row*>> slots_;
    std::atomic<std::size_t> used_{0};
    std::mutex lock_;
    std::vector<std::unique_ptr<const row>> rows_;
};

}  // namespace cutwater::detail
