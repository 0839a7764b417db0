// Children of a test, and the stores that they share.
//
//     effects book;                                        // a file: what has really happened, a line each
//     shared<std::atomic<int>> stage;                      // what children see as well, as long as they live
//     const pid_t child = in_child([&] { … });             // ends with the process, by `_exit`
//     EXPECT_EQ(end_of(child), 0);
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

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
    /// In the order in which they happened.
    [[nodiscard]] std::vector<std::string> all() const {
        std::vector<std::string> lines;
        std::ifstream in{path()};
        for (std::string line; std::getline(in, line);) lines.push_back(line);
        return lines;
    }
    /// How often each.
    [[nodiscard]] std::map<std::string, int> times() const {
        std::map<std::string, int> counted;
        for (const std::string& each : all()) ++counted[each];
        return counted;
    }
    [[nodiscard]] int times(const std::string& what) const { return times()[what]; }

private:
    [[nodiscard]] std::string path() const { return folder_.file("effects"); }
    scratch_folder folder_;
};

/// `n` of them, which this process and its children see at the same time. Nothing is destroyed.
template <class T>
class shared {
public:
    explicit shared(std::size_t n = 1) : bytes_{n * sizeof(T)} {
        void* const at = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) throw std::bad_alloc{};
        all_ = {static_cast<T*>(at), n};
        for (T& each : all_) std::construct_at(&each);
    }
    shared(const shared&) = delete;
    shared& operator=(const shared&) = delete;
    ~shared() { ::munmap(all_.data(), bytes_); }

    [[nodiscard]] T& operator*() const noexcept { return all_.front(); }
    [[nodiscard]] T* operator->() const noexcept { return all_.data(); }
    [[nodiscard]] T& operator[](std::size_t i) const noexcept { return all_[i]; }
    [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }

private:
    std::size_t bytes_;
    std::span<T> all_;
};

/// Whether it comes about within half a minute.
inline bool comes_true(const std::function<bool()>& what) {
    for (int tries = 0; tries < 30'000; ++tries, std::this_thread::sleep_for(std::chrono::milliseconds{1}))
        if (what()) return true;
    return false;
}

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

/// A test that is played over each of them. What they share is made before there are children.
class over_shared_stores : public ::testing::TestWithParam<std::string> {
protected:
    over_shared_stores() {
        (void)shared_stores();
        if (GetParam() == "redis") (void)the_redis();
        if (GetParam() == "postgres") (void)the_postgres();
    }
    [[nodiscard]] static std::unique_ptr<cell_store> store(const std::string& scope) {
        const auto all = shared_stores();
        return std::ranges::find(all, GetParam(), &shared_store::name)->make(scope);
    }
};

struct its_name {
    std::string operator()(const auto& info) const { return info.param; }
};

}  // namespace cutwater::testing
