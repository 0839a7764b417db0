// What the examples with coroutines may take for granted, beside prelude.hpp.
#pragma once

#define SNIPPETS_WITH_ASIO

#include <boost/asio.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/asio/virtual_asio.hpp"
#include "test/docs/prelude.hpp"

namespace snippets {

namespace asio = boost::asio;
using boost::asio::awaitable;
using boost::asio::ip::tcp;

inline asio::io_context io;

struct awaitable_client : blocking_client {
    using blocking_client::get;
    asio::awaitable<stock> get(const std::string&) { co_return stock{.pieces = 7}; }  // in place of the blocking one
};
#ifndef SNIPPETS_WITH_HTTP
[[maybe_unused]] static awaitable_client client;
#endif

/// Runs an example to its end; what it throws fails the test.
inline void run_coroutine(asio::awaitable<void> example) {
    asio::io_context context;
    std::exception_ptr thrown;
    asio::co_spawn(context, std::move(example), [&](std::exception_ptr e) { thrown = std::move(e); });
    context.run();
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace snippets
