// All that one seed draws: a configuration, and calls for it; and what was found wrong when they were played.
#pragma once

#include "test/soak/pipelines.hpp"
#include "test/soak/plan.hpp"

namespace cutwater::soak {

enum class in_step : bool;

/// What a manner of playing asks of a scene.
struct scene_kind {
    duration unit{};
    unsigned least_calls = 0;
    unsigned most_calls = 0;
    in_step how;
    pools may_have;
};

struct scene {
    scene(std::uint64_t seed, const scene_kind& kind)
        : draws{seed}, unit{kind.unit}, book{draws.from(kind.least_calls, kind.most_calls)},
          config{draws, unit, book, kind.how, kind.may_have},
          plans{draw_plans(draws, {static_cast<unsigned>(book.size()), config.pipelines(), unit}, book)} {}

    dice draws;
    duration unit;
    call_book book;
    configuration config;
    std::vector<call_plan> plans;
    findings found;
};

/// What became of one seed.
struct played {
    findings found;
    std::string configuration;  ///< where something was found
    std::size_t calls = 0;
};

}  // namespace cutwater::soak
