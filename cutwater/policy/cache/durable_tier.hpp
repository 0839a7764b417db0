// The values of a cache in a store: they outlast the process.
//
// A write takes the place of whatever is there. That it may lose against another instance's harms nobody: both are the dependency's answers. Among those of
// one instance the latest wins, and what is forgotten while it is written is erased once that has ended. While it is being erased nobody reads it.
//
// Nobody waits for a change: where one fails, that is kept until somebody asks. Replies may come when the cache has gone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "cutwater/policy/cache/options.hpp"
#include "cutwater/store/cell_store.hpp"
#include "cutwater/store/codec.hpp"

namespace cutwater::detail {

[[nodiscard]] std::string cache_cell(name cache, const cache_key& key);

/// A codec's bytes as they are stored: behind a magic, and a hash by which it is seen that they are still those.
[[nodiscard]] std::string sealed(std::string_view value);
/// The codec's bytes again. Nothing where these are none, have been cut or have changed.
[[nodiscard]] std::optional<std::string_view> unsealed(std::string_view bytes);

/// What is being changed in a store, and what of it failed. Thread safety: every member, from any thread.
class tier_changes : public std::enable_shared_from_this<tier_changes> {
public:
    explicit tier_changes(cell_store& store) noexcept : store_{store} {}

    [[nodiscard]] cell_store& store() const noexcept { return store_; }

    /// A change's place among the others: the later wins.
    [[nodiscard]] std::uint64_t begin_write(const std::string& cell);
    void write(std::uint64_t change, swap_cell what, duration limit) noexcept;
    void withdraw_write(const std::string& cell) noexcept;
    /// From now on nobody reads it, until it is erased.
    [[nodiscard]] std::uint64_t begin_erasure(const std::string& cell);
    void erase(std::uint64_t change, std::string cell, duration limit) noexcept;

    [[nodiscard]] bool is_being_erased(const std::string& cell) const;
    [[nodiscard]] bool has_failed() const noexcept { return has_failed_.load(std::memory_order_relaxed); }
    void fail(std::string_view why);           ///< to be told by whoever asks next
    [[nodiscard]] std::string take_failure();  ///< empty: somebody has taken it

private:
    struct changed_cell {
        std::uint64_t latest = 0;
        std::uint64_t latest_erasure = 0;
        unsigned writes = 0;  // under way
        unsigned erasures = 0;

        [[nodiscard]] bool is_forgotten() const noexcept { return latest == latest_erasure; }
    };

    void swap(std::uint64_t change, swap_cell what, duration limit, unsigned steps_left) noexcept;
    [[nodiscard]] bool is_latest(const std::string& cell, std::uint64_t change) const;
    void has_written(const std::string& cell, const cell_result& said, duration limit) noexcept;
    void has_erased(const std::string& cell, const cell_result& said) noexcept;
    void look_for_failure_locked(const cell_result& said, std::string_view what);
    void end_if_idle_locked(const std::string& cell) noexcept;

    cell_store& store_;
    mutable std::mutex lock_;
    std::unordered_map<std::string, changed_cell> cells_;
    std::uint64_t changes_ = 0;
    std::string failure_;
    std::atomic<bool> has_failed_ = false;
};

/// One of them. It begins with the value's change in memory, under the same lock.
class tier_change {
public:
    tier_change() = default;
    tier_change(std::shared_ptr<tier_changes> of, std::string cell) noexcept
        : of_{std::move(of)}, cell_{std::move(cell)} {}
    tier_change(tier_change&& other) noexcept = default;
    tier_change& operator=(tier_change&&) = delete;
    ~tier_change() {
        if (of_ != nullptr && writes_) of_->withdraw_write(cell_);
    }

    void begin_write() {
        if (of_ == nullptr) return;
        number_ = of_->begin_write(cell_);
        writes_ = true;
    }
    void begin_erasure() {
        if (of_ != nullptr) number_ = of_->begin_erasure(cell_);
    }

    [[nodiscard]] bool is_to_be_made() const noexcept { return of_ != nullptr; }
    void write(std::string value, duration time_to_live, duration limit) && noexcept {
        const std::shared_ptr<tier_changes> of = std::exchange(of_, nullptr);
        of->write(number_, {.key = std::move(cell_), .value = std::move(value), .time_to_live = time_to_live}, limit);
    }
    void erase(duration limit) && noexcept {
        if (of_ != nullptr) of_->erase(number_, std::move(cell_), limit);
    }

private:
    std::shared_ptr<tier_changes> of_;
    std::string cell_;
    std::uint64_t number_ = 0;
    bool writes_ = false;
};

template <class T, class Codec>
class durable_tier {
public:
    durable_tier(cell_store* store, name cache)
        : changes_{store != nullptr ? std::make_shared<tier_changes>(*store) : nullptr}, cache_{cache} {}

    [[nodiscard]] cell_store* store() const noexcept { return changes_ == nullptr ? nullptr : &changes_->store(); }
    /// Nothing where there is no store, or what is there is to be forgotten.
    [[nodiscard]] std::optional<cell_request> read(const cache_key& key, duration limit) const {
        if (changes_ == nullptr) return std::nullopt;
        std::string cell = cache_cell(cache_, key);
        if (changes_->is_being_erased(cell)) return std::nullopt;
        return cell_request{read_cell{std::move(cell)}, limit};
    }
    [[nodiscard]] static std::optional<T> decoded(const cell& there) {
        const std::optional<std::string_view> bytes = unsealed(there.value);
        if (!bytes) return std::nullopt;
        if constexpr (requires { Codec::decode(*bytes); }) try {
                return Codec::decode(*bytes);
            } catch (...) {
                return std::nullopt;  // one that throws for what it cannot read says the same
            }
        else
            return std::nullopt;
    }

    [[nodiscard]] tier_change change(const cache_key& key) const {
        return changes_ == nullptr ? tier_change{} : tier_change{changes_, cache_cell(cache_, key)};
    }
    void write(tier_change change, const T& value, duration time_to_live, duration limit) const {
        if constexpr (requires { Codec::encode(value); }) {
            if (!change.is_to_be_made()) return;
            std::optional<std::string> bytes;
            try {
                bytes = sealed(Codec::encode(value));
            } catch (...) {
                changes_->fail("not written: the value cannot be encoded");
            }
            if (bytes) std::move(change).write(*std::move(bytes), time_to_live, limit);
        }
    }

    [[nodiscard]] bool has_failed() const noexcept { return changes_ != nullptr && changes_->has_failed(); }
    [[nodiscard]] std::string take_failure() const { return changes_->take_failure(); }

private:
    std::shared_ptr<tier_changes> changes_;
    name cache_;
};

}  // namespace cutwater::detail
