// An HTTP/1.1 client for coroutines, with nothing of its own that retries or waits: that is what pipelines are for.
//
//     cw::http_client client;
//     cw::http_request get{.url = *cw::http_url::parse("https://stock.example/items/7")};
//     cw::pipeline guarded{cw::timeout{5s}, cw::retry{}, cw::timeout{1s}, cw::classify{cw::http_rules{}}};
//     auto answer = co_await client.send_through(guarded, get, {.operation = "get_stock"});
//
// `send_through` has the request say whether the call may be repeated, where its caller does not: a GET is, a POST is not once it may have had an
// effect (`method.hpp`). `send` knows of no call: who makes one round it says so, `cw::options_of(request)`.
//
// Contract. One connection for each request. `https` needs a certificate that is trusted and the host's own, see
// `tls.hpp`. Redirects are not followed, encodings not undone: what the server sent is what comes back. Header and body of the
// answer are bounded by the options; interim answers (1xx) are passed over. How it fails: see `http_error.hpp`.
//
// Time: the client knows none. Looking up, connecting, TLS, sending, waiting and receiving all end at once when the
// attempt is cancelled, as a `timeout` round it does; without one, it waits as long as the server lets it.
// Executor: a request runs on the executor that awaits it, one thread or strand. Thread safety: `send` from any number of
// threads at once. Lifetime: the request, the pipeline, and `at`, outlive the await; the client need not.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "cutwater/core/options.hpp"
#include "cutwater/http/http_error.hpp"
#include "cutwater/http/http_message.hpp"
#include "cutwater/http/method.hpp"
#include "cutwater/http/tls.hpp"

namespace cutwater {

struct http_client_options {
    std::string name = "http_client";
    std::size_t max_header = std::size_t{64} * 1024;
    std::size_t max_body = std::size_t{16} * 1024 * 1024;
    std::string user_agent = "cutwater";
    std::string ca_file = {};
    certificate_check certificates = certificate_check::on;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "names the client in errors");
        visit("max_header", self.max_header, within<std::size_t>(1024, 1U << 30U), "bytes of an answer's header");
        visit("max_body", self.max_body, within<std::size_t>(0, std::size_t{1} << 40U), "bytes of an answer's body");
        visit("user_agent", self.user_agent, any_value, "what `User-Agent` says");
        visit("ca_file", self.ca_file, any_value, "trusted certificates, PEM; empty: the system's store");
        visit("certificates", self.certificates, any_value, "whether servers must prove who they are");
    }
    void cross_check(option_problems& problems) const;
};

class http_client {
public:
    /// Throws `invalid_options`, also where `ca_file` cannot be used.
    explicit http_client(http_client_options options = {});

    [[nodiscard]] const http_client_options& options() const noexcept;

    /// Sends the request and gives the whole answer. `at`, if given, follows how far it has come.
    [[nodiscard]] boost::asio::awaitable<std::expected<http_response, error>> send(const http_request& request,
                                                                                   http_phase* at = nullptr) const;

    /// Sends it in each attempt of a call through `guarded`, a pipeline. The call is `own`; where that states no idempotency, the request does. Gives
    /// what `async_run` does, to be awaited.
    template <class Pipeline>
    [[nodiscard]] auto send_through(Pipeline& guarded, const http_request& request,
                                    const call_options& own = {}) const {
        return guarded.async_run(options_of(request, own), [client = *this, request] { return client.send(request); });
    }

private:
    struct state;
    std::shared_ptr<const state> shared_;
};

}  // namespace cutwater
