// Three transfers between accounts through one pipeline: a deadlock, which is repeated; a connection that broke amid a COMMIT, which
// must not be; and one that broke before it, which may.

#include "cutwater/classify/sql/sqlstate.hpp"

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;

namespace {

/// What a database library throws, with the point that the transaction had come to.
struct query_failed : std::runtime_error {
    query_failed(std::string s, cw::sql_point p) : std::runtime_error{"SQLSTATE " + s}, state{std::move(s)}, at{p} {}
    std::string state;
    cw::sql_point at;
};

/// Fails as it is told to, one attempt after the other, and then does what was asked.
class database {
public:
    explicit database(std::vector<query_failed> failures) : failures_{std::move(failures)} {}

    int transfer() {
        if (attempts_ < failures_.size()) throw query_failed{failures_[attempts_++]};
        ++attempts_;
        return 100;
    }
    [[nodiscard]] std::size_t attempts() const { return attempts_; }

private:
    std::vector<query_failed> failures_;
    std::size_t attempts_ = 0;
};

/// Whether it took as many attempts as it should.
bool transfer(const char* what, database accounts, std::size_t expected) {
    cw::testing::virtual_time time;
    cw::pipeline guarded{cw::retry{}, cw::classify{cw::judging<query_failed>([](const query_failed& e) {
                             return cw::sqlstate_judgement(e.state, e.at);
                         })}};
    const cw::call_options once{.operation = "transfer", .idempotent = cw::idempotency::not_idempotent};
    const auto moved = time.run(guarded, once, [&] { return accounts.transfer(); });

    std::printf("%s:\n  %s, attempts: %zu\n", what, moved ? "transferred" : moved.error().message().c_str(),
                accounts.attempts());
    if (!moved) std::printf("  executed: %s\n", std::string{cw::to_text(moved.error().executed())}.c_str());
    return accounts.attempts() == expected;
}

}  // namespace

int main() {
    using enum cw::sql_point;
    bool right = transfer("A deadlock is rolled back, so once more", database{{{"40P01", before_commit}}}, 2);
    right &= transfer("The connection broke amid the COMMIT", database{{{"08006", perhaps_committed}}}, 1);
    right &= transfer("The connection broke before the COMMIT", database{{{"08006", before_commit}}}, 2);
    return right ? 0 : 1;
}
