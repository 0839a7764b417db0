// A store that blocks, asked on threads of its own: for coroutines, whose thread must not wait for a disk or a database.
//
//     cw::memory_store cells;                                        // or SQLite, PostgreSQL
//     cw::offloaded_store aside{cells, {.threads = 2}};
//     cw::idempotency_guard<int> payments{aside};                    // in pipelines of coroutines
//
// Contract. `begin` only hands over; `done` is called by one of the threads. What waits for a thread is bounded: beyond `max_waiting` a question is refused with
// `std::errc::resource_unavailable_try_again`, and was not asked. One whose `limit` has passed before its turn is answered with
// `std::errc::timed_out`, and was not asked either. The limit that the store behind it is told is what is left.
//
// Whoever destroys it waits for the questions that are being asked; those that wait are answered with `std::errc::operation_canceled`.
// Thread safety: every member, from any thread. Lifetime: the store behind it outlives it.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "cutwater/core/instant.hpp"
#include "cutwater/store/cell_store.hpp"
#include "cutwater/store/offloaded/options.hpp"

namespace cutwater {

class offloaded_store final : public cell_store {
public:
    static constexpr std::string_view kind = "offloaded_store";

    /// Throws `invalid_options`, and `std::system_error` where there can be no thread.
    explicit offloaded_store(cell_store& behind, offloaded_options options = {});
    offloaded_store(const offloaded_store&) = delete;
    offloaded_store& operator=(const offloaded_store&) = delete;
    ~offloaded_store() override;

    [[nodiscard]] name store_name() const noexcept override { return name_; }
    [[nodiscard]] const offloaded_options& options() const noexcept { return options_; }
    void begin(cell_request asked, cell_completion done) noexcept override;

    /// How many questions wait for a thread.
    [[nodiscard]] std::size_t waiting() const;

private:
    struct question {
        cell_request asked;
        cell_completion done;
        instant until = never;
    };

    void work(const std::stop_token& ends);
    void play(question one);
    [[nodiscard]] cell_result refused(std::errc why, const char* words) const;

    offloaded_options options_;
    name name_;
    cell_store& behind_;
    mutable std::mutex lock_;
    std::condition_variable_any changed_;
    std::deque<question> line_;
    bool closed_ = false;
    std::vector<std::jthread> threads_;  // the last: they end first
};

}  // namespace cutwater
