// says: cutwater::async_run: the completion token has no executor; use asio::bind_executor(executor, token)
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>

#include "cutwater/drive/asio/run.hpp"
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/policy/timeout/timeout.hpp"

namespace a_token_without_an_executor {

namespace asio = boost::asio;
namespace cw = cutwater;

void use([[maybe_unused]] asio::io_context& io) {
    cw::pipeline guarded{cw::timeout{std::chrono::seconds{1}}};
    const auto ask = []() -> asio::awaitable<int> { co_return 7; };
    const auto done = [](const cw::result<int>&) {};
#ifdef RIGHT
    guarded.async_run(ask, asio::bind_executor(io, done));
#else
    guarded.async_run(ask, done);
#endif
}

}  // namespace a_token_without_an_executor
