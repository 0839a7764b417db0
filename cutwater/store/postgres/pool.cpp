#include "cutwater/store/postgres/pool.hpp"

#include <unistd.h>  // tidy: allow third-party because only the system tells a child of a fork from its parent

#include <string>
#include <utility>

#include "cutwater/drive/clock/clock.hpp"

namespace cutwater::detail {

postgres_pool::postgres_pool(const postgres_store_options& options) : options_{options}, process_{::getpid()} {}

std::expected<postgres_pool::lease, error> postgres_pool::take(instant deadline) {
    if (now() >= deadline) return std::unexpected{out_of_time("no time was left to send it")};
    std::optional<lease> got = place(deadline);
    if (!got)
        return std::unexpected{out_of_time("none of its max_connections = " + std::to_string(options_.max_connections) +
                                           " became free in time")};
    got->is_used_ = got->held_ != nullptr && got->held_->is_well();
    if (got->is_used_) return *std::move(got);
    got->held_.reset();
    auto made = postgres_connection::open(options_, deadline);
    if (!made) return std::unexpected{std::move(made.error())};
    got->held_ = *std::move(made);
    return *std::move(got);
}

void postgres_pool::close_free() {
    std::vector<std::unique_ptr<postgres_connection>> closed;
    closed.reserve(options_.max_connections);
    {
        const std::scoped_lock held{lock_};
        open_ -= free_.size();
        closed.swap(free_);  // which has room for as many
    }
    freed_.notify_all();
}

std::size_t postgres_pool::open() const {
    const std::scoped_lock held{lock_};
    return open_;
}

std::optional<postgres_pool::lease> postgres_pool::place(instant deadline) {
    std::unique_lock held{lock_};
    // In a child nobody gives back what the parent's threads had in use.
    if (const int here = ::getpid(); std::exchange(process_, here) != here) open_ = free_.size();
    const auto may = [this] { return !free_.empty() || open_ < options_.max_connections; };
    if (!freed_.wait_until(held, to_steady(deadline), may)) return std::nullopt;
    if (free_.empty()) {
        free_.reserve(options_.max_connections);  // so that giving back needs no memory
        ++open_;
        return lease{*this};
    }
    lease got{*this};
    got.held_ = std::move(free_.back());
    free_.pop_back();
    return got;
}

void postgres_pool::put_back(std::unique_ptr<postgres_connection> what) noexcept {
    if (what != nullptr && what->is_spent()) what.reset();  // closed here, under no lock
    {
        const std::scoped_lock held{lock_};
        if (what == nullptr)
            --open_;
        else
            free_.push_back(std::move(what));
    }
    freed_.notify_one();
}

}  // namespace cutwater::detail
