// The heartbeat of an event loop of Boost.Asio's: it beats as long as the loop turns.
//
//     cw::health_monitor health;
//     asio::co_spawn(io, cw::beat_in_loop(health.heartbeat({.name = "event loop", .within = 10s})), asio::detached);
//
// It beats four times in `within`, from a timer in the loop: a handler that blocks for longer than that is seen. Ends when it is cancelled, or
// with the context. A context with several threads turns while one of them does: give each loop that matters a context of its own.
#pragma once

#include <memory>

#include <boost/asio/awaitable.hpp>

#include "cutwater/health/heartbeat.hpp"

namespace cutwater {

[[nodiscard]] boost::asio::awaitable<void> beat_in_loop(std::shared_ptr<heartbeat> beats);

}  // namespace cutwater
