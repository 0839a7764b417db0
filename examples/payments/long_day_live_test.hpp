// The program as a process of its own, and those that it has started.
//
//     long_day day;
//     const int bank = day.bank();
//     day.end_by(SIGTERM);   runs(bank);   day.left();
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "test/servers/scratch_folder.hpp"
#include "test/servers/server_process.hpp"

namespace payments {

template <class Condition>
bool comes_true(Condition is_true) {
    for (int tries = 0; tries < 3'000; ++tries) {
        if (is_true()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return false;
}

struct running {
    int id = 0;
    std::string name;
    int parent = 0;

    [[nodiscard]] bool has(const std::string& argument) const {
        std::ifstream all{"/proc/" + std::to_string(id) + "/cmdline"};
        for (std::string each; std::getline(all, each, '\0');)
            if (each == argument) return true;
        return false;
    }
};

/// As `/proc/<id>/stat` has it: `7 (postgres) S 6 …`. Without those that have ended and that nobody has waited for.
inline std::vector<running> all_running() {
    std::vector<running> found;
    for (const auto& each : std::filesystem::directory_iterator{"/proc"}) {
        std::ifstream stat{each.path() / "stat"};
        std::string text;
        std::getline(stat, text);
        const std::size_t begin = text.find('(');
        const std::size_t end = text.rfind(')');
        if (end == std::string::npos || text.at(end + 2) == 'Z') continue;
        found.push_back({std::stoi(text), text.substr(begin + 1, end - begin - 1), std::stoi(text.substr(end + 4))});
    }
    return found;
}

inline bool runs(int id) {
    const auto all = all_running();
    return std::ranges::any_of(all, [&](const running& each) { return each.id == id; });
}

/// The program, which is to have no time to come to its own end.
class long_day {
public:
    explicit long_day(const std::vector<std::string>& words = {"--payments", "1000000"},
                      const std::string& out = "/dev/null") {
        for (const auto* folder : {&files_, &temporary_})  // PostgreSQL is another user
            std::filesystem::permissions(folder->path(), std::filesystem::perms{0755});
        std::vector<std::string> arguments{"TMPDIR=" + temporary_.path().string(), PAYMENTS_PROGRAM};
        arguments.insert(arguments.end(), words.begin(), words.end());
        program_ = boost::process::child{cutwater::testing::installed("env", "coreutils"), arguments,
                                         boost::process::std_out > out, boost::process::std_err > files_.file("err"),
                                         boost::process::std_in < boost::process::null};
    }
    long_day(const long_day&) = delete;
    long_day& operator=(const long_day&) = delete;
    ~long_day() {
        if (program_.running()) end_by(SIGKILL);
    }

    /// What it has started; waits for that. The bank is the last: then the day has begun.
    [[nodiscard]] int bank() const { return child("payments_exampl", "--serve"); }
    [[nodiscard]] int database() const { return (void)bank(), child("postgres", "-D"); }
    int end_by(int signal) {
        ::kill(program_.id(), signal);
        return end();
    }
    int end() {
        program_.wait();
        return program_.exit_code();
    }
    [[nodiscard]] std::string said() const { return files_.read("err"); }
    [[nodiscard]] std::vector<std::string> left() const {
        std::vector<std::string> names;
        for (const auto& each : std::filesystem::directory_iterator{temporary_.path()})
            names.push_back(each.path().string());
        return names;
    }

private:
    [[nodiscard]] int child(const std::string& name, const std::string& argument) const {
        int id = 0;
        EXPECT_TRUE(comes_true([&] {
            for (const running& each : all_running())
                if (each.parent == program_.id() && each.name == name && each.has(argument)) id = each.id;
            return id != 0;
        })) << name;
        return id;
    }

    cutwater::testing::scratch_folder files_;
    cutwater::testing::scratch_folder temporary_;
    boost::process::child program_;
};

}  // namespace payments
