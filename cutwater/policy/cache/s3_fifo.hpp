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
#include <unordered_map>
#include <utility>

namespace cutwater {

struct s3_fifo_limits {
    std::size_t entries = 1;
    std::size_t cost = 1;
    std::size_t largest = 0;  ///< cost of one; zero: a tenth of `cost`
};

template <class Key, class Value, class Hash = std::hash<Key>, class Equal = std::equal_to<>>
class s3_fifo {
    struct queue;
    struct node {
        Value value;
        std::size_t cost = 0;
        const Key* key = nullptr;
        queue* in = nullptr;
        node* newer = nullptr;
        node* older = nullptr;
        std::uint8_t asked = 0;
    };

public:
    /// About what is asked of the heap for an entry, key and value included as far as they are within themselves; and for the ghost that it leaves.
    static constexpr std::size_t bytes_an_entry =
        sizeof(std::pair<const Key, node>) + 3 * sizeof(void*) + 6 * sizeof(void*);

    explicit s3_fifo(s3_fifo_limits most) : most_{most} {
        if (most_.largest == 0) most_.largest = std::max<std::size_t>(most_.cost / 10, 1);
    }
    s3_fifo(const s3_fifo&) = delete;
    s3_fifo& operator=(const s3_fifo&) = delete;
    ~s3_fifo() = default;

    [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
    [[nodiscard]] std::size_t cost() const noexcept { return small_.cost + main_.cost; }
    [[nodiscard]] std::size_t ghosts() const noexcept { return ghost_order_.size(); }

    /// Null where it is not there. It counts as asked for.
    template <class Like>
    [[nodiscard]] Value* find(const Like& key) {
        const auto found = places_.find(key);
        if (found == places_.end()) return nullptr;
        node& at = found->second;
        if (at.asked < most_asked) ++at.asked;  // what is asked for often is not written to
        return &at.value;
    }

    /// The same, and nobody has asked for it.
    template <class Like>
    [[nodiscard]] const Value* peek(const Like& key) const {
        const auto found = places_.find(key);
        return found == places_.end() ? nullptr : &found->second.value;
    }

    /// Keeps a value, in the place of an older one of its key, and lets go what there is then no room for. False where it is larger than the largest that
    /// may be: it is not kept, and neither is the older one.
    bool put(Key key, Value value, std::size_t cost) {
        const auto found = places_.find(key);
        if (cost > std::min(most_.largest, most_.cost) || most_.entries == 0) {
            if (found != places_.end()) forget(found->second);
            return false;
        }
        if (found != places_.end()) {
            replace(found->second, std::move(value), cost);
            while (this->cost() > most_.cost) evict();
            return true;
        }
        queue& to = ghosts_.contains(Hash{}(key)) ? main_ : small_;
        while (size() >= most_.entries || this->cost() > most_.cost - cost)
            evict();  // before: what has just come is not who leaves
        add(to, std::move(key), std::move(value), cost);
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
        peak_ = 0;
    }

private:
    static constexpr std::uint8_t most_asked = 3;

    /// Of nodes, which are in the table.
    struct queue {
        node* newest = nullptr;
        node* oldest = nullptr;
        std::size_t size = 0;
        std::size_t cost = 0;

        void push(node& n) noexcept {
            n.in = this;
            n.newer = nullptr;
            n.older = newest;
            (newest != nullptr ? newest->newer : oldest) = &n;
            newest = &n;
            ++size;
            cost += n.cost;
        }
        void remove(node& n) noexcept {
            (n.newer != nullptr ? n.newer->older : newest) = n.older;
            (n.older != nullptr ? n.older->newer : oldest) = n.newer;
            --size;
            cost -= n.cost;
        }
    };

    void add(queue& to, Key key, Value value, std::size_t cost) {
        const auto [at, is_new] = places_.try_emplace(std::move(key), node{.value = std::move(value), .cost = cost});
        at->second.key = &at->first;
        to.push(at->second);
        peak_ = std::max(peak_, size());
    }
    void replace(node& at, Value value, std::size_t cost) {
        at.in->cost += cost - at.cost;
        at.cost = cost;
        at.value = std::move(value);
        at.asked = std::min<std::uint8_t>(at.asked + 1, most_asked);
    }
    static void move_to(queue& to, node& at) noexcept {
        at.in->remove(at);
        to.push(at);
    }
    void forget(node& at) {
        const auto found = places_.find(*at.key);
        at.in->remove(at);
        places_.erase(found);
    }

    /// Whether the small queue has its tenth, by number or by cost.
    [[nodiscard]] bool small_is_full() const noexcept {
        return small_.size * 10 >= most_.entries || small_.cost * 10 >= most_.cost;
    }
    void evict() {
        if (small_.size != 0 && (small_is_full() || main_.size == 0))
            evict_small();
        else
            evict_main();
    }
    /// One leaves: to the main queue where it was asked for again, else altogether.
    void evict_small() {
        node& oldest = *small_.oldest;
        if (oldest.asked > 1) {
            oldest.asked = 0;
            return move_to(main_, oldest);
        }
        remember(Hash{}(*oldest.key));
        forget(oldest);
    }
    void evict_main() {
        while (main_.oldest->asked > 0) {
            --main_.oldest->asked;
            move_to(main_, *main_.oldest);
        }
        forget(*main_.oldest);
    }
    /// As many ghosts as there have been entries at once.
    void remember(std::uint64_t ghost) {
        ghost_order_.push_back(ghost);
        ++ghosts_[ghost];
        if (ghost_order_.size() <= peak_) return;
        const auto oldest = ghosts_.find(ghost_order_.front());
        ghost_order_.pop_front();
        if (--oldest->second == 0) ghosts_.erase(oldest);
    }

    s3_fifo_limits most_;
    queue small_;
    queue main_;
    std::unordered_map<Key, node, Hash, Equal> places_;
    std::unordered_map<std::uint64_t, unsigned> ghosts_;
    std::deque<std::uint64_t> ghost_order_;
    std::size_t peak_ = 0;  // entries at once
};

}  // namespace cutwater
