// Cells in a file, by SQLite: for the processes of one machine, and for what has to be there after a crash.
//
//     cw::sqlite_store cells{{.name = "payments", .path = "/var/lib/shop/cells.db"}};
//     const auto reply = cw::ask(cells, {cw::swap_cell{.key = "job/7", .value = "taken", .time_to_live = 30s}});
//     if (reply && reply->done) …                                            // and it stays so, whatever ends the process
//
// Contract: as of every store (cell.hpp). A swap that is done outlasts the process, and with `durability` full a loss of power; one that
// failed has changed nothing, and its code equals `condition::never_sent`, but where COMMIT itself failed: then nobody knows. It answers in the thread
// that asks, and blocks it: not in a coroutine. It waits for others who write, `busy_timeout` or the request's own limit, whichever is less; who
// reads waits for nobody who writes. How long the disk takes is not bounded.
//
// The file is opened by the first request, or by `open`; where that fails the next request tries again. Ages and expiry are of the machine's
// wall clock, which all who share the file have. Where it is set back, ages stand still at 0 and cells live longer; where it is set forward,
// cells expire early, and for good.
//
// Fork: a store is made and used on one side of a fork. A child whose parent has the file open must not use it, by this store or by
// another: POSIX locks belong to a process, and SQLite takes the child for its parent. This store refuses (`sqlite_errc::forked`), and leaves
// the parent's connections alone. A store that has not been asked yet may be forked. Thread safety: every member, from any thread.
// Connections: one for writing, for which threads line up here and not at the file's lock, and `readers` for reading, made when
// they are first needed.
#pragma once

#include <atomic>
#include <expected>
#include <string>
#include <string_view>

#include "cutwater/store/cell_store.hpp"
#include "cutwater/store/sqlite/options.hpp"
#include "cutwater/store/sqlite/sqlite_file.hpp"
#include "cutwater/store/sqlite/sqlite_pool.hpp"

namespace cutwater {

class sqlite_store final : public cell_store {
public:
    static constexpr std::string_view kind = "sqlite_store";

    /// Throws `invalid_options`. The path is taken from the folder that the process is in now.
    explicit sqlite_store(sqlite_store_options options);

    [[nodiscard]] name store_name() const noexcept override { return name_; }
    [[nodiscard]] const sqlite_store_options& options() const noexcept { return options_; }
    /// Where the file is, from the root.
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// Opens the file now, so that what is wrong with it is known before the first request.
    [[nodiscard]] std::expected<void, error> open() noexcept;

    void begin(cell_request asked, cell_completion done) noexcept override;

private:
    using answer = sqlite_result<cell_reply>;

    template <class Work>
    [[nodiscard]] cell_result in(sqlite_pool& pool, duration limit, Work work);
    template <class Decide>
    [[nodiscard]] cell_result in_transaction(duration limit, Decide decide);
    [[nodiscard]] sqlite_result<void> make_ready(sqlite_pool::lease& mine, instant until);

    [[nodiscard]] cell_result reply_to(const read_cell& asked, duration limit);
    [[nodiscard]] cell_result reply_to(const swap_cell& asked, duration limit);
    [[nodiscard]] cell_result reply_to(const erase_cell& asked, duration limit);
    [[nodiscard]] cell_result reply_to(const list_cells& asked, duration limit);

    [[nodiscard]] duration since_1970() const;
    [[nodiscard]] error failure(const sqlite_fault& fault, duration limit) const;

    sqlite_store_options options_;
    name name_;
    std::string path_;
    std::atomic<bool> was_opened_ =
        false;  // so that a file that has gone is not made anew, and empty, behind the back of who relied on it
    sqlite_pool writer_{1};
    sqlite_pool readers_;
};

}  // namespace cutwater
