#include "cutwater/observe/log/line_writer.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <ranges>
#include <utility>
#include <vector>

namespace cutwater::detail {

namespace {

/// How long a fork waits for the pieces that are being written, all together.
constexpr std::chrono::nanoseconds patience_of_a_fork = std::chrono::seconds{1};

std::chrono::nanoseconds now() {
    using std::chrono::steady_clock;
    return steady_clock::now().time_since_epoch();  // tidy: allow clock because who forks gives no time
}

/// All writers of this process. Never destroyed: a program may fork, and log, while it ends.
class all_writers {
public:
    static all_writers& here() {
        static auto* const one = new all_writers;
        return *one;
    }
    void add(line_writer& w) {
        const std::scoped_lock held{lock_};
        all_.push_back(&w);
    }
    void remove(line_writer& w) {
        const std::scoped_lock held{lock_};
        std::erase(all_, &w);
    }

private:
    all_writers() { (void)pthread_atfork(&before, &in_parent, &in_child); }

    /// The youngest first: a sink hands lines on to a writer that is older than its own, and holds its own lock as it does.
    /// Each has its part of the time that is left. What callers touch is held only when nothing is waited for any more.
    static void before() {
        here().lock_.lock();
        const auto youngest_first = here().all_ | std::views::reverse;
        auto left = std::ranges::ssize(youngest_first);
        const auto until = now() + patience_of_a_fork;
        for (line_writer* const each : youngest_first) each->wait_before_fork((until - now()) / left--);
        for (line_writer* const each : youngest_first) each->before_fork();
    }
    static void in_parent() noexcept {
        for (line_writer* const each : here().all_) each->after_fork_in_parent();
        here().lock_.unlock();
    }
    static void in_child() noexcept {
        for (line_writer* const each : here().all_) each->after_fork_in_child();
        here().lock_.unlock();
    }

    std::mutex lock_;
    std::vector<line_writer*> all_;
};

}  // namespace

line_writer::line_writer(output to, maker notice, std::size_t max_bytes)
    : to_{std::move(to)}, notice_{std::move(notice)}, max_bytes_{max_bytes} {
    filling_.lines.reserve(
        max_bytes_);  // later growth would be copied while callers wait; untouched, it takes no memory
    emptying_.lines.reserve(max_bytes_);
    {
        const std::scoped_lock held{lock_};
        start_locked();
    }
    all_writers::here().add(*this);
}

line_writer::~line_writer() {
    all_writers::here().remove(*this);
    std::unique_ptr<crew> mine;
    {
        const std::scoped_lock held{lock_};
        is_ending_ = true;
        mine = std::move(crew_);
    }
    if (mine == nullptr) return;  // a child that never logged
    mine->comes.notify_all();
    mine->thread.join();
}

void line_writer::start_locked() {
    crew_ = std::make_unique<crew>();
    crew& mine = *crew_;
    try {
        mine.thread = std::thread{[this, &mine] { work(mine); }};
    } catch (...) {
        crew_ = nullptr;
        throw;
    }
}

void line_writer::take(std::string_view line) {
    std::unique_lock held{lock_};
    if (filling_.lines.size() + line.size() + 1 > max_bytes_) {
        ++filling_.dropped;
        dropped.fetch_add(1, std::memory_order_relaxed);
        wake(std::move(held));
        return;
    }
    if (crew_ == nullptr) start_locked();
    filling_.lines.append(line).push_back('\n');
    ++filling_.count;
    ++handed_in_;
    wake(std::move(held));
}

void line_writer::wake(std::unique_lock<std::mutex> held) {
    if (crew_ == nullptr || !std::exchange(is_idle_, false)) return;
    std::condition_variable& comes = crew_->comes;
    held.unlock();
    comes.notify_one();
}

void line_writer::flush() {
    std::unique_lock held{lock_};
    if (crew_ == nullptr) return;
    crew_->gone.wait(held, [this, until = handed_in_] { return done_ >= until; });
}

void line_writer::work(crew& mine) {
    while (true) {
        {
            std::unique_lock held{lock_};
            is_idle_ = filling_.is_empty();
            mine.comes.wait(held, [this] { return is_ending_ || !filling_.is_empty(); });
            is_idle_ = false;
            if (filling_.is_empty()) break;
            std::swap(filling_, emptying_);
        }
        {
            const std::scoped_lock held{writing_};
            write(emptying_);
        }
        const std::uint64_t count = emptying_.count;
        emptying_.lines.clear();
        emptying_.count = emptying_.dropped = 0;
        {
            const std::scoped_lock held{lock_};
            done_ += count;
        }
        mine.gone.notify_all();
    }
    if (unsaid_ > 0) write({});  // for the last time
}

void line_writer::write(const piece& full) {
    if (full.count > 0) (try_to_write(full.lines) ? written : failed).fetch_add(full.count, std::memory_order_relaxed);
    unsaid_ += full.dropped;
    if (unsaid_ == 0) return;
    try {
        to_(notice_(unsaid_) + '\n');
        unsaid_ = 0;
    } catch (...) {}  // NOLINT(bugprone-empty-catch): it is said with the next piece
}

bool line_writer::try_to_write(std::string_view lines) noexcept {
    try {
        to_(lines);
        return true;
    } catch (...) {
        return false;
    }
}

void line_writer::wait_before_fork(std::chrono::nanoseconds at_most) {
    is_held_by_fork_ = writing_.try_lock_for(at_most);
}
void line_writer::before_fork() { lock_.lock(); }
void line_writer::after_fork_in_parent() noexcept {
    const bool is_held = is_held_by_fork_;
    lock_.unlock();
    if (is_held) writing_.unlock();
}
void line_writer::after_fork_in_child() noexcept {
    (void)crew_.release();  // the thread is the parent's, and so is whatever waits on its conditions
    filling_.lines.clear();
    emptying_.lines.clear();
    filling_.count = filling_.dropped = emptying_.count = emptying_.dropped = unsaid_ = 0;
    done_ = handed_in_;
    is_idle_ = false;
    lock_.unlock();
    if (is_held_by_fork_)
        writing_.unlock();
    else
        std::construct_at(&writing_);  // a thread holds it that this process does not have
}

}  // namespace cutwater::detail
