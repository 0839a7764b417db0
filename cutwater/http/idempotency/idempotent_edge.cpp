#include "cutwater/http/idempotency/idempotent_edge.hpp"

#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>

#include <boost/algorithm/hex.hpp>

#include "cutwater/http/idempotency/idempotency_key.hpp"
#include "cutwater/http/idempotency/problem.hpp"

namespace cutwater {

namespace {

http_fields fields_of(const edge_request& request) {
    http_fields made;
    for (const auto& field : request) made.add(std::string{field.name_string()}, std::string{field.value()});
    return made;
}

/// SHA-256 of them, with a zero byte between, in hexadecimal digits. No method and no target holds one.
std::string digest_of(std::string_view method, std::string_view target, std::string_view body) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
    const auto add = [&](std::string_view part) {
        return EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    };
    constexpr std::string_view between{"\0", 1};
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1 || !add(method) || !add(between) ||
        !add(target) || !add(between) || !add(body) || EVP_DigestFinal_ex(context.get(), bytes.data(), &size) != 1)
        throw std::runtime_error{"OpenSSL makes no SHA-256"};
    std::string digits;
    boost::algorithm::hex_lower(bytes.begin(), bytes.begin() + size, std::back_inserter(digits));
    return digits;
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::string fingerprint_of(const edge_request& request, const idempotent_edge_options& options) {
    if (options.fingerprint) return options.fingerprint(request);
    return digest_of(view(request.method_string()), view(request.target()), request.body());
}

call_metadata metadata_of(const http_fields& fields, edge_callers callers) {
    call_metadata got = extract(fields);
    return callers == edge_callers::ours ? got : call_metadata{.time_left = got.time_left, .malformed = got.malformed};
}

/// Of what was kept. To ask again changes nothing, and whether it was executed is said by whoever had it kept.
constexpr std::string_view for_good =
    "The first request with this key ended so. Asking again with the same key gives the same answer.";

/// What a problem does not say by itself.
std::string detail_of(const error& why, const http_problem& problem) {
    if (why.code() == errc::key_missing && why.words() != why.code().message()) return why.words();
    if (!problem.detail.empty()) return {};
    return std::string{why.executed() == effect::none ? "This request was not executed."
                                                      : "This request may have been executed."} +
           " Ask again with the same key.";
}

}  // namespace

call_options keyed_request::options(instant received, call_options own) const& {
    own = metadata.options(received, std::move(own));
    own.id = key;
    own.tenant = tenant;
    own.fingerprint = fingerprint;
    return own;
}

idempotent_edge::idempotent_edge(idempotent_edge_options options)
    : options_{validated("idempotent_edge", std::move(options))}, guard_{options_.guard} {}

std::expected<keyed_request, http_response> idempotent_edge::read(const edge_request& request) const {
    const http_fields fields = fields_of(request);
    std::expected<std::string, std::string> key = read_idempotency_key(fields, options_);
    if (!key) return std::unexpected{problem_response(malformed_key, options_.problems, key.error())};
    return keyed_request{.key = *std::move(key),
                         .tenant = options_.tenant ? options_.tenant(request) : std::string{},
                         .fingerprint = fingerprint_of(request, options_),
                         .metadata = metadata_of(fields, options_.callers)};
}

http_response idempotent_edge::answer(result<http_response> got) const {
    const name source = got.source();
    const duration age = got.age();
    if (source != guard_) return got ? *std::move(got) : refusal(got.error());
    http_response made =
        got ? *std::move(got) : problem_response(problem_of(got.error().code()), options_.problems, for_good);
    made.fields.set("Idempotency-Replayed", "true");
    made.fields.set("Age", std::to_string(std::chrono::floor<std::chrono::seconds>(age).count()));
    return made;
}

http_response idempotent_edge::refusal(const error& why) const {
    const http_problem& problem = problem_of(why.code());
    return problem_response(problem, options_.problems, detail_of(why, problem),
                            why.retry_after().value_or(options_.retry_after));
}

}  // namespace cutwater
