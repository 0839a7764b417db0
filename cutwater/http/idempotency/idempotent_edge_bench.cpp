// What the edge adds to a request: reading its key and its digest, and writing its answer down.

#include "cutwater/http/idempotency/idempotent_edge.hpp"

#include <string>

#include "bench/support/reference.hpp"

namespace {

namespace cw = cutwater;

const cw::edge_request& request() {
    static const cw::edge_request made = [] {
        cw::edge_request r{boost::beast::http::verb::post, "/payments", 11};
        r.insert("Idempotency-Key", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"");
        r.insert("X-Request-Deadline", "1600");
        r.body() = std::string(200, 'x');
        return r;
    }();
    return made;
}
const cw::http_response paid{
    .status = 201, .fields = {{"Content-Type", "application/json"}}, .body = std::string(200, 'x')};

void reads(benchmark::State& state) {
    const cw::idempotent_edge edge;
    for (auto _ : state) cw::bench::keep(edge.read(request()));
}
void encodes(benchmark::State& state) {
    for (auto _ : state) cw::bench::keep(cw::cell_codec<cw::http_response>::encode(paid));
}
void decodes(benchmark::State& state) {
    const std::string bytes = cw::cell_codec<cw::http_response>::encode(paid);
    for (auto _ : state) cw::bench::keep(cw::cell_codec<cw::http_response>::decode(bytes));
}

CUTWATER_BENCH(reads, "idempotent_edge/reads");
CUTWATER_BENCH(encodes, "idempotent_edge/encodes");
CUTWATER_BENCH(decodes, "idempotent_edge/decodes");

}  // namespace
