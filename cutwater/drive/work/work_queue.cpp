#include "cutwater/drive/work/work_queue.hpp"

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/drive/work/place_wait.hpp"

namespace cutwater {

// --- threads -----------------------------------------------------------------------------------------------------------

void work_crew::start() {
    try {
        for (unsigned i = 0; i < options().workers; ++i)
            threads_.emplace_back([self = shared_from_this()] { self->work(); });
    } catch (...) {
        close();
        join();
        throw;
    }
}

void work_crew::join() noexcept {
    for (std::thread& t : threads_) {
        if (t.get_id() == std::this_thread::get_id())
            t.detach();  // tidy: allow detach because it cannot join itself, and keeps alive what it uses
        else if (t.joinable())
            t.join();
    }
}

void work_crew::work() {
    std::unique_lock lock{mutex()};
    while (!is_over_locked()) {
        moment now = present();
        if (queued_task* const next = take_locked(now)) {
            pass_on_locked();
            lock.unlock();
            next->turn();
            lock.lock();
        } else {
            rest(lock, next_look_locked());
        }
    }
}

/// Until somebody says that there may be something to do; one of them until the time comes.
void work_crew::rest(std::unique_lock<std::mutex>& lock, instant until) {
    ++idle_;
    if (until < watched_until_) {
        watched_until_ = until;
        changed_.wait_until(lock, to_steady(until));
        if (watched_until_ == until) watched_until_ = never;
    } else {
        changed_.wait(lock);
    }
    --idle_;
}

void work_crew::pass_on_locked() noexcept {
    if (idle_ > 0 && (has_waiting_locked() || next_look_locked() < watched_until_)) changed_.notify_one();
}

// --- the queue ---------------------------------------------------------------------------------------------------------

work_queue::work_queue(work_queue_options options, listener* hears)
    : crew_{std::make_shared<work_crew>(std::move(options), this_machine, hears)} {
    crew_->start();
}
work_queue::work_queue(work_queue_options options) : work_queue{std::move(options), nullptr} {}
work_queue::work_queue(work_queue_options options, listener& hears) : work_queue{std::move(options), &hears} {}

work_queue::~work_queue() {
    crew_->stop();
    crew_->join();
}

unsigned work_queue::drain(duration within) {
    parker empty;
    drain_wait drains{*crew_, empty, within};
    while (drains.goes_on()) (void)empty.wait(drains.until(), {});
    return drains.end();
}

std::expected<work_place, error> place_for(work_desk& desk, const call_options& said, blocking_environment& waits) {
    if (auto found = desk.find_place(said)) return std::move(*found);
    parker here;
    place_wait place{desk, here, said};
    auto seen = place.begin();
    while (!seen) {
        const wait_end end = waits.wait(here, place.until(), said.stop);
        if (end == wait_end::cancelled || said.stop.stop_requested()) return place.cancelled();
        seen = place.look_again();
    }
    return std::move(*seen);
}

}  // namespace cutwater
