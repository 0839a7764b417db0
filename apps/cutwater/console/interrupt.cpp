#include "apps/cutwater/console/interrupt.hpp"

#include <csignal>

namespace cutwater::app {

namespace asio = boost::asio;

interrupt::interrupt(asio::io_context& context) : signals_{context, SIGINT, SIGTERM} {
    signals_.async_wait([this](const boost::system::error_code& failed, int signal) {
        if (failed) return;
        signal_ = signal;
        signals_.clear();  // the next one does what it always does
        for (asio::cancellation_signal& cancel : cancels_) cancel.emit(asio::cancellation_type::terminal);
    });
}

asio::cancellation_slot interrupt::slot() { return cancels_.emplace_back().slot(); }

}  // namespace cutwater::app
