#include "cutwater/drive/prefetch/prefetch_desk.hpp"

#include <utility>

#include "cutwater/core/family.hpp"

namespace cutwater {

static_assert(queueing_gate<prefetch_desk>);

prefetch_desk::prefetch_desk(prefetch_options options, duration usual, listener* hears)
    : options_{validated(kind, std::move(options))}, layer_{options_.name}, hears_{hears}, plan_{options_, usual} {}

bool prefetch_desk::declare(const cache_key& key, std::optional<cache_lifetime> value) {
    const std::scoped_lock lock{mutex_};
    if (heard_.size() == heard_.capacity()) heard_.reserve(2 * heard_.size() + 1);
    auto made = plan_.add(key);
    if (!made) return plan_.contains(key);
    heard_.push_back({.of = std::move(*made), .what = prefetch_report::kind::declared, .value = value});
    round_.wake_first();
    return true;
}

bool prefetch_desk::withdraw(const cache_key& key) {
    std::optional<std::stop_source> stop;
    {
        const std::scoped_lock lock{mutex_};
        stop = plan_.remove(key);
    }
    return stop && (stop->request_stop(), true);  // not under the lock: it may call what the question has registered
}

std::size_t prefetch_desk::size() const {
    const std::scoped_lock lock{mutex_};
    return plan_.size();
}
std::size_t prefetch_desk::failing() const {
    const std::scoped_lock lock{mutex_};
    return plan_.failing();
}

std::optional<prefetch_ticket> prefetch_desk::take_due() {
    const std::scoped_lock lock{mutex_};
    return plan_.take_due(looked_);
}

void prefetch_desk::hear(prefetch_report report) {
    const std::scoped_lock lock{mutex_};
    heard_.push_back(std::move(report));
    round_.wake_first();
}

void prefetch_desk::leave(waiter& w) noexcept {
    const std::scoped_lock lock{mutex_};
    round_.remove(w);
}

/// A round that waits is in the queue from here on, so that whatever is heard after this wakes it.
admission<prefetch_desk::ticket> prefetch_desk::look(waiter* w, call_context& call, moment& now) {
    const instant at = now;
    std::vector<prefetch_news> news;
    instant due = never;
    {
        const std::scoped_lock lock{mutex_};
        news = plan_locked(at, call.random());
        due = plan_.next_due();
        looked_ = at;
        if (w != nullptr && due > at && !w->is_queued()) round_.push(*w);
    }
    tell(news, at);
    if (due <= at) return ticket{};
    return wait_until{due};
}

std::vector<prefetch_news> prefetch_desk::plan_locked(instant now, random_source& dice) {
    std::vector<prefetch_news> news;
    if (hears_ != nullptr) news.reserve(heard_.size());
    for (prefetch_report& each : heard_)
        if (auto one = plan_.hear(std::move(each), now, dice.unit()); one && hears_ != nullptr)
            news.push_back(std::move(*one));
    heard_.clear();
    return news;
}

void prefetch_desk::tell(const std::vector<prefetch_news>& news, instant now) const noexcept {
    for (const prefetch_news& each : news) {
        try {
            tell(each, now);
        } catch (...) {  // NOLINT(bugprone-empty-catch): watching must not stop it
        }
    }
}

void prefetch_desk::tell(const prefetch_news& news, instant now) const {
    const cache_key key = news.about.of.key.view();
    const auto emit = [&](const auto& body) {
        hears_->on_event(event{{.layer = layer_, .operation = key.operation, .call_id = {}, .at = now}, body});
    };
    if (news.about.what == prefetch_report::kind::failed)
        return emit(prefetch_failed{key.asked, news.failures, news.next_in, news.about.text});
    if (news.failures > 0) emit(prefetch_recovered{key.asked, news.failures});
    if (news.about.what == prefetch_report::kind::refreshed) emit(prefetch_refreshed{key.asked, news.next_in});
}

}  // namespace cutwater
