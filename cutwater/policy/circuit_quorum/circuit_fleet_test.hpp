// Instances that call one dependency, each with a breaker of its own and a clock of its own, in virtual time.
//
//     circuit_fleet all{{.instances = 5, .quorum = {.every = 2s}}};
//     all.of(0).cannot_reach_it = true;        // its own network is broken
//     all.run(1min);
//     all.of(1).heard.count("circuit_opened");
//
// Thread safety: none.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/policy/circuit_quorum/circuit_quorum.hpp"
#include "cutwater/store/late_store_test.hpp"
#include "cutwater/testing/event_recorder.hpp"

namespace cutwater::testing {

/// The same time, counted from another beginning.
class other_clock final : public environment, public blocking_environment {
public:
    other_clock(virtual_time& time, duration ahead, std::uint64_t seed) : time_{time}, ahead_{ahead}, dice_{seed} {}

    [[nodiscard]] instant now() noexcept override { return add(time_.present(), ahead_); }
    [[nodiscard]] random_source& random() noexcept override { return dice_; }
    [[nodiscard]] environment& lent() noexcept override { return *this; }
    [[nodiscard]] wait_end wait(parker& place, instant until, const std::stop_token& stop) override {
        return time_.wait(place, until == never ? never : add(until, -ahead_), stop);
    }

private:
    virtual_time& time_;
    duration ahead_;
    random_source dice_;
};

/// What breakers and quorums tell, but for each refusal: a fleet makes many calls.
class circuit_events final : public listener {
public:
    void on_event(const event& e) override {
        const std::string_view what = e.kind().name;
        if (what.starts_with("circuit_") && what != "circuit_refused") kept_.on_event(e);
    }
    [[nodiscard]] std::size_t count(const std::string& called) const { return kept_.count(called); }
    [[nodiscard]] recorded_event last(const std::string& called) const { return kept_.last(called); }

private:
    event_recorder kept_;
};

struct circuit_fleet_options {
    unsigned instances = 5;
    circuit_breaker_options breaker{.name = "inventory", .open_for = 30s};
    circuit_quorum_options quorum{};
    duration store_takes = 2ms;
    duration longest_pause = 200ms;  ///< between an instance's calls, at random
    double fails_anyway = 0.0;       ///< so many calls, of all instances
    std::uint64_t seed = 1;
};

class circuit_fleet {
public:
    struct instance {
        instance(circuit_fleet& of, duration ahead, std::uint64_t seed)
            : clock{of.time, ahead, seed}, breaker{of.options_.breaker}, others{of.cells, breaker, of.options_.quorum} {
        }

        other_clock clock;
        circuit_breaker breaker;
        circuit_quorum others;
        circuit_events heard;
        bool cannot_reach_it = false;
        duration longest_pause{};
        unsigned called = 0;
        unsigned sent = 0;

        [[nodiscard]] circuit_state state() { return breaker.state(clock.now()); }
        [[nodiscard]] circuit_tally tally() { return others.others(clock.now()); }
    };

    explicit circuit_fleet(circuit_fleet_options o) : options_{std::move(o)}, dice_{options_.seed} {
        cells.takes = options_.store_takes;
        all_.resize(options_.instances);
        for (unsigned i = 0; i < options_.instances; ++i) start(i);
    }

    virtual_time time;
    late_store cells{time};
    bool is_down = false;  ///< what they call

    [[nodiscard]] instance& of(unsigned i) { return *all_[i]; }
    void run(duration d) { time.pass(d); }

    /// A new process: nothing of the old one is known to it.
    void start(unsigned i) {
        all_[i] = std::make_unique<instance>(*this, dice_.below(2000h) - 1000h, dice_());
        all_[i]->longest_pause = options_.longest_pause;
        next_call(i, all_[i].get());
    }
    void kill(unsigned i) { all_[i].reset(); }

    [[nodiscard]] circuit_bulletin cell() {
        const auto there = ask(cells.kept(), {read_cell{"circuit/inventory"}});
        return circuit_bulletin::decoded(there->found ? there->found->value : "", 1000);
    }
    [[nodiscard]] unsigned heard_by_all(const std::string& event) const {
        std::size_t sum = 0;
        for (const auto& each : all_)
            if (each != nullptr) sum += each->heard.count(event);
        return static_cast<unsigned>(sum);
    }

private:
    void next_call(unsigned i, const instance* who) {
        time.after(dice_.below(who->longest_pause) + 1us, [this, i, who] {
            if (all_[i].get() != who) return;  // it has been killed
            call(*all_[i]);
            next_call(i, who);
        });
    }
    void call(instance& who) {
        pipeline guarded{observe{who.heard}, cutwater::ref(who.others), cutwater::ref(who.breaker)};
        const auto f = [&]() -> std::expected<int, std::error_code> {
            ++who.sent;
            if (is_down || who.cannot_reach_it || dice_.unit() < options_.fails_anyway)
                return std::unexpected{std::make_error_code(std::errc::connection_reset)};
            return 7;
        };
        ++who.called;
        (void)run_blocking(guarded, nothing_said, f, who.clock);
    }

    circuit_fleet_options options_;
    random_source dice_;
    std::vector<std::unique_ptr<instance>> all_;
};

}  // namespace cutwater::testing
