// The program itself, run as a process of its own.
//
//     const ran done = run({"call", server.url("/")});
//     done.exit, done.out, done.events()
//
//     running program{{"call", url}};     program.heard("retry_scheduled");     program.interrupt();     program.end()
//
// Its outputs go to files, so that nothing waits for a reader.
#pragma once

#include <csignal>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "test/servers/nginx.hpp"

namespace cutwater::testing {

/// What a run of the program left behind.
struct ran {
    int exit = 0;
    std::string out;
    std::string err;

    /// Each line of standard error, which throws where one is no JSON.
    [[nodiscard]] std::vector<nlohmann::json> lines() const {
        std::vector<nlohmann::json> parsed;
        std::istringstream in{err};
        for (std::string line; std::getline(in, line);) parsed.push_back(nlohmann::json::parse(line));
        return parsed;
    }
    [[nodiscard]] std::vector<std::string> events() const {
        std::vector<std::string> names;
        for (const nlohmann::json& line : lines()) names.push_back(line.at("event"));
        return names;
    }
    /// The first event of that name.
    [[nodiscard]] nlohmann::json event(const std::string& name) const {
        for (nlohmann::json& line : lines())
            if (line.at("event") == name) return line;
        return {};
    }
};

class running {
public:
    explicit running(const std::vector<std::string>& words, const std::string& input = {}) {
        files_.write("in", input);
        files_.write("err", "");
        program_ =
            boost::process::child{CUTWATER_PROGRAM, words,
                                  boost::process::std_in<files_.file("in"), boost::process::std_out> files_.file("out"),
                                  boost::process::std_err > files_.file("err")};
    }
    running(const running&) = delete;
    running& operator=(const running&) = delete;
    ~running() {
        if (program_.running()) program_.terminate();
    }

    /// Waits, but not for ever, until its standard error, or its output, holds `text`.
    [[nodiscard]] bool heard(const std::string& text) const { return holds("err", text); }
    [[nodiscard]] bool wrote(const std::string& text) const { return holds("out", text); }
    template <class Condition>
    [[nodiscard]] static bool comes_true(Condition is_true) {
        for (int tries = 0; tries < 6000; ++tries) {
            if (is_true()) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        return false;
    }

    void interrupt() const { kill(program_.id(), SIGINT); }

    [[nodiscard]] ran end() {
        program_.wait();
        return {.exit = program_.exit_code(), .out = files_.read("out"), .err = files_.read("err")};
    }

private:
    [[nodiscard]] bool holds(const char* file, const std::string& text) const {
        return comes_true([&] { return files_.read(file).find(text) != std::string::npos; });
    }

    scratch_folder files_;
    boost::process::child program_;
};

[[nodiscard]] inline ran run(const std::vector<std::string>& words, const std::string& input = {}) {
    return running{words, input}.end();
}

/// With the shell's means: `$program` is the program, and the folder is one of its own. The exit code is the script's.
[[nodiscard]] inline ran run_in_shell(const std::string& script) {
    const scratch_folder files;
    const std::string whole = "cd '" + files.path().string() + "' && program='" CUTWATER_PROGRAM "'; " + script;
    boost::process::child shell{"/bin/sh", std::vector<std::string>{"-c", whole},
                                boost::process::std_out > files.file("out"),
                                boost::process::std_err > files.file("err")};
    shell.wait();
    return {.exit = shell.exit_code(), .out = files.read("out"), .err = files.read("err")};
}

/// On a terminal of its own, where standard output and standard error are one; `settings` as of the shell: `TERM=dumb`.
[[nodiscard]] inline ran run_on_terminal(const std::string& words, const std::string& settings = "TERM=xterm") {
    return run_in_shell("SHELL=/bin/sh script -qec \"stty cols 60; env -u NO_COLOR " + settings + " $program " + words +
                        "\" /dev/null </dev/null");
}

}  // namespace cutwater::testing
