// What a cell in Redis costs beside the bare commands: a read beside GET, a swap beside SET, on one connection each, one at a time; then as
// many as go in one burst, and from two threads. The server is one of this process's own. Of a request that waits for its reply
// most is the machine's: two switches of threads, the socket, Redis.

#include "cutwater/store/redis/redis_store.hpp"

#include <hiredis/hiredis.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "bench/support/reference.hpp"
#include "test/servers/redis_server.hpp"

namespace {

namespace cw = cutwater;
using namespace std::chrono_literals;

std::uint16_t port() {
    static const cw::testing::redis_server server;
    return server.port();
}

cw::redis_store& cells() {
    static cw::redis_store shared{{.host = "127.0.0.1", .port = port(), .timeout = 1min, .dead_after = 1min}};
    return shared;
}

const std::string value(100, 'x');

using connection = std::unique_ptr<redisContext, void (*)(redisContext*)>;

/// A connection for each thread, blocking.
redisContext& bare() {
    thread_local const connection own{redisConnect("127.0.0.1", port()), redisFree};
    return *own;
}

void keep_reply(void* reply) {
    cw::bench::keep(reply);
    freeReplyObject(reply);
}

void bare_get(benchmark::State& state) {
    keep_reply(redisCommand(&bare(), "SET bare %b", value.data(), value.size()));
    for (auto _ : state) keep_reply(redisCommand(&bare(), "GET bare"));
}
void bare_set(benchmark::State& state) {
    for (auto _ : state) keep_reply(redisCommand(&bare(), "SET bare %b", value.data(), value.size()));
}
CUTWATER_BENCH(bare_get, "redis_store/reference/get");
CUTWATER_BENCH(bare_set, "redis_store/reference/set");

/// The cell of this thread, as it is now.
cw::cell_version own_cell(const std::string& key) {
    const auto seen = cw::ask(cells(), {cw::read_cell{key}});
    if (seen && seen->found) return seen->found->version;
    return cw::ask(cells(), {cw::swap_cell{key, 0, value}}).value().version;
}

void read(benchmark::State& state) {
    const std::string key = "read/" + std::to_string(state.thread_index());
    (void)own_cell(key);
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) cw::bench::keep(cw::ask(cells(), {cw::read_cell{key}}));
}
void swap(benchmark::State& state) {
    const std::string key = "swap/" + std::to_string(state.thread_index());
    cw::cell_version version = own_cell(key);
    const cw::bench::count_allocations counting{state};
    for (auto _ : state) version = cw::ask(cells(), {cw::swap_cell{key, version, value}}).value().version;
}
CUTWATER_BENCH(read, "redis_store/read");
CUTWATER_BENCH(swap, "redis_store/swap");

constexpr unsigned burst = 500;

/// So many at once, then all of their replies.
void bare_pipelined(benchmark::State& state) {
    keep_reply(redisCommand(&bare(), "SET bare %b", value.data(), value.size()));
    unsigned sent = 0;
    const auto take = [&] {
        for (; sent > 0; --sent) {
            void* reply = nullptr;
            (void)redisGetReply(&bare(), &reply);
            keep_reply(reply);
        }
    };
    for (auto _ : state) {
        (void)redisAppendCommand(&bare(), "GET bare");
        if (++sent == burst) take();
    }
    take();
}
void pipelined(benchmark::State& state) {
    const std::string key = "read/" + std::to_string(state.thread_index());
    (void)own_cell(key);
    thread_local std::atomic<unsigned> open{0};  // longer than whoever wakes the thread
    unsigned begun = 0;
    const auto all_told = [&] {
        for (unsigned left = open.load(); left != 0; left = open.load()) open.wait(left);
    };
    for (auto _ : state) {
        ++open;
        cells().begin({cw::read_cell{key}}, [of_mine = &open](cw::cell_result said) noexcept {
            cw::bench::keep(said);
            if (of_mine->fetch_sub(1) == 1) of_mine->notify_one();
        });
        if (++begun % burst == 0) all_told();
    }
    all_told();
}
CUTWATER_BENCH(bare_pipelined, "redis_store/reference/pipelined_get");
CUTWATER_BENCH(pipelined, "redis_store/pipelined_read");

}  // namespace
