// Cells in Redis: shared by all who reach it, for as long as its persistence keeps them.
//
//     cw::redis_store cells{{.host = "redis.internal", .prefix = "{shop}/"}};
//     const auto reply = cw::ask(cells, {cw::swap_cell{.key = "job/7", .value = "taken", .time_to_live = 30s}});
//
// Contract: as of every store (cell.hpp), by Redis' clock. One connection, made when it is first needed, and again when it was lost; requests
// share it, as many as `max_in_flight` at once. Each takes one round trip, but for a list, which walks through all of the database. Nothing
// is repeated: a pipeline round the call does that. What each failure means: redis_error.hpp.
//
// Threads: with no executor, one of its own; else it runs on a strand of the executor that it is given, which it keeps at work only while
// something is asked. Completions are called there; they may ask again, and destroy the store. Thread safety: every member, from any
// thread. What is open when the store is destroyed is told that it is cancelled (`errc::cancelled`), in the thread that destroys it; a completion that has
// begun in another thread of an executor may outlast the store. So it is where the executor's context is destroyed first: from then on the store refuses, with `errc::withdrawn`. The two are not destroyed at once by two threads.
// Fork: a child refuses what it asks a store of its parent's, and leaves the connection alone.
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "cutwater/store/cell_store.hpp"
#include "cutwater/store/redis/options.hpp"

namespace cutwater {

class redis_desk;

class redis_store final : public cell_store {
public:
    static constexpr std::string_view kind = "redis_store";

    /// Throws `invalid_options`. Does not connect.
    explicit redis_store(redis_store_options options = {});
    redis_store(redis_store_options options, boost::asio::any_io_executor executor);
    ~redis_store() override;

    [[nodiscard]] name store_name() const noexcept override { return name_; }
    [[nodiscard]] const redis_store_options& options() const noexcept { return options_; }
    /// On one line, without secrets.
    [[nodiscard]] std::string describe() const;

    void begin(cell_request asked, cell_completion done) noexcept override;

private:
    class own_thread;

    [[nodiscard]] bool is_ours() const noexcept;

    redis_store_options options_;
    name name_;
    std::unique_ptr<own_thread> thread_;
    std::shared_ptr<redis_desk> desk_;
    int process_;  // which made it
};

}  // namespace cutwater
