// A seed played by the blocking driver in virtual time, in one thread.
//
// Each call begins at its instant. One that waits lets time pass, and what begins meanwhile is played inside of that wait, as deep as it goes:
// so calls overlap, and those outside of others wake up late.
#pragma once

#include <deque>

#include "cutwater/testing/virtual_time.hpp"
#include "test/soak/audited.hpp"
#include "test/soak/scene.hpp"

namespace cutwater::soak {

class blocking_play {
public:
    static constexpr scene_kind kind{
        .unit = 1ms, .least_calls = 5, .most_calls = 60, .how = in_step::yes, .may_have = pools::none};

    explicit blocking_play(scene& drawn) : scene_{drawn}, time_{drawn.draws.number()}, stops_(drawn.plans.size()) {}
    void run();

private:
    void call(const call_plan& p);
    [[nodiscard]] std::expected<int, std::error_code> serve(const call_plan& p, const attempt& a);
    [[nodiscard]] std::error_code pass(const attempt& a, const attempt_plan& what);

    scene& scene_;
    testing::virtual_time time_;
    std::deque<std::stop_source> stops_;
};

}  // namespace cutwater::soak
