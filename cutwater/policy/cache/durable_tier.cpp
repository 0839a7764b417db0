#include "cutwater/policy/cache/durable_tier.hpp"

#include <functional>

namespace cutwater::detail {

namespace {

constexpr std::string_view magic = "cwc1";
constexpr std::size_t hash_size = 8;

/// The standard library's hash, which is not the same in every standard library: what another has written is a miss.
std::string hash_of(std::string_view value) {
    const std::uint64_t hash = std::hash<std::string_view>{}(value);
    std::string bytes;
    for (unsigned shift = 0; shift < 8 * hash_size; shift += 8)
        bytes.push_back(static_cast<char>((hash >> shift) & 0xFFU));
    return bytes;
}

}  // namespace

std::string cache_cell(name cache, const cache_key& key) {
    std::string cell{"cache/"};
    for (const std::string_view part : {cache.view(), key.operation.view(), key.tenant})
        cell.append(std::to_string(part.size())).append(1, ':').append(part).append(1, '/');
    return cell.append(key.asked);
}

std::string sealed(std::string_view value) { return std::string{magic}.append(hash_of(value)).append(value); }

std::optional<std::string_view> unsealed(std::string_view bytes) {
    if (!bytes.starts_with(magic) || bytes.size() < magic.size() + hash_size) return std::nullopt;
    const std::string_view hash = bytes.substr(magic.size(), hash_size);
    const std::string_view value = bytes.substr(magic.size() + hash_size);
    return hash == hash_of(value) ? std::optional{value} : std::nullopt;
}

std::uint64_t tier_changes::begin_write(const std::string& cell) {
    const std::scoped_lock held{lock_};
    changed_cell& here = cells_[cell];
    ++here.writes;
    return here.latest = ++changes_;
}

void tier_changes::withdraw_write(const std::string& cell) noexcept {
    const std::scoped_lock held{lock_};
    --cells_[cell].writes;
    end_if_idle_locked(cell);
}

void tier_changes::write(std::uint64_t change, swap_cell what, duration limit) noexcept {
    constexpr unsigned most_steps = 4;
    swap(change, std::move(what), limit, most_steps);
}

void tier_changes::swap(std::uint64_t change, swap_cell what, duration limit, unsigned steps_left) noexcept {
    cell_request asked{what, limit};
    store_.begin(std::move(asked), [self = shared_from_this(), change, again = std::move(what), limit,
                                    steps_left](cell_result said) mutable noexcept {
        const bool is_over = !said || said->done || steps_left == 1 || !self->is_latest(again.key, change);
        if (is_over) return self->has_written(again.key, said, limit);
        again.expected = said->found ? said->found->version : 0;
        self->swap(change, std::move(again), limit, steps_left - 1);
    });
}

bool tier_changes::is_latest(const std::string& cell, std::uint64_t change) const {
    const std::scoped_lock held{lock_};
    const auto found = cells_.find(cell);
    return found != cells_.end() && found->second.latest == change;
}

void tier_changes::has_written(const std::string& cell, const cell_result& said, duration limit) noexcept {
    std::unique_lock held{lock_};
    look_for_failure_locked(said, "not written: ");
    changed_cell& here = cells_[cell];
    --here.writes;
    if (!said || !here.is_forgotten()) return end_if_idle_locked(cell);
    ++here.erasures;  // once more: it may have come after the first
    const std::uint64_t change = here.latest_erasure;
    held.unlock();
    erase(change, cell, limit);
}

std::uint64_t tier_changes::begin_erasure(const std::string& cell) {
    const std::scoped_lock held{lock_};
    changed_cell& here = cells_[cell];
    ++here.erasures;
    return here.latest = here.latest_erasure = ++changes_;
}

void tier_changes::erase(std::uint64_t change, std::string cell, duration limit) noexcept {
    cell_request asked{read_cell{cell}, limit};
    store_.begin(std::move(asked), [self = shared_from_this(), change, cell = std::move(cell),
                                    limit](cell_result said) mutable noexcept {
        if (!said || !said->found || !self->is_latest(cell, change)) return self->has_erased(cell, said);
        cell_request erasing{erase_cell{cell, said->found->version}, limit};
        self->store_.begin(std::move(erasing), [self, cell = std::move(cell)](const cell_result& erased) noexcept {
            self->has_erased(cell, erased);
        });
    });
}

void tier_changes::has_erased(const std::string& cell, const cell_result& said) noexcept {
    const std::scoped_lock held{lock_};
    look_for_failure_locked(said, "not erased: ");
    --cells_[cell].erasures;
    end_if_idle_locked(cell);
}

bool tier_changes::is_being_erased(const std::string& cell) const {
    const std::scoped_lock held{lock_};
    const auto found = cells_.find(cell);
    return found != cells_.end() && (found->second.erasures != 0 || found->second.is_forgotten());
}

std::string tier_changes::take_failure() {
    const std::scoped_lock held{lock_};
    has_failed_.store(false, std::memory_order_relaxed);
    return std::exchange(failure_, {});
}

void tier_changes::fail(std::string_view why) {
    const std::scoped_lock held{lock_};
    failure_.assign(why);
    has_failed_.store(true, std::memory_order_relaxed);
}

void tier_changes::look_for_failure_locked(const cell_result& said, std::string_view what) {
    if (said) return;
    failure_.assign(what).append(said.error().words());
    has_failed_.store(true, std::memory_order_relaxed);
}

void tier_changes::end_if_idle_locked(const std::string& cell) noexcept {
    const auto found = cells_.find(cell);
    if (found->second.writes == 0 && found->second.erasures == 0) cells_.erase(found);
}

}  // namespace cutwater::detail
