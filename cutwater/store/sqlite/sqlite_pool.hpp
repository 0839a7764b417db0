// A few connections to one file, each lent to one thread at a time. Whoever comes when all are lent waits.
//
//     cw::sqlite_pool readers{4};
//     std::optional<cw::sqlite_pool::lease> mine = readers.take(cw::in(1s));    // none: not in time
//     if (mine && !mine->file()) mine->keep(…);                                 // a place, and nothing in it yet
//
// A lease that is destroyed gives back what it holds; one that was told to `drop` gives back the place alone. Thread safety: the pool's
// members, from any thread; a lease belongs to its thread. Lifetime: a pool outlives its leases.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/store/sqlite/sqlite_file.hpp"

namespace cutwater {

class sqlite_pool {
public:
    class lease {
    public:
        lease(sqlite_pool& from, std::unique_ptr<sqlite_file> file) noexcept : from_{&from}, file_{std::move(file)} {}
        lease(lease&& from) noexcept : from_{std::exchange(from.from_, nullptr)}, file_{std::move(from.file_)} {}
        lease& operator=(lease&&) = delete;
        ~lease() {
            if (from_ != nullptr) from_->give_back(std::move(file_));
        }

        [[nodiscard]] sqlite_file* file() const noexcept { return file_.get(); }
        sqlite_file& keep(std::unique_ptr<sqlite_file> opened) noexcept { return *(file_ = std::move(opened)); }
        void drop() noexcept { file_.reset(); }

    private:
        sqlite_pool* from_;
        std::unique_ptr<sqlite_file> file_;
    };

    explicit sqlite_pool(std::size_t most) : places_{most} { idle_.reserve(most); }

    [[nodiscard]] std::optional<lease> take(instant until) {
        std::unique_lock held{lock_};
        if (!has_place_.wait_until(held, to_steady(until), [this] { return places_ > 0; })) return std::nullopt;
        --places_;
        if (idle_.empty()) return lease{*this, nullptr};
        std::unique_ptr<sqlite_file> file = std::move(idle_.back());  // the one whose pages are still at hand
        idle_.pop_back();
        return lease{*this, std::move(file)};
    }

private:
    void give_back(std::unique_ptr<sqlite_file> file) noexcept {
        {
            const std::scoped_lock held{lock_};
            if (file) idle_.push_back(std::move(file));
            ++places_;
        }
        has_place_.notify_one();
    }

    std::mutex lock_;
    std::condition_variable has_place_;
    std::size_t places_;  // that nobody holds
    std::vector<std::unique_ptr<sqlite_file>> idle_;
};

}  // namespace cutwater
