// The knobs of an SQLite store, with the defaults in force.
//
//     cw::sqlite_store_options patient{.name = "payments", .path = "/var/lib/shop/cells.db", .busy_timeout = 30s};
//
// `wall_clock` is asked by every thread that asks the store, while it holds a connection; it must not ask the store itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// What a swap that is `done` outlasts.
enum class sqlite_durability : std::uint8_t {
    full,  ///< a loss of power: the disk has it before anybody is told
    normal,  ///< the end of the process, by `kill -9` too; a loss of power takes the last writes, and leaves nothing half written
};

[[nodiscard]] constexpr std::string_view to_text(sqlite_durability d) noexcept {
    constexpr std::string_view texts[] = {"full", "normal"};
    return d <= sqlite_durability::normal ? texts[static_cast<std::uint8_t>(d)] : "unknown";
}

struct sqlite_store_options {
    std::string name = "sqlite";
    std::string path = {};
    sqlite_durability durability = sqlite_durability::full;
    duration busy_timeout = 5s;
    std::size_t readers = 4;
    std::size_t sweep = 10;
    std::function<std::chrono::system_clock::time_point()> wall_clock = {};  ///< none: the system's

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the store's name in errors and events");
        visit("path", self.path, any_value, "the file; it is made where there is none, its folder is not");
        visit("durability", self.durability, within(sqlite_durability::full, sqlite_durability::normal),
              "what a swap that is done outlasts: a loss of power, or the end of the process only");
        visit("busy_timeout", self.busy_timeout, within<duration>(0s, 1h),
              "how long a request waits for others who write, where its own limit is not shorter");
        visit("readers", self.readers, within(std::size_t{1}, std::size_t{1000}),
              "reads at once; a further one waits for one of them");
        visit("sweep", self.sweep, within(std::size_t{1}, std::size_t{10'000}),
              "expired cells that a write deletes, at most");
        visit("wall_clock", self.wall_clock, any_value, "tells ages and expiry, in place of the system's clock");
    }
    void cross_check(option_problems& problems) const {
        if (path.empty())
            problems.push_back({"path", "empty", "the path of a file, such as \"/var/lib/shop/cells.db\""});
        else if (path == ":memory:")
            problems.push_back({"path", "\":memory:\"", "the path of a file; cells in memory are for memory_store"});
        else if (path.contains('\0'))
            problems.push_back({"path", to_text(path), "a path without a zero byte"});
    }
};

}  // namespace cutwater
