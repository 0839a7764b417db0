// Seed after seed, in each manner, until something is found, time is over, or somebody stops it.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "test/soak/manners.hpp"

namespace cutwater::soak {

struct soak_options {
    std::uint64_t first_seed = 0;
    bool same_seed = false;                                               ///< again and again
    std::optional<std::uint64_t> rounds{};                                ///< how many; else until time is over
    duration time = std::chrono::minutes{10};                             ///< at most
    std::vector<manner> manners{all_manners.begin(), all_manners.end()};  ///< of each round
};

/// Something that was found: where, and how to have it again.
struct failure {
    std::uint64_t seed = 0;
    manner how{};
    played what{};

    /// The seed, what is wrong, the configuration, and the command.
    [[nodiscard]] std::string text() const;
};

struct soak_summary {
    std::uint64_t rounds = 0;
    std::uint64_t calls = 0;
    duration took{};
    bool interrupted = false;
    std::optional<failure> failed{};

    /// `1234 seeds, 56789 calls in 10min`.
    [[nodiscard]] std::string text() const;
};

struct soak_hooks {
    std::function<void(std::uint64_t seed, manner how)> begins = [](auto&&...) {};  ///< before each play
    std::function<void(const soak_summary&)> goes_on = [](auto&&...) {};            ///< after each round
    std::function<bool()> is_stopped = [] { return false; };
};

[[nodiscard]] soak_summary run(const soak_options& options, const soak_hooks& hooks = {});

}  // namespace cutwater::soak
