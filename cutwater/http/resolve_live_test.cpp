#include "cutwater/http/resolve.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/http/http_client.hpp"
#include "test/servers/slow_resolver.hpp"

namespace cutwater {
namespace {

namespace asio = boost::asio;

class a_slow_resolver : public ::testing::Test {
protected:
    void answer() { names.answer(); }

    asio::io_context context{1};
    testing::slow_resolver names;  // answers before the context goes
};

TEST_F(a_slow_resolver, T41_does_not_keep_a_call_beyond_its_timeout) {
    const http_client client;
    const http_request request{.url = *http_url::parse("http://slow.test/")};
    pipeline guarded{timeout{{.name = "attempt", .after = 100ms}}};
    http_phase at{};
    std::optional<result<http_response>> out;
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            out.emplace(co_await guarded.async_run([&] { return client.send(request, &at); }));
        },
        asio::detached);
    for (const instant end = in(10s); !out && now() < end;) context.run_one_for(10ms);
    ASSERT_TRUE(out) << "the call waits for the resolver";
    EXPECT_EQ(out->error().code(), errc::timed_out);
    EXPECT_EQ(at, http_phase::resolving);
    answer();
    context.run();  // its late answer finds nobody
}

TEST_F(a_slow_resolver, can_be_left_by_a_context_that_goes) {
    std::optional<resolved> out;
    {
        asio::io_context leaving{1};
        asio::co_spawn(
            leaving, [&]() -> asio::awaitable<void> { out.emplace(co_await resolve("slow.test", 80)); },
            asio::detached);
        leaving.run_for(20ms);
        answer();  // the context's end joins the resolver's thread
    }
    EXPECT_FALSE(out);
}

TEST_F(a_slow_resolver, gives_what_it_finds_when_it_comes) {
    answer();
    std::optional<resolved> out;
    asio::co_spawn(
        context, [&]() -> asio::awaitable<void> { out.emplace(co_await resolve("slow.test", 80)); }, asio::detached);
    context.run();
    ASSERT_TRUE(out);
    EXPECT_EQ(out->code, asio::error::host_not_found_try_again);
}

TEST_F(a_slow_resolver, is_not_asked_about_an_address) {
    std::optional<resolved> out;
    asio::co_spawn(
        context, [&]() -> asio::awaitable<void> { out.emplace(co_await resolve("::1", 80)); }, asio::detached);
    EXPECT_GT(context.poll(), 0U);
    ASSERT_TRUE(out);
    EXPECT_FALSE(out->code);
    EXPECT_EQ(out->endpoints.begin()->endpoint().address(), asio::ip::make_address("::1"));
}

TEST_F(a_slow_resolver, is_not_asked_about_this_machine) {  // bare systems have no /etc/hosts
    for (const char* const name : {"localhost", "LocalHost.", "stock.localhost"}) {
        std::optional<resolved> out;
        asio::co_spawn(
            context, [&]() -> asio::awaitable<void> { out.emplace(co_await resolve(name, 80)); }, asio::detached);
        context.restart();
        EXPECT_GT(context.poll(), 0U);
        ASSERT_TRUE(out) << name;
        EXPECT_FALSE(out->code);
        for (const auto& found : out->endpoints) EXPECT_TRUE(found.endpoint().address().is_loopback()) << name;
        EXPECT_EQ(out->endpoints.size(), 2U);
    }
    for (const char* const name : {"localhost.test", "notlocalhost"}) {
        std::optional<resolved> out;
        asio::co_spawn(
            context, [&]() -> asio::awaitable<void> { out.emplace(co_await resolve(name, 80)); }, asio::detached);
        context.restart();
        context.poll();
        EXPECT_FALSE(out) << name;
    }
}

}  // namespace
}  // namespace cutwater
