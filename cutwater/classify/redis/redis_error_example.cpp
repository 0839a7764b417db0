// INCR, which counts twice where it is sent twice, against a Redis that has a bad moment: it loads its data, fails over, and loses
// a connection.

#include "cutwater/classify/redis/redis_error.hpp"

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;

namespace {

/// What a Redis library throws: the error reply; without one the connection was lost.
struct redis_failed : std::runtime_error {
    using std::runtime_error::runtime_error;
    [[nodiscard]] std::string_view reply() const { return what(); }
};

cw::judgement judge(const redis_failed& e) {
    return e.reply().empty() ? cw::redis_connection_lost() : cw::redis_judgement(e.reply());
}

/// Whether it took as many attempts as it should.
bool increment(const char* what, const std::vector<std::string>& replies, std::size_t expected) {
    cw::testing::virtual_time time;
    std::size_t attempts = 0;
    cw::pipeline counter{cw::retry{{.max_attempts = 5}}, cw::classify{cw::judging<redis_failed>(judge)}};
    const cw::call_options once{.operation = "incr", .idempotent = cw::idempotency::not_idempotent};
    const auto count = time.run(counter, once, [&] {
        if (attempts++ < replies.size()) throw redis_failed{replies[attempts - 1]};
        return 8;
    });

    std::printf("%s:\n  %s, attempts: %zu\n", what, count ? std::to_string(*count).c_str() : "not known", attempts);
    return attempts == expected;
}

}  // namespace

int main() {
    bool right = increment(
        "It loads its data, then a replica answers, then the master",
        {"LOADING Redis is loading the dataset in memory", "READONLY You can't write against a read only replica."}, 3);
    right &= increment("The connection is lost amid the command, which may have counted", {""}, 1);
    right &= increment("Out of memory, which stays", {"OOM command not allowed when used memory > 'maxmemory'."}, 1);
    return right ? 0 : 1;
}
