#include "cutwater/store/memory/memory_store.hpp"

namespace cutwater {

std::size_t memory_store::size() const {
    const std::scoped_lock held{lock_};
    return cells_.size();
}

void memory_store::clear() {
    const std::scoped_lock held{lock_};
    cells_.clear();
    expiries_.clear();
}

void memory_store::begin(cell_request asked, cell_completion done) noexcept {
    const auto reply = [&]() -> cell_result {
        try {
            if (std::optional<error> wrong = wrong_key(asked, name_)) return std::unexpected{*std::move(wrong)};
            const std::scoped_lock held{lock_};
            return std::visit([this](auto& what) { return reply_to(what); }, asked.what);
        } catch (...) {
            return std::unexpected{error::from_exception(std::current_exception()).with_layer(name_)};
        }
    };
    done(reply());
}

cell_result memory_store::reply_to(const read_cell& asked) {
    const instant now = lent_.now();
    const auto found = alive(asked.key, now);
    return found == cells_.end() ? cell_reply{} : cell_reply{.found = state_of(found->second, now)};
}

cell_result memory_store::reply_to(swap_cell& asked) {
    const instant now = lent_.now();
    auto found = alive(asked.key, now);
    const cell_version there = found == cells_.end() ? 0 : found->second.version;
    if (there != asked.expected) return not_made(found, now);
    if (found == cells_.end()) {
        while (cells_.size() >= options_.max_cells && !expiries_.empty() && expiries_.begin()->first <= now)
            forget(cells_.find(expiries_.begin()->second));
        if (cells_.size() >= options_.max_cells)
            return std::unexpected{error{std::make_error_code(std::errc::not_enough_memory), name_, {}}.with_text(
                "it has max_cells = " + std::to_string(options_.max_cells) + " cells, and none has expired")};
        found = cells_.try_emplace(std::move(asked.key)).first;
    } else {
        expiries_.erase({found->second.expires, found->first});
    }
    found->second = {
        .value = std::move(asked.value), .version = ++last_, .written = now, .expires = add(now, asked.time_to_live)};
    if (found->second.expires != never) expiries_.emplace(found->second.expires, found->first);
    return cell_reply{.version = last_};
}

cell_result memory_store::reply_to(const erase_cell& asked) {
    const instant now = lent_.now();
    const auto found = alive(asked.key, now);
    if (found == cells_.end() || found->second.version != asked.expected) return not_made(found, now);
    forget(found);
    return cell_reply{};
}

cell_result memory_store::reply_to(const list_cells& asked) {
    const instant now = lent_.now();
    cell_reply said;
    auto at = asked.after < asked.prefix ? cells_.lower_bound(asked.prefix) : cells_.upper_bound(asked.after);
    for (; at != cells_.end() && at->first.starts_with(asked.prefix) && said.keys.size() < asked.limit; ++at)
        if (at->second.expires > now) said.keys.push_back(at->first);
    return said;
}

/// What has expired is not there.
memory_store::cells::iterator memory_store::alive(const std::string& key, instant now) {
    const auto found = cells_.find(key);
    if (found == cells_.end() || found->second.expires > now) return found;
    forget(found);
    return cells_.end();
}

void memory_store::forget(cells::iterator which) {
    expiries_.erase({which->second.expires, which->first});
    cells_.erase(which);
}

cell memory_store::state_of(const kept& k, instant now) {
    return {.value = k.value, .version = k.version, .age = std::max(duration::zero(), between(k.written, now))};
}

cell_result memory_store::not_made(cells::iterator which, instant now) const {
    cell_reply said{.done = false};
    if (which != cells_.end()) said.found = state_of(which->second, now);
    return said;
}

}  // namespace cutwater
