#include "cutwater/testing/virtual_threads.hpp"

#include <stdexcept>

namespace cutwater::testing {

thread_local virtual_threads::fiber* virtual_threads::here = nullptr;

virtual_threads::~virtual_threads() {
    ending_ = true;
    for (const auto& f : fibers_) {
        while (!f->ended) run_until_it_sleeps(*f);
        f->thread.join();
    }
}

void virtual_threads::submit(std::shared_ptr<runnable> work) {
    const auto made = std::make_shared<fiber>();
    fibers_.push_back(made);
    made->thread = std::thread{[this, f = made.get(), work = std::move(work)]() mutable {
        here = f;
        {
            std::unique_lock lock{mutex_};
            changed_.wait(lock, [&] { return f->runs; });
        }
        work->run();
        work.reset();
        f->ended = true;
        give_back(*f);
    }};
    run_until_it_sleeps(*made);
}

void virtual_threads::sleep(duration d) {
    fiber* const me = here;
    if (me == nullptr) throw std::logic_error{"virtual_threads: sleep is called outside of its threads"};
    if (ending_) return;
    std::weak_ptr<fiber> again;
    for (const auto& f : fibers_)
        if (f.get() == me) again = f;
    time_.after(d, [this, again] {
        const auto f = again.lock();
        if (f && !f->ended) run_until_it_sleeps(*f);
    });
    give_back(*me);
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return me->runs; });
}

void virtual_threads::run_until_it_sleeps(fiber& f) {
    std::unique_lock lock{mutex_};
    f.runs = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !f.runs; });
}

void virtual_threads::give_back(fiber& f) {
    const std::scoped_lock lock{mutex_};
    f.runs = false;
    changed_.notify_all();
}

}  // namespace cutwater::testing
