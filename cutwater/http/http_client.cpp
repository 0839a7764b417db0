#include "cutwater/http/http_client.hpp"

#include <mutex>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "cutwater/core/text.hpp"
#include "cutwater/http/connect.hpp"
#include "cutwater/http/exchange.hpp"
#include "cutwater/http/field_value.hpp"
#include "cutwater/http/resolve.hpp"

namespace cutwater {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

tls_options trust_of(const http_client_options& options) {
    return {.ca_file = options.ca_file, .check = options.certificates};
}

/// Reading the system's store takes a while, and only https needs it.
class late_trust {
public:
    explicit late_trust(const http_client_options& options) : options_{trust_of(options)} {
        if (!options_.ca_file.empty()) context_ = make_tls_context(options_);
    }
    [[nodiscard]] asio::ssl::context& get() const {
        std::call_once(made_, [this] {
            if (!context_) context_ = make_tls_context(options_);
        });
        return *context_;
    }

private:
    tls_options options_;
    mutable std::once_flag made_;
    mutable std::unique_ptr<asio::ssl::context> context_;
};

struct shared_state {
    explicit shared_state(http_client_options given) : options{std::move(given)}, trust{options} {}

    http_client_options options;
    late_trust trust;
};

template <class State>
std::shared_ptr<const State> make_state(http_client_options options) {
    options = validated("http_client", std::move(options));
    try {
        return std::make_shared<const State>(options);
    } catch (const boost::system::system_error& e) {
        throw invalid_options{"http_client",
                              options.name,
                              {{"ca_file", to_text(options.ca_file),
                                "a readable file of certificates in PEM (" + e.code().message() + ")"}}};
    }
}

std::string peer_of(const http_url& url) {
    const bool v6 = url.host().find(':') != std::string::npos;
    return (v6 ? "[" + url.host() + "]" : url.host()) + ":" + std::to_string(url.port());
}

struct connected {
    tcp::socket socket;
    std::optional<error> failure;
};

asio::awaitable<connected> connect(const http_url* url, std::string_view peer, http_phase* at) {
    const asio::any_io_executor executor =
        co_await asio::this_coro::executor;  // GCC 12 destroys it twice, awaited in an aggregate
    connected made{tcp::socket{executor}, {}};
    *at = http_phase::resolving;
    const resolved found = co_await resolve(url->host(), url->port());
    if (found.code) {
        made.failure = http_failure(*at, found.code, url->host());
        co_return made;
    }
    *at = http_phase::connecting;
    if (const auto failed = co_await connect_first(&made.socket, found.endpoints)) {
        made.failure = http_failure(*at, failed, peer);
        co_return made;
    }
    boost::system::error_code not_vital;
    made.socket.set_option(tcp::no_delay{true}, not_vital);
    co_return made;
}

asio::awaitable<std::optional<error>> secure(tls_stream& stream, const http_url* url, std::string_view peer) {
    expect_server(stream, *url);
    const auto [code] = co_await stream.async_handshake(asio::ssl::stream_base::client, as_result);
    if (!code) co_return std::nullopt;
    const std::string why = certificate_problem(stream);
    co_return http_failure(http_phase::securing, code, peer, why);
}

/// The whole way, on a connection of its own.
asio::awaitable<answer> travel(const shared_state* client, const http_request* request, http_phase* at) {
    const std::string peer = peer_of(request->url);
    connected made = co_await connect(&request->url, peer, at);
    if (made.failure) co_return std::unexpected{std::move(*made.failure)};
    const exchange_plan plan{.request = request,
                             .max_header = client->options.max_header,
                             .max_body = client->options.max_body,
                             .user_agent = client->options.user_agent,
                             .peer = peer,
                             .at = at};
    if (!request->url.is_tls()) co_return co_await exchange(made.socket, plan);

    *at = http_phase::securing;
    tls_stream stream{std::move(made.socket), client->trust.get()};
    std::optional<error> untrusted = co_await secure(stream, &request->url, peer);
    if (untrusted) co_return std::unexpected{std::move(*untrusted)};
    co_return co_await exchange(stream, plan);
}

asio::awaitable<answer> send_kept(std::shared_ptr<const shared_state> client, const http_request* request,
                                  http_phase* at) {
    http_phase unwatched{};
    if (auto problem = problem_of(*request))
        co_return std::unexpected{error{http_errc::invalid_request}.with_text(std::move(*problem))};
    co_return co_await travel(client.get(), request, at != nullptr ? at : &unwatched);
}

}  // namespace

void http_client_options::cross_check(option_problems& problems) const {
    if (!detail::is_field_value(user_agent))
        problems.push_back({"user_agent", in_quotes(user_agent), "one line: no line end, nor another control"});
}

struct http_client::state : shared_state {
    using shared_state::shared_state;
};

http_client::http_client(http_client_options options) : shared_{make_state<state>(std::move(options))} {}

const http_client_options& http_client::options() const noexcept { return shared_->options; }

asio::awaitable<answer> http_client::send(const http_request& request, http_phase* at) const {
    return send_kept(shared_, &request, at);
}

}  // namespace cutwater
