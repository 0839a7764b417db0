// Where a callable runs, if not in the thread that called: what a layer with threads of its own lends to the drivers.
#pragma once

#include <memory>

#include "cutwater/core/instant.hpp"
#include "cutwater/core/name.hpp"

namespace cutwater {

/// Something to run once, on a thread of the runner's.
class runnable {
public:
    virtual void run() noexcept = 0;

protected:
    ~runnable() = default;
};

/// Thread safety: all members, from any thread.
class call_runner {
public:
    /// Has `work` run when a thread is free.
    virtual void submit(std::shared_ptr<runnable> work) = 0;
    /// Takes back what has not begun; false where it has.
    [[nodiscard]] virtual bool withdraw(const runnable& work) noexcept = 0;
    /// Work whose call has given up waiting, and its end.
    virtual void orphan_began() noexcept = 0;
    virtual void orphan_ended() noexcept = 0;
    [[nodiscard]] virtual name layer_name() const noexcept = 0;
    /// How long work may wait for a thread.
    [[nodiscard]] virtual duration max_wait() const noexcept = 0;

protected:
    ~call_runner() = default;
};

}  // namespace cutwater
