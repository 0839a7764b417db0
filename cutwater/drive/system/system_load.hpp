// How loaded this machine is, or the container that the process is in: signals for a `load_shedder`.
//
//     cw::load_shedder door{{.name = "door", .signals = {cw::cpu_load{}, cw::memory_load{}}}};
//
// Each gives what is used in relation to a target: 1 is as much as there should be. Where the process is in a control group with a limit (a container) it is that
// limit that counts, else the whole machine. Linux: cgroup v2, and /proc. What cannot be read counts as no load at all, 0.
// A target is a share; the constructors throw `std::invalid_argument` where it is not above 0 and at most 1.
// Thread safety: none; a shedder asks its signals one at a time. Cost: two small files read, some 20 µs. `root`: where /proc and /sys are, for tests.
#pragma once

#include <cstdint>
#include <filesystem>

#include "cutwater/core/instant.hpp"

namespace cutwater {

/// How busy the CPUs have been since it was last asked; nothing at the first time. A quota that has changed is taken as what it is now.
class cpu_load {
public:
    explicit cpu_load(double target = 0.8, std::filesystem::path root = "/");
    double operator()();

private:
    struct usage {
        double cpus = 0;    ///< that the group may use; none: it has no quota, and this is the machine
        double busy = 0;    ///< seconds of CPU; of the machine ticks
        double passed = 0;  ///< seconds; of the machine ticks, of all its CPUs
    };
    [[nodiscard]] usage read() const;

    double target_;
    std::filesystem::path root_;
    std::filesystem::path group_;
    usage before_;
    double load_ = 0;
};

/// How much of the memory is in use, without what is only cached.
class memory_load {
public:
    explicit memory_load(double target = 0.9, std::filesystem::path root = "/");
    double operator()() const;

private:
    double target_;
    std::filesystem::path root_;
    std::filesystem::path group_;
};

/// What share of the last ten seconds somebody waited for memory: pressure-stall information. It rises before memory is gone.
class memory_pressure {
public:
    explicit memory_pressure(double target = 0.1, const std::filesystem::path& root = "/");
    double operator()() const;

private:
    double target_;
    std::filesystem::path file_;
};

}  // namespace cutwater
