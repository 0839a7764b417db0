// Threads of which one runs at a time, and dice say which: any interleaving of their steps can be had, and had again.
//
//     template <template <class> class Atomic = std::atomic, class Mutex = std::mutex>
//     struct basic_turnstile {
//         Atomic<unsigned> passed{0};
//         void enter(unsigned) { passed.fetch_add(1); }
//     };
//
//     basic_turnstile<cw::testing::stepped_atomic, cw::testing::stepped_mutex> shared;
//     cw::testing::play_stepped(3, seed, [&](unsigned thread) { shared.enter(thread); });
//
// Before each operation on a `stepped_atomic` or a `stepped_mutex` another thread may go on instead; nowhere else. So the
// narrowest race is as likely as any, on any machine, and the seed brings it back. What is not explored is what weak
// memory orders allow: for that there is ThreadSanitizer. Outside of `play_stepped` both are plain values.
#pragma once

#include <atomic>
#include <deque>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "cutwater/core/random.hpp"

namespace cutwater::testing {

/// Who runs; see `play_stepped`.
class stepper {
public:
    stepper(unsigned threads, std::uint64_t seed) : dice_{seed}, seats_(threads), odds_{1U << dice_() % 5} {}

    template <class Body>
    void play(Body& body) {
        std::vector<std::jthread> team;
        for (unsigned i = 0; i < seats_.size(); ++i)
            team.emplace_back([this, i, &body] {
                seats_[i].turn.acquire();
                here_ = {this, i};
                body(i);
                here_ = {nullptr, 0};
                leave(i);
            });
        seats_[dice_() % seats_.size()].turn.release();
    }

    /// A thread is about to do something that others can see.
    static void step() {
        if (here_.world != nullptr && here_.world->dice_() % here_.world->odds_ == 0) here_.world->go_on_with_any();
    }
    /// A thread cannot go on until another has.
    static void stand_aside() {
        if (here_.world == nullptr || ++here_.world->idle_ > patience)
            throw std::logic_error{"stepped: every thread waits for another"};
        here_.world->go_on_with_any();
    }
    /// A thread got on after all.
    static void got_on() {
        if (here_.world != nullptr) here_.world->idle_ = 0;
    }

private:
    static constexpr unsigned patience = 100'000;

    struct seat {
        std::binary_semaphore turn{0};
        bool is_taken = true;
    };
    struct place {
        stepper* world;
        unsigned seat;
    };

    void go_on_with_any() {
        const unsigned me = here_.seat;
        if (const unsigned next = any_taken(); next != me) {
            seats_[next].turn.release();
            seats_[me].turn.acquire();
        }
    }
    void leave(unsigned me) {
        seats_[me].is_taken = false;
        if (++left_ < seats_.size()) seats_[any_taken()].turn.release();
    }
    [[nodiscard]] unsigned any_taken() {
        for (;;)
            if (const auto i = static_cast<unsigned>(dice_() % seats_.size()); seats_[i].is_taken) return i;
    }

    static inline thread_local place here_{nullptr, 0};  // NOLINT(readability-identifier-naming)

    random_source dice_;
    std::deque<seat> seats_;
    std::uint64_t odds_;
    std::size_t left_ = 0;
    unsigned idle_ = 0;
};

/// Runs `body(thread)` for each thread, to the end.
template <class Body>
void play_stepped(unsigned threads, std::uint64_t seed, Body body) {
    stepper{threads, seed}.play(body);
}

/// As `std::atomic`, sequentially consistent whatever is asked for.
template <class T>
class stepped_atomic {
public:
    constexpr stepped_atomic(T value) noexcept : value_{value} {}
    stepped_atomic(const stepped_atomic&) = delete;
    stepped_atomic& operator=(const stepped_atomic&) = delete;
    ~stepped_atomic() = default;

    T load(std::memory_order = {}) const { return stepper::step(), value_; }
    void store(T value, std::memory_order = {}) { stepper::step(), value_ = value; }
    T exchange(T value, std::memory_order = {}) { return stepper::step(), std::exchange(value_, value); }
    T fetch_add(T n, std::memory_order = {}) { return stepper::step(), std::exchange(value_, value_ + n); }
    T fetch_sub(T n, std::memory_order = {}) { return stepper::step(), std::exchange(value_, value_ - n); }
    T fetch_and(T n, std::memory_order = {}) { return stepper::step(), std::exchange(value_, value_ & n); }
    T fetch_or(T n, std::memory_order = {}) { return stepper::step(), std::exchange(value_, value_ | n); }

    bool compare_exchange_strong(T& expected, T wanted, std::memory_order = {}, std::memory_order = {}) {
        stepper::step();
        if (value_ != expected) return expected = value_, false;
        return value_ = wanted, true;
    }
    bool compare_exchange_weak(T& expected, T wanted, std::memory_order = {}, std::memory_order = {}) {
        return compare_exchange_strong(expected, wanted);
    }

private:
    T value_;
};

class stepped_mutex {
public:
    void lock() {
        stepper::step();
        while (held_) stepper::stand_aside();
        stepper::got_on();
        held_ = true;
    }
    void unlock() {
        held_ = false;
        stepper::step();
    }

private:
    bool held_ = false;
};

}  // namespace cutwater::testing
