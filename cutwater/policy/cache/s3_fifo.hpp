// Which values stay where not all can: S3-FIFO.
//
// Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you need for cache eviction" (SOSP 2023). A new key enters a small queue, a tenth of the room; most
// keys are asked for once and leave by it. One that was asked for again, or comes back soon after it has left (its ghost is remembered), enters the
// main queue, and goes round there as long as it is asked for. A scan passes through the small queue and displaces nothing; a hit moves nothing, it counts
// to three.
//
//     cw::s3_fifo<int, int> kept{{.entries = 1'000, .cost = 1'000'000}};
//     kept.put(17, 7, 20);   if (int* found = kept.find(17)) …
//
// `Hash` and `Equal` may be transparent: keys are then found by what they are like. Thread safety: none. Cost: a hash table's search; `put` is amortised O(1).
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

namespace cutwater {

struct s3_fifo_limits {
    std::size_t entries = 1;
    std::size_t cost = 1;
};

template <class Key, class Value, class Hash = std::hash<Key>, class Equal = std::equal_to<>>
class s3_fifo {
public:
    explicit s3_fifo(s3_fifo_limits most) : most_{most} {}

    [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
    [[nodiscard]] std::size_t cost() const noexcept { return small_.cost + main_.cost; }

    /// Null where it is not there. It counts as asked for.
    template <class Like>
    [[nodiscard]] Value* find(const Like& key) {
        const auto found = places_.find(key);
        if (found == places_.end()) return nullptr;
        node& at = *found->second;
        if (at.asked < most_asked) ++at.asked;  // what is asked for often is not written to
        return &at.value;
    }

    /// The same, and nobody has asked for it.
    template <class Like>
    [[nodiscard]] const Value* peek(const Like& key) const {
        const auto found = places_.find(key);
        return found == places_.end() ? nullptr : &found->second->value;
    }

    /// Keeps a value, in the place of an older one of its key, and lets go what there is then no room for. False where it is larger than a tenth of
    /// all: it is not kept, and neither is the older one.
    bool put(Key key, Value value, std::size_t cost) {
        const auto found = places_.find(key);
        if (cost > std::max<std::size_t>(most_.cost / 10, 1)) {
            if (found != places_.end()) forget(found->second);
            return false;
        }
        if (found != places_.end()) {
            replace(*found->second, std::move(value), cost);
        } else {
            const std::uint64_t ghost = Hash{}(key);
            add(ghosts_.contains(ghost) ? main_ : small_, std::move(key), std::move(value), cost);
        }
        while (size() > most_.entries || this->cost() > most_.cost) evict();
        return true;
    }

    template <class Like>
    bool erase(const Like& key) {
        const auto found = places_.find(key);
        if (found == places_.end()) return false;
        forget(found->second);
        return true;
    }

    void clear() {
        places_.clear();
        for (queue* each : {&small_, &main_}) *each = {};
        ghosts_ = {};
        ghost_order_.clear();
    }

private:
    static constexpr std::uint8_t most_asked = 3;

    struct queue;
    struct node {
        Key key;
        Value value;
        std::size_t cost = 0;
        std::uint8_t asked = 0;
        queue* in = nullptr;
    };
    struct queue {
        std::list<node> nodes;  // the newest first
        std::size_t cost = 0;
    };
    using place = typename std::list<node>::iterator;

    void add(queue& to, Key key, Value value, std::size_t cost) {
        to.nodes.push_front({.key = std::move(key), .value = std::move(value), .cost = cost, .in = &to});
        to.cost += cost;
        places_.emplace(to.nodes.front().key, to.nodes.begin());
    }
    void replace(node& at, Value value, std::size_t cost) {
        at.in->cost += cost - at.cost;
        at.cost = cost;
        at.value = std::move(value);
        at.asked = std::min<std::uint8_t>(at.asked + 1, most_asked);
    }
    void move_to(queue& to, place at) {
        at->in->cost -= at->cost;
        to.cost += at->cost;
        to.nodes.splice(to.nodes.begin(), at->in->nodes, at);
        at->in = &to;
    }
    void forget(place at) {
        queue& from = *at->in;
        from.cost -= at->cost;
        places_.erase(places_.find(at->key));
        from.nodes.erase(at);
    }

    /// Whether the small queue has its tenth, by number or by cost.
    [[nodiscard]] bool small_is_full() const noexcept {
        return small_.nodes.size() * 10 >= most_.entries || small_.cost * 10 >= most_.cost;
    }
    void evict() {
        if (!small_.nodes.empty() && (small_is_full() || main_.nodes.empty()))
            evict_small();
        else
            evict_main();
    }
    /// One leaves: to the main queue where it was asked for again, else altogether.
    void evict_small() {
        const auto oldest = std::prev(small_.nodes.end());
        if (oldest->asked > 1) {
            oldest->asked = 0;
            return move_to(main_, oldest);
        }
        remember(Hash{}(oldest->key));
        forget(oldest);
    }
    void evict_main() {
        while (main_.nodes.back().asked > 0) {
            --main_.nodes.back().asked;
            main_.nodes.splice(main_.nodes.begin(), main_.nodes, std::prev(main_.nodes.end()));
        }
        forget(std::prev(main_.nodes.end()));
    }
    /// As many ghosts as there may be entries.
    void remember(std::uint64_t ghost) {
        ghost_order_.push_back(ghost);
        ++ghosts_[ghost];
        if (ghost_order_.size() <= most_.entries) return;
        const auto oldest = ghosts_.find(ghost_order_.front());
        ghost_order_.pop_front();
        if (--oldest->second == 0) ghosts_.erase(oldest);
    }

    s3_fifo_limits most_;
    queue small_;
    queue main_;
    std::unordered_map<Key, place, Hash, Equal> places_;
    std::unordered_map<std::uint64_t, unsigned> ghosts_;
    std::deque<std::uint64_t> ghost_order_;
};

}  // namespace cutwater
