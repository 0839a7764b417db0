// A shop pays over HTTP, and the network loses every third answer. The service executes each payment once for its key, and says of everything else what is
// to be done: no key is a 400, a key of another request a 422. Without sockets, so that all of it is seen.

#include "cutwater/http/idempotency/idempotent_edge.hpp"

#include <cstdlib>
#include <iostream>

#include "cutwater/http.hpp"
#include "cutwater/http/idempotency/keyed_call.hpp"
#include "cutwater/store.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// What comes in: a POST with these fields.
cw::edge_request post(const cw::http_fields& fields, const std::string& body) {
    cw::edge_request made{boost::beast::http::verb::post, "/payments", 11};
    for (const cw::http_field& field : fields) made.insert(field.name, field.value);
    made.body() = body;
    return made;
}

/// The service: one edge, one guard, and what really happens.
class service {
public:
    cw::http_response handle(const cw::edge_request& came) {
        const auto keyed = edge_.read(came);
        if (!keyed) return keyed.error();
        return edge_.answer(serve_.run(keyed->options(cw::now(), {.operation = "pay"}), [&](cw::attempt&) {
            ++charged;
            return cw::http_response{.status = 201, .body = "receipt " + std::to_string(charged)};
        }));
    }
    int charged = 0;

private:
    cw::idempotent_edge edge_{{.guard = "payments"}};
    cw::memory_store cells_;
    cw::idempotency_guard<cw::http_response> guard_{cells_, {.name = "payments"}};
    cw::pipeline<cw::reference<cw::idempotency_guard<cw::http_response>>, cw::classify<cw::http_rules>> serve_{
        cw::ref(guard_), cw::classify{cw::http_rules{}}};
};

}  // namespace

int main() {
    service shop;
    int requests = 0;
    int replays = 0;
    cw::pipeline pay{cw::retry{{.max_attempts = 5, .base_delay = 1ms}}, cw::classify{cw::keyed_rules{}}};
    for (int payment = 0; payment < 100; ++payment) {
        const cw::keyed_call call{cw::this_machine.random()};  // one key for all that follows
        const auto got = pay.run(call.options({.operation = "pay"}),
                                 [&](cw::attempt& a) -> std::expected<cw::http_response, std::errc> {
                                     cw::http_fields fields;
                                     call.inject(fields, a);
                                     cw::http_response answer = shop.handle(post(fields, "5 EUR"));
                                     replays += answer.fields.find("Idempotency-Replayed") ? 1 : 0;
                                     if (++requests % 3 == 0) return std::unexpected{std::errc::connection_reset};
                                     return answer;
                                 });
        if (!got || got->status != 201) return EXIT_FAILURE;
    }
    std::cout << requests << " requests for 100 payments, " << shop.charged << " were charged, " << replays
              << " answers were replayed\n";

    const cw::http_response no_key = shop.handle(post({}, "5 EUR"));
    (void)shop.handle(post({{"Idempotency-Key", "\"order-7\""}}, "5 EUR"));
    const cw::http_response reused = shop.handle(post({{"Idempotency-Key", "\"order-7\""}}, "6 EUR"));
    std::cout << no_key.status << ' ' << no_key.body << '\n' << reused.status << ' ' << reused.body << '\n';
    const bool is_right = shop.charged == 101 && replays > 0 && no_key.status == 400 && reused.status == 422;
    return is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
