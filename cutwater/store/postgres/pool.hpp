// Private to the room: so many connections at once and no more, each with one operation at a time.
#pragma once

#include <condition_variable>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "cutwater/store/postgres/connection.hpp"

namespace cutwater::detail {

/// Thread safety: every member, from any thread. It outlives what was taken.
class postgres_pool {
public:
    explicit postgres_pool(const postgres_store_options& options);

    /// A connection for one operation, given back by its destructor.
    class lease {
    public:
        explicit lease(postgres_pool& from) noexcept : from_{&from} {}
        lease(lease&& other) noexcept
            : from_{std::exchange(other.from_, nullptr)}, held_{std::move(other.held_)}, is_used_{other.is_used_} {}
        lease& operator=(lease&&) = delete;
        ~lease() {
            if (from_ != nullptr) from_->put_back(std::move(held_));
        }

        [[nodiscard]] postgres_connection& operator*() const noexcept { return *held_; }
        [[nodiscard]] postgres_connection* operator->() const noexcept { return held_.get(); }
        /// Whether it has been in use before, so that another server may be there now.
        [[nodiscard]] bool is_used() const noexcept { return is_used_; }

    private:
        friend class postgres_pool;

        postgres_pool* from_;
        std::unique_ptr<postgres_connection> held_;
        bool is_used_ = false;
    };

    /// One that is well: a free one, else one that is made. An error: nothing was sent.
    [[nodiscard]] std::expected<lease, error> take(instant deadline);

    /// Closes those that are free: what is wrong with one may be wrong with all.
    void close_free();

    [[nodiscard]] std::size_t open() const;

private:
    /// A place, and the connection in it, if there is one.
    [[nodiscard]] std::optional<lease> place(instant deadline);
    void put_back(std::unique_ptr<postgres_connection> what) noexcept;

    const postgres_store_options& options_;
    mutable std::mutex lock_;
    std::condition_variable freed_;
    std::vector<std::unique_ptr<postgres_connection>> free_;  // the one that was used last is at the end
    std::size_t open_ = 0;                                    // those in use and those being made as well
    int process_;                                             // whose they are
};

}  // namespace cutwater::detail
