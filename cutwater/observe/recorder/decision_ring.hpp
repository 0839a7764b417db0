// The last decisions of one layer. A writer has a place for itself: two meet only where the ring has gone round while one of them was writing.
//
//     cw::decision_ring ring{64};
//     ring.put(1, cw::packed_event{});              // numbers go up; of two for one place the higher one stays
//     ring.read([](std::uint64_t number, const cw::packed_event& kept) { … });
//
// Thread safety: every member, from any thread; a place is locked while it is copied. Allocates when it is made, and never again.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "cutwater/observe/recorder/packed_event.hpp"

namespace cutwater {

class decision_ring {
public:
    explicit decision_ring(std::size_t last) : places_(last) {}

    void put(std::uint64_t number, const packed_event& made) noexcept {
        place& mine = places_[next_.fetch_add(1, std::memory_order_relaxed) % places_.size()];
        const std::scoped_lock held{mine.lock};
        if (!mine.kept.is_empty() && mine.number > number) return;
        mine.number = number;
        mine.kept = made;
    }

    /// Calls `f` with a copy of each, in no order, outside of any lock.
    template <class F>
    void read(F&& f) const {
        for (const place& each : places_) {
            packed_event copied;
            std::uint64_t number = 0;
            {
                const std::scoped_lock held{each.lock};
                copied = each.kept;
                number = each.number;
            }
            if (!copied.is_empty()) f(number, copied);
        }
    }

private:
    struct place {
        mutable std::mutex lock{};
        std::uint64_t number = 0;
        packed_event kept{};
    };

    std::atomic<std::uint64_t> next_{0};
    std::vector<place> places_;
};

}  // namespace cutwater
