// Ctrl-C and SIGTERM: the first one cancels what runs, so that it can end in order; a second one ends the process.
//
//     interrupt stop{context};
//     asio::co_spawn(context, work(), asio::bind_cancellation_slot(stop.slot(), ...));
//     stop.disarm();                  // nothing is left to cancel; the context may end
#pragma once

#include <list>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace cutwater::app {

class interrupt {
public:
    explicit interrupt(boost::asio::io_context& context);

    /// A slot for one more thing that is to be cancelled.
    [[nodiscard]] boost::asio::cancellation_slot slot();
    void disarm() { signals_.cancel(); }

    [[nodiscard]] bool came() const noexcept { return signal_ != 0; }
    /// 128 and the signal's number, as shells say it.
    [[nodiscard]] int exit_code() const noexcept { return 128 + signal_; }

private:
    boost::asio::signal_set signals_;
    std::list<boost::asio::cancellation_signal> cancels_;
    int signal_ = 0;
};

}  // namespace cutwater::app
