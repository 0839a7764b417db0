// Others who are inside of a gate, or wait for it, while a call under test comes.
//
//     cw::testing::others those{share, time};
//     those.come();                       // takes a permit, or a place in the queue
//     those.go_after(50ms);               // the first of those inside goes, in virtual time
//     those.leave_after(50ms);            // the first of those who wait gives up
//
// Thread safety: none. Lifetime: the gate and the time outlive it; whoever is left when it goes leaves the gate.
#pragma once

#include <algorithm>
#include <list>
#include <stdexcept>

#include "cutwater/testing/virtual_time.hpp"

namespace cutwater::testing {

template <queueing_gate Gate>
class others {
public:
    others(Gate& in, virtual_time& time) : in_{in}, time_{time} {}

    /// One more asks to pass; where it must, it waits.
    void come(const call_options& said = nothing_said) {
        other& one = all_.emplace_back(in_);
        call_context call{said, time_, one};
        auto answer = in_.admit(call, call.now);
        if (std::holds_alternative<wait_until>(answer)) answer = in_.enqueue(one.place.emplace(one), call, call.now);
        if (auto* t = std::get_if<typename Gate::ticket>(&answer)) one.held = permit<Gate>{in_, *t};
    }
    /// The first of those inside goes.
    void go() {
        for (other& one : all_)
            if (one.held) return one.held.abandon();
        throw std::logic_error{"others: nobody is inside"};
    }
    /// The first of those who wait leaves.
    void leave() {
        const auto first = std::ranges::find_if(all_, [](const other& one) { return one.place && !one.held; });
        if (first == all_.end()) throw std::logic_error{"others: nobody waits"};
        all_.erase(first);
    }
    void come_after(duration d, criticality importance) {
        time_.after(d, [this, importance] { come({.importance = importance}); });
    }
    void go_after(duration d) {
        time_.after(d, [this] { go(); });
    }
    void leave_after(duration d) {
        time_.after(d, [this] { leave(); });
    }
    /// How many of those who waited were told that they can go on.
    [[nodiscard]] unsigned woken() const {
        unsigned count = 0;
        for (const other& one : all_) count += one.is_woken ? 1 : 0;
        return count;
    }

private:
    struct other final : parking, waker {
        explicit other(Gate& gate) : waits_for{gate} {}
        other(const other&) = delete;
        other& operator=(const other&) = delete;
        ~other() {
            if (place) waits_for.leave(*place);
        }
        waker& prepare() override { return *this; }
        void wake() noexcept override { is_woken = true; }

        Gate& waits_for;
        permit<Gate> held{};
        late<waiter> place{};
        bool is_woken = false;
    };

    Gate& in_;
    virtual_time& time_;
    std::list<other> all_;
};

}  // namespace cutwater::testing
