// A table that only grows, up to a bound: what is in it is found without a lock.
//
//     struct layer_key {
//         cw::name layer;
//         friend bool operator==(const layer_key&, const layer_key&) = default;
//         std::size_t hash() const noexcept { return std::hash<cw::name>{}(layer); }
//     };
//     cw::bounded_table<layer_key, std::atomic<int>> heard{64};
//     if (std::atomic<int>* row = heard.get({"retry"}, 0)) ++*row;        // null: there is no room for one more
//
// For what is kept of each of a few: layers, kinds of events. A row is made once, and stays where it is as long as the table. Thread
// safety: every member, from any thread; what is in a row is its own affair. Errors: `get` throws what making a row throws.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace cutwater {

template <class Key, class Row>
class bounded_table {
public:
    explicit bounded_table(std::size_t most) : most_{most}, slots_(std::bit_ceil(2 * most + 2)) {}

    /// The row of `key`, made of `args` where there is none yet; null where there is none and the table is full.
    template <class... Args>
    [[nodiscard]] Row* get(const Key& key, const Args&... args) {
        if (Row* const there = find(key)) return there;
        return is_full_.load(std::memory_order_relaxed) ? nullptr : add(key, args...);
    }

    [[nodiscard]] Row* find(const Key& key) const noexcept {
        for (std::size_t at = place_of(key);; at = (at + 1) & (slots_.size() - 1)) {
            kept* const there = slots_[at].load(std::memory_order_acquire);
            if (there == nullptr) return nullptr;
            if (there->key == key) return &there->row;
        }
    }

    /// Calls `f(key, row)` for each that there is, in the order in which they came, without a lock.
    template <class F>
    void for_each(F&& f) const {
        std::vector<kept*> all;
        {
            const std::scoped_lock held{lock_};
            for (const auto& each : rows_) all.push_back(each.get());
        }
        for (kept* const each : all) f(each->key, each->row);
    }

    [[nodiscard]] std::size_t size() const {
        const std::scoped_lock held{lock_};
        return rows_.size();
    }

private:
    struct kept {
        template <class... Args>
        explicit kept(const Key& of, const Args&... args) : key{of}, row{args...} {}
        Key key;
        Row row;
    };

    [[nodiscard]] std::size_t place_of(const Key& key) const noexcept {
        constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15;  // spreads addresses, whose low bits are alike
        return static_cast<std::size_t>(key.hash() * odd >> 32) & (slots_.size() - 1);
    }

    template <class... Args>
    [[nodiscard]] Row* add(const Key& key, const Args&... args) {
        const std::scoped_lock held{lock_};
        if (Row* const there = find(key)) return there;
        if (rows_.size() >= most_) return nullptr;
        kept* const added = rows_.emplace_back(std::make_unique<kept>(key, args...)).get();
        std::size_t at = place_of(key);
        while (slots_[at].load(std::memory_order_relaxed) != nullptr) at = (at + 1) & (slots_.size() - 1);
        slots_[at].store(added, std::memory_order_release);
        is_full_.store(rows_.size() >= most_, std::memory_order_relaxed);
        return &added->row;
    }

    std::size_t most_;
    std::vector<std::atomic<kept*>> slots_;  // more than there are rows: a search ends
    std::atomic<bool> is_full_{false};
    mutable std::mutex lock_;
    std::vector<std::unique_ptr<kept>> rows_;
};

}  // namespace cutwater
