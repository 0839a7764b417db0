// A heap whose items know their places in it, so that any of them can leave.
//
//     struct sleeper { cw::instant until; std::size_t at = 0; };
//     struct wakes_before { bool operator()(const sleeper& a, const sleeper& b) const { return a.until < b.until; } };
//     cw::item_heap<sleeper, &sleeper::at, wakes_before> sleepers;
//     sleepers.make_room(1);                     // may throw; what comes after does not
//
// Who is first is looked up at once; coming and leaving take as many steps as the logarithm of how many there are.
// Thread safety: none. Lifetime: items outlive their stay.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace cutwater {

template <class Item, std::size_t Item::* At, class Before>
class item_heap {
public:
    [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
    [[nodiscard]] Item& first() const noexcept { return *items_.front(); }
    [[nodiscard]] Item& any() const noexcept { return *items_.back(); }  ///< the cheapest to remove

    void make_room(std::size_t items) {
        if (items > items_.capacity()) items_.reserve(std::max(items, 2 * items_.capacity()));
    }

    void push(Item& item) noexcept {
        item.*At = items_.size();
        items_.push_back(&item);
        rise(items_.size() - 1);
    }

    void remove(Item& item) noexcept {
        const std::size_t at = item.*At;
        swap(at, items_.size() - 1);
        items_.pop_back();
        if (at == items_.size()) return;
        rise(at);
        sink(at);
    }

private:
    [[nodiscard]] bool comes_before(std::size_t a, std::size_t b) const noexcept {
        return Before{}(*items_[a], *items_[b]);
    }
    void swap(std::size_t a, std::size_t b) noexcept {
        std::swap(items_[a], items_[b]);
        items_[a]->*At = a;
        items_[b]->*At = b;
    }

    void rise(std::size_t at) noexcept {
        for (; at > 0 && comes_before(at, (at - 1) / 2); at = (at - 1) / 2) swap(at, (at - 1) / 2);
    }
    void sink(std::size_t at) noexcept {
        for (;;) {
            std::size_t child = 2 * at + 1;
            if (child >= items_.size()) return;
            if (child + 1 < items_.size() && comes_before(child + 1, child)) ++child;
            if (!comes_before(child, at)) return;
            swap(at, child);
            at = child;
        }
    }

    std::vector<Item*> items_;
};

}  // namespace cutwater
