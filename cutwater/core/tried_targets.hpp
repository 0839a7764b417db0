// Which of several equivalent targets a call has been sent to already, so that its next attempt goes elsewhere.
//
//     cw::tried_targets tried;
//     tried.add(7);
//     assert(tried.contains(7) && !tried.contains(8));
//
// A target is known by a number that no other target of the process has. The last eight are remembered; there is no allocation.
// Thread safety: none; it belongs to a call, or to all attempts of one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace cutwater {

class tried_targets {
public:
    static constexpr std::size_t most = 8;

    [[nodiscard]] bool empty() const noexcept { return added_ == 0; }
    [[nodiscard]] bool contains(std::uint32_t id) const noexcept {
        const auto end = ids_.begin() + std::min<std::size_t>(added_, most);
        return std::find(ids_.begin(), end, id) != end;
    }
    /// The oldest is forgotten where there is no room.
    void add(std::uint32_t id) noexcept {
        if (contains(id)) return;
        ids_[added_ % most] = id;
        ++added_;
    }

private:
    std::array<std::uint32_t, most> ids_{};
    std::uint32_t added_ = 0;
};

}  // namespace cutwater
