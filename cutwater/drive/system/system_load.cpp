#include "cutwater/drive/system/system_load.hpp"

#include <charconv>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "cutwater/core/text.hpp"
#include "cutwater/drive/clock/clock.hpp"

namespace cutwater {

namespace {

namespace fs = std::filesystem;

constexpr double unlimited = std::numeric_limits<double>::infinity();

/// The control group of this process: `0::/some/group` in /proc/self/cgroup. Empty where there is none.
fs::path control_group(const fs::path& root) {
    std::ifstream lines{root / "proc/self/cgroup"};
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("0::/")) return root / "sys/fs/cgroup" / line.substr(4);
    return {};
}

/// A file of the group; no path at all where there is no group, for what is relative would be somebody else's.
fs::path file_of(const fs::path& group, const char* name) { return group.empty() ? fs::path{} : group / name; }

/// Lines of a word and a number, `usage_usec 1234` or `MemTotal: 1234 kB`.
std::map<std::string, double> numbers_in(const fs::path& file) {
    std::map<std::string, double> found;
    std::ifstream in{file};
    for (std::string key; in >> key; in.ignore(std::numeric_limits<std::streamsize>::max(), '\n')) {
        if (key.ends_with(':')) key.pop_back();
        double value = 0;
        if (in >> value) found[key] = value;
        in.clear();
    }
    return found;
}

/// What is no number is none at all.
std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc{} ? std::optional{value} : std::nullopt;
}

/// A number, or `max`.
std::optional<double> limit_in(const fs::path& file) {
    std::ifstream in{file};
    std::string text;
    if (!(in >> text)) return {};
    return text == "max" ? unlimited : number(text);
}

/// CPUs that the group may use at once: `quota period` in cpu.max.
double cpus_of(const fs::path& group) {
    std::ifstream in{file_of(group, "cpu.max")};
    std::string quota;
    double period = 0;
    if (!(in >> quota >> period) || period <= 0) return unlimited;
    return number(quota).value_or(unlimited) / period;  // "max" is no number
}

double valid(const char* signal, double target) {
    if (target > 0 && target <= 1) return target;
    throw std::invalid_argument{std::string{signal} + ": the target is " + std::string{to_text(target)} +
                                ", allowed is more than 0 and at most 1; it is a share, 0.8 for 80 %"};
}

double share(double used, double limit) { return limit > 0 && limit < unlimited ? used / limit : 0.0; }

}  // namespace

cpu_load::cpu_load(double target, fs::path root)
    : target_{valid("cpu_load", target)}, root_{std::move(root)}, group_{control_group(root_)}, before_{read()} {}

double cpu_load::operator()() {
    const usage seen = read();
    const usage last = std::exchange(before_, seen);
    if ((seen.cpus > 0) != (last.cpus > 0)) return load_;  // other things were counted
    const double could = (seen.passed - last.passed) * (seen.cpus > 0 ? seen.cpus : 1);
    return load_ = share(seen.busy - last.busy, could) / target_;
}

/// Of the group against its quota; where it has none, of the machine.
cpu_load::usage cpu_load::read() const {
    if (const double cpus = cpus_of(group_); cpus < unlimited) {
        const double present = std::chrono::duration<double>{now().time_since_epoch()}.count();
        return {.cpus = cpus, .busy = numbers_in(group_ / "cpu.stat")["usage_usec"] / 1e6, .passed = present};
    }
    std::ifstream in{root_ / "proc/stat"};  // cpu user nice system idle iowait irq softirq steal ...
    std::string cpu;
    double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
    in >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
    const double busy = user + nice + system + irq + softirq + steal;
    return {.busy = busy, .passed = busy + idle + iowait};
}

memory_load::memory_load(double target, fs::path root)
    : target_{valid("memory_load", target)}, root_{std::move(root)}, group_{control_group(root_)} {}

double memory_load::operator()() const {
    const double limit = limit_in(file_of(group_, "memory.max")).value_or(unlimited);
    if (limit < unlimited) {
        const double cached = numbers_in(group_ / "memory.stat")["inactive_file"];
        return share(limit_in(group_ / "memory.current").value_or(0) - cached, limit) / target_;
    }
    auto machine = numbers_in(root_ / "proc/meminfo");
    return share(machine["MemTotal"] - machine["MemAvailable"], machine["MemTotal"]) / target_;
}

memory_pressure::memory_pressure(double target, const fs::path& root)
    : target_{valid("memory_pressure", target)}, file_{file_of(control_group(root), "memory.pressure")} {
    if (!fs::exists(file_)) file_ = root / "proc/pressure/memory";
}

/// `some avg10=0.12 avg60=...`, in hundredths.
double memory_pressure::operator()() const {
    std::ifstream in{file_};
    std::string some;
    std::string average;
    if (!(in >> some >> average) || !average.starts_with("avg10=")) return 0;
    return number(std::string_view{average}.substr(6)).value_or(0) / 100 / target_;
}

}  // namespace cutwater
