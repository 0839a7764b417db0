// What is right for a keyed policy, without threads: the specification that the tables are held against.
//
// - Each key has a policy of its own, as new at its first call. What one key does changes nothing for another.
// - A key that is known goes on, however many others come.
// - A new key is refused only if there is no room, and there is room if any that is known differs in nothing from a new one:
//   that one is forgotten, which nobody can tell. The tables look at 64 of a group, and of whole policies at 64 more, so with more
//   keys than that they may refuse one for a while that would have room here.
// - So nothing is ever forgotten that anybody could miss: no drained bucket, no open circuit, no call that is inside.
//
// A value: it can be copied and compared, if `Each` can. `Each` is the state of one key, with `bool is_fresh(instant) const`.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "cutwater/core/instant.hpp"

namespace cutwater {

template <class Each>
class keyed_kernel {
public:
    keyed_kernel(Each as_new, std::size_t max_keys) : as_new_{std::move(as_new)}, max_keys_{max_keys} {}

    /// The state of a key; null where it is new, and there is no room.
    [[nodiscard]] Each* of(std::string_view key, instant now) {
        if (const auto known = each_.find(key); known != each_.end()) return &known->second;
        if (each_.size() >= max_keys_) std::erase_if(each_, [&](const auto& one) { return one.second.is_fresh(now); });
        if (each_.size() >= max_keys_) return nullptr;
        return &each_.emplace(key, as_new_).first->second;
    }

    [[nodiscard]] std::size_t size() const noexcept { return each_.size(); }

    friend bool operator==(const keyed_kernel&, const keyed_kernel&) = default;

private:
    Each as_new_;
    std::size_t max_keys_;
    std::map<std::string, Each, std::less<>> each_;
};

}  // namespace cutwater
