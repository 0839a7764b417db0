#include "cutwater/observe/metrics/metric_registry.hpp"

#include <algorithm>
#include <atomic>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <typeindex>
#include <typeinfo>
#include <utility>

#include "cutwater/core/options.hpp"
#include "cutwater/observe/metrics/series.hpp"

namespace cutwater {
namespace {

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
constexpr std::string_view digits = "0123456789";

/// A letter first, then letters and digits; `more` are letters, too.
bool is_word(std::string_view text, std::string_view more = {}) noexcept {
    const auto is_of = [](char c, std::string_view all) { return all.find(c) != std::string_view::npos; };
    return !text.empty() && !is_of(text.front(), digits) &&
           std::ranges::all_of(text, [&](char c) { return is_of(c, letters) || is_of(c, digits) || is_of(c, more); });
}
bool is_name(std::string_view text) noexcept { return is_word(text, ":"); }
/// Of one that stands beside our own labels, and a histogram's.
bool is_detail(std::string_view text) noexcept {
    if (text.empty()) return true;
    return is_word(text) && !text.starts_with("__") && text != "layer" && text != "operation" && text != "le";
}

option_problems problems_of_metric(const metric& of) {
    option_problems found;
    if (!is_name(of.name))
        found.push_back({"name", in_quotes(of.name), "letters, digits, `_` and `:`, with no digit first"});
    if (!is_detail(of.detail))
        found.push_back({"detail", in_quotes(of.detail),
                         "letters, digits and `_`, with no digit and no `__` first; not layer, operation, le"});
    return found;
}

/// What Prometheus calls the series of a histogram, after its name.
constexpr std::string_view histogram_ends[]{"_bucket", "_count", "_sum"};

/// Whether two of one name can be shown as one.
bool is_same(const metric& a, const metric& b) noexcept { return a.type == b.type && a.detail == b.detail; }

[[noreturn]] void refuse(const metric& of, const metric& there) {
    option_problems found;
    const std::string as_there = ", as of the metric that has this name already";
    if (of.type != there.type)
        found.push_back({"type", std::string{to_text(of.type)}, std::string{to_text(there.type)} + as_there});
    if (of.detail != there.detail)
        found.push_back({"detail", in_quotes(of.detail), in_quotes(there.detail) + as_there});
    throw invalid_options{"metric", of.name, std::move(found)};
}

/// A histogram is shown as others that have its name and an end: whichever of the two is there already stays.
[[noreturn]] void refuse_beside(const metric& of, const metric& there) {
    const std::string why =
        of.type == metric_type::histogram
            ? "a histogram's, and " + in_quotes(there.name) + ", as a series of it is called, is kept already"
            : "another's: " + in_quotes(there.name) + " is a histogram, which has a series of that name";
    option_problems found;
    found.push_back({"name", in_quotes(of.name) + ", " + why, "a name that none of the two is shown as"});
    throw invalid_options{"metric", of.name, std::move(found)};
}

}  // namespace

namespace detail {

/// What is asked when the registry is read, until it ends.
class question {
public:
    explicit question(std::function<void(instant, gauge_visitor&)> ask) : ask_{std::move(ask)} {}

    void ask(instant now, gauge_visitor& seen) {
        const std::scoped_lock held{lock_};
        if (ask_) ask_(now, seen);
    }
    void end() noexcept {
        const std::scoped_lock held{lock_};
        ask_ = nullptr;
    }

private:
    std::mutex lock_;
    std::function<void(instant, gauge_visitor&)> ask_;
};

/// What outlives the registry, as long as somebody counts.
class metric_store : public std::enable_shared_from_this<metric_store> {
public:
    explicit metric_store(const metric_registry_options& o) : max_series_{o.max_series}, bounds_{o.buckets} {}

    [[nodiscard]] std::shared_ptr<metric_series> open(const metric& of, const metric_labels& which) {
        const std::scoped_lock held{lock_};
        if (const metric* const there = kept_locked(of.name); there != nullptr && !is_same(of, *there))
            refuse(of, *there);
        if (const metric* const there = mixed_up_with_locked(of)) refuse_beside(of, *there);
        if (auto there = find_locked(of, which)) return there;
        if (series_.size() < max_series_) return make_locked(of, which);
        refused_.fetch_add(1, std::memory_order_relaxed);
        const metric_labels together{.layer = which.layer,
                                     .operation = which.operation.empty() ? name{} : other_,
                                     .detail = of.detail.empty() ? std::string_view{} : other_.view()};
        if (auto there = find_locked(of, together)) return there;
        return series_.size() < max_series_ + max_together ? make_locked(of, together) : nullptr;
    }

    /// It ends with what comes back: whoever is being asked then is waited for.
    [[nodiscard]] std::shared_ptr<const void> watch(std::function<void(instant, gauge_visitor&)> ask) {
        const auto kept = std::make_shared<question>(std::move(ask));
        std::shared_ptr<const void> held_by{kept.get(), [kept](const void*) noexcept { kept->end(); }};
        const std::scoped_lock held{lock_};
        std::erase_if(watched_, [](const auto& each) { return each.expired(); });
        watched_.push_back(kept);
        return held_by;
    }

    void read(instant now, std::vector<metric_family>& into) const;

    [[nodiscard]] std::size_t size() const {
        const std::scoped_lock held{lock_};
        return series_.size();
    }
    [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

private:
    static constexpr std::size_t max_together = 1000;  // series of what there was no room for

    struct key {
        const metric* of;
        name layer;
        name operation;
        std::string detail;

        [[nodiscard]] auto sorted() const noexcept {
            return std::tuple{of->name, layer.view(), operation.view(), std::string_view{detail}};
        }
        friend bool operator<(const key& a, const key& b) noexcept { return a.sorted() < b.sorted(); }
    };

    /// Of one that has a holder; null where there is none.
    [[nodiscard]] const metric* kept_locked(std::string_view called) const noexcept {
        const metric like{.name = called, .help = {}};
        const auto is_kept = [](const auto& each) { return !each.second.expired(); };
        const auto kept = std::find_if(series_.lower_bound(key{&like, {}, {}, {}}), series_.end(), is_kept);
        return kept != series_.end() && kept->first.of->name == called ? kept->first.of : nullptr;
    }
    /// One whose lines on a page would be among those of this one.
    [[nodiscard]] const metric* mixed_up_with_locked(const metric& of) const {
        for (const std::string_view end : histogram_ends) {
            if (of.type == metric_type::histogram)
                if (const metric* const there = kept_locked(std::string{of.name}.append(end))) return there;
            if (!of.name.ends_with(end)) continue;
            const metric* const there = kept_locked(of.name.substr(0, of.name.size() - end.size()));
            if (there != nullptr && there->type == metric_type::histogram) return there;
        }
        return nullptr;
    }
    [[nodiscard]] std::shared_ptr<metric_series> find_locked(const metric& of, const metric_labels& which) const {
        const auto found = series_.find({&of, which.layer, which.operation, std::string{which.detail}});
        return found == series_.end() ? nullptr : held_by(found->second.lock());
    }

    /// A series in its place. Where that fails halfway nothing is in the place: it is forgotten only once it was placed.
    struct placed {
        std::unique_ptr<kept_series> series;
        key at;
        std::shared_ptr<metric_store> in{};

        placed(std::unique_ptr<kept_series> made, key where) : series{std::move(made)}, at{std::move(where)} {}
        placed(const placed&) = delete;
        placed& operator=(const placed&) = delete;
        ~placed() {
            if (in) in->forget(at);
        }
    };
    /// For whoever counts.
    [[nodiscard]] static std::shared_ptr<metric_series> held_by(std::shared_ptr<const placed> each) noexcept {
        metric_series* const series = each == nullptr ? nullptr : each->series.get();
        return {std::move(each), series};
    }
    [[nodiscard]] std::shared_ptr<metric_series> make_locked(const metric& of, const metric_labels& which) {
        key at{&of, which.layer, which.operation, std::string{which.detail}};
        const auto made = std::make_shared<placed>(make(of.type), at);
        series_.erase(at);  // what is there has no holder, and may be of another metric
        series_.emplace(std::move(at), made);
        made->in = shared_from_this();
        return held_by(made);
    }
    [[nodiscard]] std::unique_ptr<kept_series> make(metric_type type) const {
        switch (type) {
            case metric_type::gauge: return std::make_unique<gauge_series>();
            case metric_type::histogram: return std::make_unique<histogram_series>(bounds_);
            case metric_type::counter: break;
        }
        return std::make_unique<counter_series>();
    }
    /// Its last holder has gone; another may have opened it anew meanwhile.
    void forget(const key& at) noexcept {
        const std::scoped_lock held{lock_};
        const auto found = series_.find(at);
        if (found != series_.end() && found->second.expired()) series_.erase(found);
    }

    const std::size_t max_series_;
    const std::vector<double> bounds_;
    const name other_{"other"};
    mutable std::mutex lock_;
    std::map<key, std::weak_ptr<const placed>> series_;
    std::vector<std::weak_ptr<question>> watched_;
    std::atomic<std::uint64_t> refused_{0};
};

namespace {

auto labels_of(const metric_sample& s) {
    return std::tuple{s.layer.view(), s.operation.view(), std::string_view{s.detail}};
}

/// Whether a histogram is shown by that name.
bool is_of_histogram(const std::vector<metric_family>& all, std::string_view called) {
    return std::ranges::any_of(histogram_ends, [&](std::string_view end) {
        if (!called.ends_with(end)) return false;
        const std::string_view whose = called.substr(0, called.size() - end.size());
        const auto family = std::ranges::lower_bound(all, whose, {}, [](const metric_family& f) { return f.of->name; });
        return family != all.end() && family->of->name == whose && family->of->type == metric_type::histogram;
    });
}

/// Null where another metric has its name, or a histogram is shown by it.
metric_sample* place_for(std::vector<metric_family>& all, const metric& of, metric_sample labels) {
    const auto family = std::ranges::lower_bound(all, of.name, {}, [](const metric_family& f) { return f.of->name; });
    const bool is_new = family == all.end() || family->of->name != of.name;
    if (is_new ? is_of_histogram(all, of.name) : !is_same(of, *family->of)) return nullptr;
    auto& samples = (is_new ? *all.insert(family, metric_family{.of = &of, .samples = {}}) : *family).samples;
    const auto at = std::ranges::lower_bound(samples, labels_of(labels), {}, labels_of);
    if (at != samples.end() && labels_of(*at) == labels_of(labels)) return &*at;
    return &*samples.insert(at, std::move(labels));
}
void add_to(std::vector<metric_family>& all, const metric& of, metric_sample labels, double value) {
    if (metric_sample* const place = place_for(all, of, std::move(labels))) place->value += value;
}

/// The gauges of one reading. Adds what is the same, as of two policies of one name, and hears each object once, however many
/// pipelines have it.
class gauge_reader final : public gauge_visitor {
public:
    explicit gauge_reader(std::vector<metric_family>& into) noexcept : into_{&into} {}

    void operator()(const metric& of, double value, std::string_view detail) override {
        if (of.type == metric_type::histogram || !is_name(of.name) || !is_detail(of.detail)) return;
        add_to(now_, of, {.layer = layer, .detail = std::string{detail}}, value);
    }
    bool wants(const void* policy, const std::type_info& its_type) override {
        const object which{policy, its_type};
        return !heard_.contains(which) && hears_.insert(which).second;
    }

    /// What throws in the middle has told nothing.
    void hear(question& next, instant now) {
        now_.clear();
        hears_.clear();
        try {
            layer = {};
            next.ask(now, *this);
        } catch (...) {
            return;
        }
        heard_.merge(hears_);
        for (const metric_family& family : now_)
            for (const metric_sample& s : family.samples)
                add_to(*into_, *family.of, {.layer = s.layer, .operation = s.operation, .detail = s.detail}, s.value);
    }

private:
    using object = std::pair<const void*, std::type_index>;  // a pipeline may stand where its first layer does

    std::vector<metric_family>* into_;
    std::vector<metric_family> now_;
    std::set<object> heard_;
    std::set<object> hears_;
};

}  // namespace

void metric_store::read(instant now, std::vector<metric_family>& into) const {
    // What they are called is read of what is held: of the table's keys one goes as soon as its series has no holder.
    std::vector<std::shared_ptr<const placed>> series;
    std::vector<std::shared_ptr<question>> questions;
    {
        const std::scoped_lock held{lock_};
        series.reserve(series_.size());
        questions.reserve(watched_.size());
        for (const auto& [at, each] : series_)
            if (auto there = each.lock()) series.push_back(std::move(there));
        for (const auto& each : watched_)
            if (auto there = each.lock()) questions.push_back(std::move(there));
    }
    for (const auto& each : series) {
        const key& at = each->at;
        if (metric_sample* const place =
                place_for(into, *at.of, {.layer = at.layer, .operation = at.operation, .detail = at.detail}))
            each->series->read(*place);
    }
    gauge_reader gauges{into};
    for (const auto& each : questions) gauges.hear(*each, now);
}

}  // namespace detail

metric_registry::metric_registry(metric_registry_options options)
    : options_{validated("metric_registry", std::move(options))},
      store_{std::make_shared<detail::metric_store>(options_)} {}
metric_registry::~metric_registry() = default;

std::shared_ptr<metric_series> metric_registry::open(const metric& of, const metric_labels& which) {
    if (option_problems wrong = problems_of_metric(of); !wrong.empty())
        throw invalid_options{"metric", of.name, std::move(wrong)};
    return store_->open(of, which);
}
metric_registry::watched metric_registry::watch_by(std::function<void(instant, gauge_visitor&)> ask) {
    return store_->watch(std::move(ask));
}
std::vector<metric_family> metric_registry::read(instant now) const {
    std::vector<metric_family> all;
    store_->read(now, all);
    return all;
}
std::size_t metric_registry::size() const { return store_->size(); }
std::uint64_t metric_registry::refused() const noexcept { return store_->refused(); }

namespace {
double number_of(const metric_family& family, const metric_sample& s) {
    return family.of->type == metric_type::histogram ? static_cast<double>(s.counts.count) : s.value;
}
template <class Counts>
double sum_of(const std::vector<metric_family>& read, const metric& of, Counts&& counts) {
    double sum = 0;
    for (const metric_family& family : read)
        for (const metric_sample& s : family.samples)
            if (family.of == &of && counts(s)) sum += number_of(family, s);
    return sum;
}
}  // namespace

double metric_value(const std::vector<metric_family>& read, const metric& of, const metric_labels& which) {
    return sum_of(read, of, [&](const metric_sample& s) {
        return s.layer == which.layer && s.operation == which.operation && s.detail == which.detail;
    });
}
double metric_total(const std::vector<metric_family>& read, const metric& of) {
    return sum_of(read, of, [](const metric_sample&) { return true; });
}

}  // namespace cutwater
