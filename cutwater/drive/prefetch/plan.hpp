// The keys of a prefetcher, and which of them is due when: pure, it is told the time.
//
//     const cw::prefetch_options options;
//     cw::prefetch_plan plan{options, 1min};
//     plan.add({.operation = "get_stock", .asked = "sku-1"});     // and then what is known of it: plan.hear(…)
//     while (auto next = plan.take_due(cw::instant{})) std::cout << next->key.view().asked;      // each has to be told of, by `hear`, before it is due again
//
// A key is `new` until the first is heard of it, then it rests until it is due, then it is under way until something is heard again. One that is
// removed, or declared anew, hears nothing of earlier questions: each declaration has a number.
//
// Thread safety: none. Cost: as the logarithm of how many keys there are.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>

#include "cutwater/drive/prefetch/kernel.hpp"
#include "cutwater/drive/work/item_heap.hpp"
#include "cutwater/policy/cache/cache_table.hpp"

namespace cutwater {

/// A key that is due, or of which something is told.
struct prefetch_ticket {
    detail::kept_key key;
    std::uint64_t number = 0;       ///< of its declaration
    std::optional<instant> born{};  ///< of the value that it was planned by
    std::stop_token stop{};         ///< requested when it is removed
};

/// How it went.
struct prefetch_report {
    enum class kind : std::uint8_t {
        declared,   ///< nobody has asked
        unneeded,   ///< nobody had to ask: somebody else has, meanwhile
        refreshed,  ///< it has a new value
        failed,     ///< it has none
    };
    prefetch_ticket of;
    kind what = kind::declared;
    std::optional<cache_lifetime> value{};  ///< that is kept now
    duration wish{};                        ///< failed: not to be asked for so long
    std::string text{};                     ///< failed: why
};

/// What there is to tell of it.
struct prefetch_news {
    prefetch_report about;
    unsigned failures = 0;  ///< in a row: before it recovered, or with this one
    duration next_in{};
};

class prefetch_plan {
public:
    /// `usual`: how long a value is fresh of which nothing else is known.
    prefetch_plan(const prefetch_options& options, duration usual) noexcept
        : options_{options}, kernel_{options_}, usual_{usual} {}
    prefetch_plan(const prefetch_plan&) = delete;
    prefetch_plan& operator=(const prefetch_plan&) = delete;
    ~prefetch_plan() = default;

    /// A ticket for a key that is new; nothing where it has one, or there is no room.
    [[nodiscard]] std::optional<prefetch_ticket> add(const cache_key& key);
    /// Whether it was declared, and what has its question called off; nothing may be held when that is requested, as it calls others.
    [[nodiscard]] std::optional<std::stop_source> remove(const cache_key& key);
    [[nodiscard]] bool contains(const cache_key& key) const { return keys_.contains(key); }

    /// Plans the key anew; what there is to tell. `share` is in [0, 1).
    std::optional<prefetch_news> hear(prefetch_report report, instant now, double share);

    /// When the next is due; `never`: none rests.
    [[nodiscard]] instant next_due() const noexcept { return resting_.empty() ? never : resting_.first().due; }
    /// The one that has been due longest; nothing where none is.
    [[nodiscard]] std::optional<prefetch_ticket> take_due(instant now);

    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
    [[nodiscard]] std::size_t resting() const noexcept { return resting_.size(); }
    [[nodiscard]] std::size_t failing() const noexcept { return failing_; }

private:
    struct entry {
        std::uint64_t number = 0;
        std::stop_source stop{};
        bool rests = false;
        instant due = never;
        std::size_t at = 0;            // of those that rest
        std::optional<instant> begun;  // when it was asked for last
        std::optional<instant> taken;  // when it was due, while it is under way
        std::optional<instant> born;   // of the value that it was planned by
        unsigned failures = 0;
        const detail::kept_key* key = nullptr;
    };
    struct due_before {
        bool operator()(const entry& a, const entry& b) const noexcept {
            return a.due < b.due || (a.due == b.due && a.number < b.number);
        }
    };
    using hash = detail::key_hash<std::hash<std::string_view>>;

    void rest(entry& e, instant due) noexcept;
    [[nodiscard]] unsigned forget_failures(entry& e) noexcept;
    [[nodiscard]] std::optional<prefetch_news> refreshed(entry& e, prefetch_report report, instant now, double share);
    [[nodiscard]] prefetch_news failed(entry& e, prefetch_report report, instant now, double share);

    const prefetch_options& options_;
    prefetch_kernel kernel_;
    duration usual_;
    std::unordered_map<detail::kept_key, entry, hash, detail::key_equal> keys_;
    item_heap<entry, &entry::at, due_before> resting_;
    std::uint64_t numbers_ = 0;
    std::size_t failing_ = 0;
};

}  // namespace cutwater
