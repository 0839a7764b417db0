// How a coroutine waits for a store: within the question's limit, on its own executor, and whether or not its caller cancels.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "cutwater/drive/asio/pause.hpp"
#include "cutwater/store/cell_store.hpp"

namespace cutwater::detail {

/// Where a reply is put, from any thread, and who is woken by it: nobody any more, once this is destroyed.
class reply_place {
public:
    explicit reply_place(waker& owner) : shared_{std::make_shared<shared>()} { shared_->owner = &owner; }
    reply_place(const reply_place&) = delete;
    reply_place& operator=(const reply_place&) = delete;
    ~reply_place() {
        const std::scoped_lock held{shared_->lock};
        shared_->owner = nullptr;
    }

    void begin(cell_store& store, cell_request asked) {
        store.begin(std::move(asked), [at = shared_](cell_result said) noexcept {
            const std::scoped_lock held{at->lock};
            if (at->owner == nullptr) return;
            at->said.emplace(std::move(said));
            at->owner->wake();
        });
    }
    [[nodiscard]] std::optional<cell_result> take() {
        const std::scoped_lock held{shared_->lock};
        return std::exchange(shared_->said, std::nullopt);
    }

private:
    struct shared {
        std::mutex lock;
        waker* owner = nullptr;
        std::optional<cell_result> said;
    };
    std::shared_ptr<shared> shared_;
};

/// Asks, and waits; a store that does not reply in time is one whose reply is lost.
inline boost::asio::awaitable<cell_result> ask_async(cell_store& store, cell_request asked) {
    const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
    environment& lent = asio_timing::of(executor).lent();
    const duration limit = asked.limit;
    const instant until = add(lent.now(), limit);
    const auto pause = std::make_shared<asio_pause>(executor);
    reply_place place{*pause};
    place.begin(store, std::move(asked));
    for (;;) {
        if (std::optional<cell_result> said = place.take()) co_return *std::move(said);
        if (lent.now() >= until) {
            error late{std::make_error_code(std::errc::timed_out), store.store_name(), name{}};
            co_return std::unexpected{late.with_limit(limit)};
        }
        (void)co_await pause_quietly(*pause, until);
    }
}

}  // namespace cutwater::detail
