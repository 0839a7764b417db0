// How a layer of a pipeline waits for a store: it begins, pauses, and is woken when the reply has come.
//
//     cw::flow enter(cw::cell_wait& wait, cw::cell_store& store, cw::call_context& call) {
//         wait.begin(store, {cw::read_cell{"job/7"}}, call);
//         return wait.is_over() ? cw::flow::inward : cw::flow::pause;      // then `take`: resumed by the reply, or by time
//     }
//
// Stores that answer at once, and those that block, do so before `begin` returns, and nothing pauses. The call's time is read anew after it. What
// is destroyed in between is not woken: the reply goes to `unclaimed`, if there is one, so that what was taken can be given back.
//
// Thread safety: belongs to its call, as the layer does; replies come from any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "cutwater/core/call.hpp"
#include "cutwater/store/cell_store.hpp"

namespace cutwater {

class cell_wait {
public:
    using heir = std::move_only_function<void(cell_result) noexcept>;

    cell_wait() = default;
    cell_wait(const cell_wait&) = delete;
    cell_wait& operator=(const cell_wait&) = delete;
    ~cell_wait() { leave(); }

    /// `unclaimed` hears the reply where nobody takes it: the call has gone, or has left.
    void begin(cell_store& store, cell_request asked, call_context& call, heir unclaimed = {}) {
        leave();
        place_ = std::make_shared<place>();
        place_->unclaimed = std::move(unclaimed);
        store.begin(std::move(asked), [at = place_](cell_result said) noexcept { at->reply(std::move(said)); });
        call.now.forget();  // a store that blocks has taken its time
        place_->park(call);
    }

    [[nodiscard]] bool is_waiting() const noexcept { return place_ != nullptr; }

    /// Whether the reply has come.
    [[nodiscard]] bool is_over() const noexcept {
        const std::scoped_lock held{place_->lock};
        return place_->said.has_value();
    }

    /// The reply, once `is_over`.
    [[nodiscard]] cell_result take() {
        const std::shared_ptr<place> from = std::exchange(place_, nullptr);
        return std::move(*from->said);
    }

    /// Waits no longer.
    void leave() noexcept {
        if (place_ == nullptr) return;
        std::exchange(place_, nullptr)->leave();
    }

private:
    struct place {
        std::mutex lock;
        waker* owner = nullptr;
        bool left = false;
        std::optional<cell_result> said;
        heir unclaimed;

        void park(call_context& call) {
            const std::scoped_lock held{lock};
            if (!said) owner = &call.parked();
        }
        void reply(cell_result what) noexcept {
            std::unique_lock held{lock};
            if (!left) {
                said.emplace(std::move(what));
                if (owner != nullptr) owner->wake();
                return;
            }
            heir to = std::move(unclaimed);
            held.unlock();
            if (to) to(std::move(what));
        }
        void leave() noexcept {
            std::unique_lock held{lock};
            left = true;
            owner = nullptr;
            if (!said) return;
            heir to = std::move(unclaimed);
            held.unlock();
            if (to) to(std::move(*said));
        }
    };

    std::shared_ptr<place> place_;
};

}  // namespace cutwater
