// Which of several equivalent targets a call has been sent to already, so that its next attempt goes elsewhere.
//
//     cw::tried_targets tried;
//     tried.add(7);
//     assert(tried.contains(7) && !tried.contains(8));
//
// A target is known by a number that no other target of the process has. The last 32 are remembered; there is no allocation.
// It also says whether whoever chooses targets keeps the latest one's wish to be left alone (`retry_after`): then nobody else need wait for it.
// Thread safety: none; it belongs to a call, or to all attempts of one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace cutwater {

// NOLINTBEGIN(cppcoreguidelines-pro-type-member-init): every call has one; what it has not added is never read
class tried_targets {
public:
    static constexpr std::size_t most = 32;

    tried_targets() noexcept = default;
    tried_targets(const tried_targets& other) noexcept { *this = other; }
    // NOLINTEND(cppcoreguidelines-pro-type-member-init)
    tried_targets& operator=(const tried_targets& other) noexcept {
        if (this == &other) return *this;
        std::copy_n(other.ids_.begin(), other.remembered(), ids_.begin());
        added_ = other.added_;
        wish_is_kept_ = other.wish_is_kept_;
        return *this;
    }
    ~tried_targets() = default;

    [[nodiscard]] bool empty() const noexcept { return added_ == 0; }
    [[nodiscard]] bool contains(std::uint32_t id) const noexcept {
        const auto end = ids_.begin() + remembered();
        return std::find(ids_.begin(), end, id) != end;
    }
    /// The oldest is forgotten where there is no room.
    void add(std::uint32_t id) noexcept {
        wish_is_kept_ = false;
        if (contains(id)) return;
        ids_[added_ % most] = id;
        ++added_;
    }

    /// Whether who has failed last asked to be left alone for a while, is left alone, and another can be asked meanwhile.
    [[nodiscard]] bool wish_is_kept() const noexcept { return wish_is_kept_; }
    void keep_wish(bool another_can_be_asked) noexcept { wish_is_kept_ = another_can_be_asked; }  // tidy: allow bool

private:
    [[nodiscard]] std::uint32_t remembered() const noexcept { return std::min<std::uint32_t>(added_, most); }

    std::uint32_t added_ = 0;
    bool wish_is_kept_ = false;
    std::array<std::uint32_t, most> ids_;  // as far as they are remembered: a call that adds none writes none
};

}  // namespace cutwater
