// Children of a test, and the stores that they share.
//
//     effects book;                                        // a file: what has really happened, a line each
//     const pid_t child = in_child([&] { … });             // ends with the process, by `_exit`
//     EXPECT_EQ(end_of(child), 0);
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "cutwater/store/postgres/postgres_store.hpp"
#include "cutwater/store/redis/redis_store.hpp"
#include "cutwater/store/sqlite/sqlite_store.hpp"
#include "test/servers/postgres_server.hpp"
#include "test/servers/redis_server.hpp"

namespace cutwater::testing {

/// What has happened in the world: nobody takes it back, whoever is killed.
class effects {
public:
    void happen(const std::string& what) const {
        const int file = ::open(path().c_str(), O_WRONLY | O_APPEND | O_CREAT, 0600);
        const std::string line = what + "\n";  // in one write: lines of several processes do not mix
        if (::write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
        ::close(file);
    }
    /// How often each.
    [[nodiscard]] std::map<std::string, int> times() const {
        std::map<std::string, int> counted;
        std::ifstream in{path()};
        for (std::string line; std::getline(in, line);) ++counted[line];
        return counted;
    }

private:
    [[nodiscard]] std::string path() const { return folder_.file("effects"); }
    scratch_folder folder_;
};

/// A child, which has one thread until it makes more, and whose end is seen by no test.
inline pid_t in_child(const std::function<void()>& does) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    int code = 0;
    try {
        does();
    } catch (...) {
        code = 70;
    }
    ::_exit(code);
}
/// 0 where it has ended well; the signal that ended it, as a negative number.
inline int end_of(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/// One kind of store: each process makes its own, of what they share.
struct shared_store {
    std::string name;
    std::function<std::unique_ptr<cell_store>(const std::string& scope)> make;  ///< `scope`: of one test
};

inline redis_server& the_redis() {
    static redis_server server;
    return server;
}
inline postgres_server& the_postgres() {
    static postgres_server server;
    return server;
}

/// The servers are started before the first child is made, and stay the parent's.
inline std::vector<shared_store> shared_stores() {
    using namespace std::chrono_literals;
    static const scratch_folder files;
    return {
        {"sqlite",
         [](const std::string& scope) {
             return std::make_unique<sqlite_store>(sqlite_store_options{
                 .path = files.file(scope), .durability = sqlite_durability::normal, .busy_timeout = 30s});
         }},
        {"postgres",
         [](const std::string& scope) {
             return std::make_unique<postgres_store>(
                 postgres_store_options{.connection = the_postgres().connection(), .table = scope});
         }},
        {"redis",
         [](const std::string& scope) {
             return std::make_unique<redis_store>(redis_store_options{
                 .host = "127.0.0.1", .port = the_redis().port(), .prefix = scope + "/", .timeout = 5s});
         }},
    };
}

}  // namespace cutwater::testing
