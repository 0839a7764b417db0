// A work queue whose turns a test takes by hand, one after the other, in virtual time: one worker that nothing hurries.
//
//     cw::testing::virtual_time time;
//     cw::testing::by_hand queue{time, {.max_length = 2}};
//     (void)queue.post(cw::ref(inventory), f, [&](const cw::result<stock>& r) { show(r); });
//     queue.run_all();
//
// Thread safety: none.
#pragma once

#include "cutwater/drive/work/work_task.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater::testing {

class by_hand final : public work_desk {
public:
    by_hand(virtual_time& time, work_queue_options options, listener* hears = nullptr)
        : work_desk{alone(std::move(options)), time, hears}, time_{time} {}
    by_hand(const by_hand&) = delete;
    by_hand& operator=(const by_hand&) = delete;
    ~by_hand() { drop_all(); }

    template <class Guarded, class F, class Done = tells_nobody>
    std::expected<void, error> post(const call_options& said, Guarded&& guarded, F f, Done done = {}) {
        return enter_at(*this, said, place_for(*this, said, time_), [&] {
            return make_work_task(*this, said, std::forward<Guarded>(guarded), std::move(f), std::move(done));
        });
    }

    /// One turn of whoever is next; false where nobody is.
    bool turn() {
        queued_task* next = nullptr;
        {
            const std::scoped_lock lock{mutex()};
            moment now = present();
            next = take_locked(now);
        }
        if (next == nullptr) return false;
        next->turn();
        return true;
    }

    /// Takes turns, and moves time to what is next, until nothing is left.
    void run_all() {
        for (;;) {
            while (turn()) {}
            const instant look = next_look();
            const auto scheduled = time_.next_scheduled();
            if (scheduled && *scheduled <= look)
                time_.advance_to_next();
            else if (look != never)
                time_.pass(between(time_.present(), look));
            else
                return;
        }
    }

    [[nodiscard]] instant next_look() {
        const std::scoped_lock lock{mutex()};
        return next_look_locked();
    }
    /// How often somebody was told that there may be something to do.
    [[nodiscard]] unsigned stirs() const noexcept { return stirs_; }

private:
    static work_queue_options alone(work_queue_options options) {
        options.workers = 1;
        return options;
    }
    void stir_locked() noexcept override { ++stirs_; }

    virtual_time& time_;
    unsigned stirs_ = 0;
};

}  // namespace cutwater::testing
