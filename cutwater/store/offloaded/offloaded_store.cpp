#include "cutwater/store/offloaded/offloaded_store.hpp"

#include <utility>

#include "cutwater/drive/clock/clock.hpp"

namespace cutwater {

offloaded_store::offloaded_store(cell_store& behind, offloaded_options options)
    : options_{validated(kind, std::move(options))}, name_{options_.name}, behind_{behind} {
    threads_.reserve(options_.threads);
    for (unsigned i = 0; i < options_.threads; ++i)
        threads_.emplace_back([this](const std::stop_token& ends) { work(ends); });
}

offloaded_store::~offloaded_store() {
    std::deque<question> left;
    {
        const std::scoped_lock held{lock_};
        closed_ = true;
        left.swap(line_);
    }
    for (question& each : left) each.done(refused(std::errc::operation_canceled, "the store is going"));
    threads_.clear();  // waits for them
}

std::size_t offloaded_store::waiting() const {
    const std::scoped_lock held{lock_};
    return line_.size();
}

void offloaded_store::begin(cell_request asked, cell_completion done) noexcept {
    const char* why = "the store is going";
    try {
        question one{std::move(asked), {}, never};
        if (one.asked.limit != forever) one.until = in(one.asked.limit);
        const std::scoped_lock held{lock_};
        if (!closed_) {
            if (line_.size() < options_.max_waiting) {
                line_.push_back(std::move(one));
                line_.back().done = std::move(done);
                changed_.notify_one();
                return;
            }
            why = "max_waiting questions wait for a thread";
        }
    } catch (...) {
        why = "there is no memory for another question";
    }
    done(refused(std::errc::resource_unavailable_try_again, why));
}

void offloaded_store::work(const std::stop_token& ends) {
    std::unique_lock held{lock_};
    while (changed_.wait(held, ends, [this] { return !line_.empty(); })) {
        question next = std::move(line_.front());
        line_.pop_front();
        held.unlock();
        play(std::move(next));
        held.lock();
    }
}

void offloaded_store::play(question one) {
    if (one.until != never) {
        const duration left = between(now(), one.until);
        if (left <= duration::zero())
            return one.done(refused(std::errc::timed_out, "its time was over before there was a thread for it"));
        one.asked.limit = left;
    }
    behind_.begin(std::move(one.asked), std::move(one.done));
}

cell_result offloaded_store::refused(std::errc why, const char* words) const {
    return std::unexpected{error{std::make_error_code(why), name_, {}}.with_text(words)};
}

}  // namespace cutwater
