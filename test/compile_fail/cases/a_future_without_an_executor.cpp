// says: cutwater::async_run: use_future has no executor; use asio::bind_executor(executor, asio::use_future)
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "cutwater/drive/asio/run.hpp"
#include "cutwater/pipeline/pipeline.hpp"
#include "cutwater/policy/timeout/timeout.hpp"

namespace a_future_without_an_executor {

namespace asio = boost::asio;
namespace cw = cutwater;

void use([[maybe_unused]] asio::io_context& io) {
    cw::pipeline guarded{cw::timeout{std::chrono::seconds{1}}};
    const auto ask = []() -> asio::awaitable<int> { co_return 7; };
#ifdef RIGHT
    auto soon = guarded.async_run(ask, asio::bind_executor(io, asio::use_future));
#else
    auto soon = guarded.async_run(ask, asio::use_future);
#endif
}

}  // namespace a_future_without_an_executor
