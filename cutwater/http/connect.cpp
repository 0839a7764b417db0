#include "cutwater/http/connect.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <ranges>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace cutwater {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using namespace asio::experimental::awaitable_operators;
using boost::system::error_code;

constexpr std::chrono::milliseconds before_the_next{250};  // RFC 8305, 5: Connection Attempt Delay
constexpr auto code_and_nothing = asio::as_tuple(asio::use_awaitable);

/// Ways to one host, that run in one strand.
class ways {
public:
    ways(asio::any_io_executor of_socket, std::vector<tcp::endpoint> to)
        : executor_{std::move(of_socket)}, to_{std::move(to)} {}

    /// Those from the one with this number on; throws where none is taken.
    asio::awaitable<void> from(std::size_t i) {
        if (i + 1 == to_.size()) {
            co_await way(i, nullptr);
            co_return;
        }
        asio::steady_timer next{co_await asio::this_coro::executor, before_the_next};
        co_await (way(i, &next) || after(i, &next));
    }

    [[nodiscard]] std::optional<tcp::socket>& taken() noexcept { return taken_; }
    [[nodiscard]] error_code failed() const noexcept { return failed_; }

private:
    /// Where it fails, `next` comes at once.
    asio::awaitable<void> way(std::size_t i, asio::steady_timer* next) {
        tcp::socket own{executor_};
        const auto [code] = co_await own.async_connect(to_[i], code_and_nothing);
        if (!code && !taken_) {
            taken_.emplace(std::move(own));
            co_return;
        }
        if (code) failed_ = code;
        if (next != nullptr) next->cancel();
        throw boost::system::system_error{code ? code : error_code{asio::error::operation_aborted}};
    }

    asio::awaitable<void> after(std::size_t i, asio::steady_timer* next) {
        co_await next->async_wait(code_and_nothing);
        co_await from(i + 1);  // throws where it is this that was cancelled
    }

    asio::any_io_executor executor_;
    std::vector<tcp::endpoint> to_;
    std::optional<tcp::socket> taken_;
    error_code failed_ = asio::error::host_not_found;
};

}  // namespace

std::vector<tcp::endpoint> in_turns(std::span<const tcp::endpoint> found) {
    std::vector<tcp::endpoint> first;
    std::vector<tcp::endpoint> other;
    for (const tcp::endpoint& each : found)
        (each.protocol() == found.front().protocol() ? first : other).push_back(each);
    std::vector<tcp::endpoint> all;
    for (std::size_t i = 0; i < std::max(first.size(), other.size()); ++i) {
        if (i < first.size()) all.push_back(first[i]);
        if (i < other.size()) all.push_back(other[i]);
    }
    return all;
}

asio::awaitable<error_code> connect_first(tcp::socket* socket, tcp::resolver::results_type found) {
    const std::vector<tcp::endpoint> listed(found.begin(), found.end());
    if (listed.empty()) co_return asio::error::host_not_found;
    if (listed.size() == 1) {
        const auto [code] = co_await socket->async_connect(listed.front(), code_and_nothing);
        co_return code;
    }
    ways to{socket->get_executor(), in_turns(listed)};
    const auto strand = asio::make_strand(socket->get_executor());
    try {
        co_await asio::co_spawn(strand, to.from(0), asio::use_awaitable);
    } catch (const std::exception&) {  // all have failed, or the caller was cancelled: `to` knows
    }
    if (!to.taken()) co_return to.failed();
    *socket = std::move(*to.taken());
    co_return error_code{};
}

}  // namespace cutwater
