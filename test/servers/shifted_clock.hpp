// A clock of a server's own, which a test sets ahead or back while the server runs: what it takes for the time of day.
//
//     shifted_clock clock;
//     postgres_server server{clock.prefix()};
//     clock.set(10min);                       // ahead, from the next reading on;   clock.set(-1h): back
//
// By libfaketime, which the server is started with. How long it waits for something is not changed by it: only the date is.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "test/servers/scratch_folder.hpp"
#include "test/servers/server_process.hpp"

namespace cutwater::testing {

class shifted_clock {
public:
    explicit shifted_clock(std::chrono::seconds ahead = {}) {
        std::filesystem::permissions(folder_.path(), std::filesystem::perms{0755});  // the server is another user
        set(ahead);
    }

    void set(std::chrono::seconds ahead) const {
        const std::string sign = ahead.count() < 0 ? "" : "+";
        folder_.write("next", sign + std::to_string(ahead.count()) + "\n");
        std::filesystem::rename(folder_.path() / "next", folder_.path() / "clock");  // read whole, or not at all
    }

    /// What a command begins with that is to have this clock. An allocator of the server's own would ask for the time before there is any: the C library's
    /// comes first.
    [[nodiscard]] std::vector<std::string> prefix() const {
        (void)installed("faketime", "faketime");
        return {installed("env", "coreutils"),
                "LD_PRELOAD=libc_malloc_debug.so.0:/usr/$LIB/faketime/libfaketimeMT.so.1",
                "FAKETIME_TIMESTAMP_FILE=" + folder_.file("clock"), "FAKETIME_NO_CACHE=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1"};
    }

private:
    scratch_folder folder_;
};

}  // namespace cutwater::testing
