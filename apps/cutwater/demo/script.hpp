// What the dependency of the demo does, second by second.
#pragma once

#include <string_view>
#include <vector>

#include "cutwater/core/instant.hpp"

namespace cutwater::demo {

enum class behaviour : std::uint8_t {
    answers,     ///< after 20 ms
    errors,      ///< four of five answers are 503, at once
    hangs,       ///< takes requests and answers none of them
    overloaded,  ///< slower with every request in flight, and above its capacity 503
};

struct phase {
    std::string_view name;
    behaviour does = behaviour::answers;
    duration length{};
};

/// One run: what happens, and for how long.
class script {
public:
    /// The usual 20 seconds, times `scale`.
    explicit script(double scale);

    [[nodiscard]] const std::vector<phase>& phases() const noexcept { return phases_; }
    [[nodiscard]] duration length() const noexcept;
    /// The phase that is on after `elapsed`; the last one for ever after.
    [[nodiscard]] std::size_t at(duration elapsed) const noexcept;

private:
    std::vector<phase> phases_;
};

}  // namespace cutwater::demo
