// A network that has bad moments: between clients and the bank, and to each request it does what chance says.
//
//     faulty_link link{bank_port, {.seed = 7, .share = 0.15}};         // clients connect to link.port()
//     link.happened(mishap::answer_lost)                               // how often
//
// The seed decides what becomes of the first request, the second, and so on; which payment that is, the clients' race does. Thread safety: every member, from
// any thread; the work is done by one of its own.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <thread>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "cutwater/core/random.hpp"

namespace payments {

enum class mishap : std::uint8_t {
    none,
    request_lost,  ///< the connection is cut before the bank has the request
    answer_lost,   ///< the bank has done it, and the connection is cut before its answer
    cut_amid,      ///< the connection is cut while the bank is at work
    late_request,  ///< held back, so that a hedge overtakes it
    late_answer,
    busy,  ///< a 503, and the bank does not know of it
};
inline constexpr std::size_t mishaps = 7;

[[nodiscard]] constexpr std::string_view to_text(mishap m) noexcept {
    constexpr std::string_view texts[] = {"passed on",    "request lost", "answer lost", "cut amid",
                                          "late request", "late answer",  "answered 503"};
    return texts[static_cast<std::uint8_t>(m)];
}

struct link_options {
    std::uint64_t seed = 1;
    double share = 0.15;  ///< of requests that something happens to
};

class faulty_link {
public:
    faulty_link(std::uint16_t to, const link_options& options);
    faulty_link(const faulty_link&) = delete;
    faulty_link& operator=(const faulty_link&) = delete;
    ~faulty_link();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] unsigned happened(mishap m) const noexcept { return counts_[static_cast<std::size_t>(m)]; }

private:
    struct fate {
        mishap what;
        cutwater::duration late;
    };

    boost::asio::awaitable<void> listen();
    boost::asio::awaitable<void> pass_on(boost::asio::ip::tcp::socket client, fate of);
    [[nodiscard]] fate next();

    boost::asio::ip::tcp::endpoint to_;
    link_options options_;
    cutwater::random_source dice_;
    std::array<std::atomic<unsigned>, mishaps> counts_{};
    boost::asio::io_context context_{1};
    boost::asio::ip::tcp::acceptor acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}};
    std::uint16_t port_ = acceptor_.local_endpoint().port();
    std::jthread runs_;
};

}  // namespace payments
