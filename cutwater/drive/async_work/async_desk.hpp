// Who serves a work queue on an executor: the line is looked through there, so is every turn, and every end is told there. After some
// turns it posts itself behind whatever else is ready.
//
// Thread safety: as `work_desk`; `pump` runs on the executor alone. Lifetime: shared by the queue, by what is on its way to the
// executor, and by attempts that run.
#pragma once

#include <memory>
#include <mutex>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "cutwater/drive/asio/timing.hpp"
#include "cutwater/drive/wheel/timer_wheel.hpp"
#include "cutwater/drive/work/work_desk.hpp"

namespace cutwater {

class async_desk final : public work_desk, public timer_wheel::node, public std::enable_shared_from_this<async_desk> {
public:
    async_desk(const boost::asio::any_io_executor& executor, work_queue_options options, listener* hears);
    async_desk(const async_desk&) = delete;
    async_desk& operator=(const async_desk&) = delete;
    ~async_desk();

    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

private:
    void pump();
    [[nodiscard]] bool take_turn(std::unique_lock<std::mutex>& lock);
    void post_pump() noexcept;
    /// Its end is told on the executor, wherever the other was posted.
    void has_left(queued_task& task) noexcept override;
    void on_expiry() noexcept override { post_pump(); }
    void stir_locked() noexcept override;
    void freed_locked() noexcept override { stir_locked(); }

    boost::asio::any_io_executor executor_;
    asio_timing& timing_;
    bool stirred_ = false;  // a pump is on its way
    leaving_tasks left_;    // whose ends are to be told
};

/// Waits for a place as long as the queue's options let one. What `said` refers to outlives the wait.
[[nodiscard]] boost::asio::awaitable<std::expected<work_place, error>> async_place_for(std::shared_ptr<async_desk> desk,
                                                                                       const call_options& said);
[[nodiscard]] boost::asio::awaitable<unsigned> async_drain_of(std::shared_ptr<async_desk> desk, duration within);

}  // namespace cutwater
