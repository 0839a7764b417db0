// The knobs of an HTTP edge with idempotency keys, with the defaults in force.
//
//     cw::idempotent_edge_options payments{.guard = "payments", .problems = "https://pay.example/problems/"};
//
// The functions may be empty; those that are set are called from every thread that reads requests.
#pragma once

#include <functional>
#include <string>

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// A request as it has come.
using edge_request = boost::beast::http::request<boost::beast::http::string_body>;

/// What a key without quotes is.
enum class bare_keys : std::uint8_t {
    taken,    ///< as if it had quotes: visible ASCII but `"`, `\`, `,` and `;`
    refused,  ///< malformed, as the draft has it
};
[[nodiscard]] constexpr std::string_view to_text(bare_keys b) noexcept {
    constexpr std::string_view texts[] = {"taken", "refused"};
    return b <= bare_keys::refused ? texts[static_cast<std::uint8_t>(b)] : "unknown";
}

/// Who sends the requests.
enum class edge_callers : std::uint8_t {
    strangers,  ///< of what they say of their calls the deadline counts, which harms nobody but them
    ours,       ///< their criticality and their count of attempts count as well
};
[[nodiscard]] constexpr std::string_view to_text(edge_callers c) noexcept {
    constexpr std::string_view texts[] = {"strangers", "ours"};
    return c <= edge_callers::ours ? texts[static_cast<std::uint8_t>(c)] : "unknown";
}

struct idempotent_edge_options {
    std::string name = "idempotent_edge";
    std::string guard = "idempotency";
    std::string problems = "/problems/";
    cutwater::bare_keys bare_keys = cutwater::bare_keys::taken;
    std::size_t max_key = 255;
    edge_callers callers = edge_callers::strangers;
    duration retry_after = 1s;
    std::function<std::string(const edge_request&)> tenant = {};
    std::function<std::string(const edge_request&)> fingerprint = {};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "for what is wrong with these options");
        visit("guard", self.guard, any_value, "the name of the guard behind the edge, whose replays are marked");
        visit("problems", self.problems, any_value,
              "what the `type` of a problem begins with: an address of yours, where they are explained");
        visit("bare_keys", self.bare_keys, within(bare_keys::taken, bare_keys::refused),
              "what a key without quotes is: many clients send one");
        visit("max_key", self.max_key, within(std::size_t{1}, std::size_t{400}), "bytes of a key, without its quotes");
        visit("callers", self.callers, within(edge_callers::strangers, edge_callers::ours),
              "whether what callers say of their calls is believed");
        visit("retry_after", self.retry_after, within<duration>(1s, 1h),
              "what a refusal asks for that names no time itself");
        visit("tenant", self.tenant, any_value, "on whose behalf a request is: who was authenticated; else nobody's");
        visit("fingerprint", self.fingerprint, any_value,
              "what a request asks for, in place of the digest of its method, target and body");
    }
};

}  // namespace cutwater
