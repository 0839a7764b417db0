// Charges over gRPC, which must not happen twice: a stream that was refused, a pushback, and a server that went away amid the call.

#include "cutwater/classify/grpc/grpc_status.hpp"

#include <cstdio>
#include <string>
#include <vector>

#include "cutwater/classify/grpc/grpc_timeout.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// What is known of a call when it is over: of gRPC's own `grpc::Status` and `ClientContext`, in a real program.
struct status {
    int code = 0;
    std::string pushback = {};
    cw::grpc_request was = cw::grpc_request::sent;
};

cw::judgement judge(const status& s) {
    cw::grpc_answer answer{.code = s.code, .was = s.was};
    if (!s.pushback.empty()) answer.pushback = s.pushback;
    return cw::grpc_judgement(answer);
}

/// Whether it took as many attempts as it should.
bool charge(const char* what, cw::idempotency stated, const std::vector<status>& answers, unsigned expected) {
    std::printf("%s:\n", what);
    cw::testing::virtual_time time;
    cw::pipeline charges{cw::retry{{.jitter = cw::jitter::none}}, cw::timeout{{.name = "attempt", .after = 2s}},
                         cw::classify{cw::judging<status>(judge)}};
    const cw::call_options said{.operation = "charge", .idempotent = stated};
    unsigned attempts = 0;
    const auto answer = time.run(charges, said, [&](cw::attempt& a) {
        std::printf("  attempt %u, grpc-timeout: %s\n", ++attempts, cw::encode_grpc_timeout(a.remaining()).c_str());
        return attempts <= answers.size() ? answers[attempts - 1] : status{};
    });
    std::printf("  code %d after %lld ms\n", answer->code, static_cast<long long>(time.elapsed() / 1ms));
    return attempts == expected;
}

}  // namespace

int main() {
    using enum cw::idempotency;
    bool right = charge("The server refused the stream: its code has seen nothing", not_idempotent,
                        {{.code = 14, .was = cw::grpc_request::refused}}, 2);
    right &= charge("The server went away: perhaps it was charged", not_idempotent, {{.code = 14}}, 1);
    right &= charge("A quota is used up, and the server says for how long", idempotent,
                    {{.code = 8, .pushback = "1500"}}, 2);
    right &= charge("The server says: do not try again", idempotent, {{.code = 14, .pushback = "-1"}}, 1);
    return right ? 0 : 1;
}
