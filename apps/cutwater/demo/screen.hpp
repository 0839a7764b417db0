// What the demo shows while it runs: both sides beside each other on a terminal, plain lines elsewhere.
#pragma once

#include <cstdio>
#include <string>

#include "apps/cutwater/demo/side.hpp"

namespace cutwater::demo {

/// The moment that is shown.
struct frame {
    duration elapsed{};
    duration length{};
    std::string_view phase;
    const side& unguarded;
    const side& guarded;
};

class screen {
public:
    virtual ~screen() = default;
    /// Ten times a second.
    virtual void show(const frame& now) = 0;
    virtual void done() {}
};

enum class colours : std::uint8_t { off, on };

[[nodiscard]] std::unique_ptr<screen> live_screen(std::FILE* out, unsigned columns, colours in);
[[nodiscard]] std::unique_ptr<screen> plain_screen(std::FILE* out);
[[nodiscard]] std::unique_ptr<screen> no_screen();

}  // namespace cutwater::demo
