#include "cutwater/http/connect.hpp"

#include <gmock/gmock.h>

#include <deque>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cutwater/drive/clock/clock.hpp"
#include "test/servers/server_process.hpp"

namespace cutwater {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;
using boost::system::error_code;
using ::testing::ElementsAre;

tcp::endpoint v4(std::uint16_t port) { return {asio::ip::address_v4::loopback(), port}; }
tcp::endpoint v6(std::uint16_t port) { return {asio::ip::address_v6::loopback(), port}; }

/// Takes nobody and refuses nobody: its queue of connections is full, and Linux drops who comes then.
class silent_listener {
public:
    explicit silent_listener(asio::io_context& context) : acceptor_{context} {
        acceptor_.open(tcp::v4());
        acceptor_.bind(v4(0));
        acceptor_.listen(0);
        for (int i = 0; i < 3; ++i) {
            tcp::socket& filler = fillers_.emplace_back(context);
            filler.async_connect(endpoint(), [](error_code) {});
        }
    }
    [[nodiscard]] tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

private:
    tcp::acceptor acceptor_;
    std::deque<tcp::socket> fillers_;
};

class connecting : public ::testing::Test {
protected:
    /// Where it ended within `limit`: who waits for the system to give up an address waits two minutes.
    std::optional<error_code> connect(const std::vector<tcp::endpoint>& to, std::chrono::seconds limit = 30s) {
        const auto found = tcp::resolver::results_type::create(to.begin(), to.end(), "host.test", "80");
        std::optional<error_code> got;
        asio::co_spawn(
            context, [&]() -> asio::awaitable<void> { got = co_await connect_first(&socket, found); },
            asio::bind_cancellation_slot(cancel.slot(), asio::detached));
        context.restart();
        for (const instant end = in(limit); !got && now() < end;) context.run_one_for(10ms);
        return got;
    }

    asio::io_context context{1};
    tcp::socket socket{context};
    asio::cancellation_signal cancel;
    tcp::acceptor there{context, v4(0)};
};

TEST_F(connecting, goes_by_families_in_turn) {
    EXPECT_THAT(in_turns(std::vector{v6(1), v6(2), v6(3), v4(4), v4(5)}),
                ElementsAre(v6(1), v4(4), v6(2), v4(5), v6(3)));
    EXPECT_THAT(in_turns(std::vector{v4(1), v4(2)}), ElementsAre(v4(1), v4(2)));
    EXPECT_THAT(in_turns(std::vector<tcp::endpoint>{}), ElementsAre());
}

TEST_F(connecting, passes_by_an_address_that_nobody_answers_at) {
    const silent_listener silent{context};
    EXPECT_EQ(connect({silent.endpoint(), silent.endpoint(), there.local_endpoint()}), error_code{});
    EXPECT_EQ(socket.remote_endpoint(), there.local_endpoint());
}

TEST_F(connecting, goes_on_at_once_after_a_refusal) {
    const std::uint16_t closed = testing::free_port();
    EXPECT_EQ(connect({v6(closed), v4(closed), there.local_endpoint()}), error_code{});
    EXPECT_EQ(socket.remote_endpoint(), there.local_endpoint());
}

TEST_F(connecting, says_why_where_nobody_takes_it) {
    const std::uint16_t closed = testing::free_port();
    EXPECT_EQ(connect({v4(closed), v4(closed), v4(closed)}), asio::error::connection_refused);
    EXPECT_EQ(connect({v4(closed)}), asio::error::connection_refused);
    EXPECT_EQ(connect({}), asio::error::host_not_found);
}

TEST_F(connecting, ends_when_its_caller_is_cancelled) {
    const silent_listener silent{context};
    const std::vector to{silent.endpoint(), silent.endpoint(), silent.endpoint()};
    asio::steady_timer soon{context, 400ms};  // two are under way then
    soon.async_wait([&](error_code) { cancel.emit(asio::cancellation_type::terminal); });
    EXPECT_EQ(connect(to), asio::error::operation_aborted);
}

TEST_F(connecting, can_be_left_by_a_context_that_goes) {
    asio::io_context leaving{1};
    const silent_listener silent{context};
    const std::vector to{silent.endpoint(), silent.endpoint()};
    const auto found = tcp::resolver::results_type::create(to.begin(), to.end(), "host.test", "80");
    bool ended = false;
    tcp::socket own{leaving};
    asio::co_spawn(
        leaving,
        [&]() -> asio::awaitable<void> {
            (void)co_await connect_first(&own, found);
            ended = true;
        },
        asio::detached);
    leaving.run_for(300ms);
    EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace cutwater
