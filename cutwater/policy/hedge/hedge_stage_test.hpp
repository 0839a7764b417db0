// A hedged call of a dependency on either driver: as a coroutine, or on threads in virtual time.
#pragma once

#include <gtest/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/testing/asio/stage.hpp"
#include "cutwater/testing/virtual_threads.hpp"

namespace cutwater {

class hedge_stage : public ::testing::TestWithParam<testing::driver> {
protected:
    testing::stage<int> on{GetParam()};
    testing::virtual_threads threads{on.time};
    testing::virtual_asio loop{on.time};
    std::stop_source caller;
    boost::asio::cancellation_signal signal;

    /// A call of the dependency: on `threads`, which stands inside of the hedge, or as a coroutine.
    template <class Pipeline>
    result<int> play(Pipeline& guarded, call_options said = {.idempotent = idempotency::idempotent}) {
        if (GetParam() == testing::driver::coroutine)
            return loop.run(guarded, said, loop.coroutine(on.dependency), signal.slot());
        said.stop = caller.get_token();
        return on.time.run(guarded, said, threads.blocking(on.dependency));
    }
    void cancels_after(duration d) {
        on.time.after(d, [this] {
            caller.request_stop();
            signal.emit(boost::asio::cancellation_type::terminal);
        });
    }
    /// What was under way when the call ended, ends.
    void let_everything_end() {
        loop.run_all();
        while (on.time.advance_to_next()) {}
        loop.run_all();
    }
};

}  // namespace cutwater
