#include "cutwater/health/health_monitor.hpp"

#include <unistd.h>  // tidy: allow third-party because only the system tells a child of a fork from its parent

#include <algorithm>
#include <exception>
#include <utility>

#include "cutwater/core/error.hpp"
#include "cutwater/health/check_slot.hpp"
#include "cutwater/health/health_news.hpp"

namespace cutwater {

namespace {

constexpr duration startup_look = 1s;  // how often, at least, it is looked whether startup is over

/// What has changed, as an event.
void add_change(detail::health_news& news, const detail::check_slot& s, std::optional<health_status> was,
                duration was_for, instant now) {
    if (!was) return;
    const health_status is = s.status(now);
    const std::string& check = s.options().name;
    if (is != health_status::healthy && is >= *was)
        news.add(health_worsened{check, is, s.latest().detail, s.latest().what_to_do});
    else
        news.add(health_improved{check, is, was_for});
}

[[noreturn]] void refuse_name(std::string_view kind, const std::string& called) {
    throw invalid_options{kind, called, {{"name", in_quotes(called), "a name that no other has here"}}};
}

}  // namespace

// ---- a task of startup ----

void startup_task::done() noexcept {
    done_.store(true, std::memory_order_release);
    link expected = link::there;
    if (!link_.compare_exchange_strong(expected, link::told)) return;
    try {
        of_->look_at_readiness();
    } catch (...) {  // without memory for the words: the runner's next look finds it
    }
    link_.store(link::cut);
    link_.notify_all();
}

void startup_task::cut() noexcept {
    link expected = link::there;
    (void)link_.compare_exchange_strong(expected, link::cut);
}

void startup_task::wait_until_told() const noexcept { link_.wait(link::told); }

// ---- a run ----

due_check::~due_check() {
    if (slot_) of_->withdraw(*slot_);
}
std::string_view due_check::name() const noexcept { return slot_->options().name; }
bool due_check::decides() const noexcept {
    const check_options& o = slot_->options();
    return o.readiness != readiness_effect::none || o.startup == startup_effect::waits;
}
check_run due_check::begin() { return of_->begin(*slot_); }
check_result due_check::ask(const check_run& run) { return run_check(slot_->function(), run); }
void due_check::end(check_result said) {
    const auto slot = std::exchange(slot_, nullptr);
    of_->end(*slot, std::move(said));
}
void due_check::run() noexcept { end(ask(begin())); }

// ---- what there is ----

health_monitor::health_monitor(health_options options, environment& time)
    : options_{validated(kind, std::move(options))}, made_by_{::getpid()}, layer_{options_.name}, time_{&time},
      seed_{time.random()()}, random_{seed_} {}

health_monitor::~health_monitor() {
    for (const auto& task : tasks_) {
        task->cut();
        if (made_by_ == ::getpid()) task->wait_until_told();  // else who told it is a thread of the parent's
    }
}

void health_monitor::add_check(check_options options, check_function f, health_status worst) {
    options = validated("health check", std::move(options));
    const auto made = std::make_shared<detail::check_slot>(std::move(options), std::move(f), time_->now(), worst);
    const std::scoped_lock lock{mutex_};
    const std::string& called = made->options().name;
    if (std::ranges::any_of(checks_, [&](const slot& s) { return s->options().name == called; }))
        refuse_name("health check", called);
    checks_.push_back(made);
    if (runner_ != nullptr) runner_->wake();
}

void health_monitor::watch_by(std::string called, std::function<void(instant, gauge_visitor&)> visit,
                              watch_options options) {
    if (option_problems wrong = problems_of(options); !wrong.empty())
        throw invalid_options{"health watch", called, std::move(wrong)};
    add_check(
        {.name = std::move(called),
         .importance = options.importance,
         .period = options.period,
         .worse_after = 1,
         .better_after = 1,
         .stale_after = 3 * options.period + 30s},
        [judge = gauge_judge{options}, visit = std::move(visit), time = time_](const check_run&) mutable {
            const instant now = time->now();
            try {
                return judge.judge(now, [&](gauge_visitor& seen) { visit(now, seen); });
            } catch (...) {
                return check_result::degraded(
                    "its gauges cannot be read: " + error::from_exception(std::current_exception()).words(),
                    "Whether it is well is not known: look at why it cannot say.");
            }
        },
        health_status::degraded);
}

bool health_monitor::remove(std::string_view check) {
    slot gone;  // with what the check holds, which may ask the monitor as it goes
    {
        const std::scoped_lock lock{mutex_};
        const auto found = std::ranges::find_if(checks_, [&](const slot& s) { return s->options().name == check; });
        if (found == checks_.end()) return false;
        gone = std::move(*found);
        checks_.erase(found);
    }
    look_at_readiness();
    return true;
}

std::shared_ptr<heartbeat> health_monitor::heartbeat(heartbeat_options options) {
    auto made = std::make_shared<cutwater::heartbeat>(validated("heartbeat", std::move(options)), *time_);
    const std::string& called = made->options().name;
    const std::scoped_lock lock{mutex_};
    std::erase_if(heartbeats_, [](const auto& each) { return each.second.expired(); });
    if (std::ranges::any_of(heartbeats_, [&](const auto& each) { return each.first == called; }))
        refuse_name("heartbeat", called);
    heartbeats_.emplace_back(called, made);
    return made;
}

std::shared_ptr<startup_task> health_monitor::startup_task(std::string what) {
    auto made = std::make_shared<cutwater::startup_task>(std::move(what), *this);
    const std::scoped_lock lock{mutex_};
    tasks_.push_back(made);
    return made;
}

// ---- how it is ----

bool health_monitor::live_at(instant now) const {
    return std::ranges::all_of(heartbeats_, [&](const auto& each) {
        const auto held = each.second.lock();
        return !held || held->beats(now);
    });
}

bool health_monitor::started_at() const {
    if (has_started_) return true;
    const bool waits = std::ranges::any_of(tasks_, [](const auto& task) { return !task->is_done(); }) ||
                       std::ranges::any_of(checks_, [](const slot& s) {
                           return s->options().startup == startup_effect::waits && !s->has_worked();
                       });
    return has_started_ = !waits;
}

bool health_monitor::ready_at(instant now) const {
    return started_at() && drains_until_ == never &&
           std::ranges::none_of(checks_, [&](const slot& s) { return s->keeps_away(now, seed_); });
}

health_status health_monitor::status_at(instant now) const {
    health_tally all;
    for (const slot& s : checks_) all.add(s->status(now), s->options().importance);
    if (!live_at(now)) return health_status::unhealthy;
    return all.status();
}

bool health_monitor::is_live() const {
    const instant now = time_->now();
    const std::scoped_lock lock{mutex_};
    return live_at(now);
}
bool health_monitor::is_started() const {
    const std::scoped_lock lock{mutex_};
    return started_at();
}
bool health_monitor::is_ready() const {
    const instant now = time_->now();
    const std::scoped_lock lock{mutex_};
    return ready_at(now);
}
bool health_monitor::is_draining() const {
    const std::scoped_lock lock{mutex_};
    return drains_until_ != never;
}

std::vector<std::string> health_monitor::not_ready_because(instant now) const {
    std::vector<std::string> all;
    if (!started_at()) all.emplace_back("it has not started");
    if (drains_until_ != never) all.emplace_back("it drains");
    for (const slot& s : checks_)
        if (s->keeps_away(now, seed_)) all.push_back(s->options().name);
    return all;
}

health_report health_monitor::report() const {
    const instant now = time_->now();
    const std::scoped_lock lock{mutex_};
    health_report told{.name = options_.name,
                       .status = status_at(now),
                       .live = live_at(now),
                       .ready = ready_at(now),
                       .started = started_at(),
                       .draining = drains_until_ != never,
                       .not_ready_because = not_ready_because(now)};
    for (const slot& s : checks_) {
        told.checks.push_back(s->report(now));
        if (!told.started && s->options().startup == startup_effect::waits && !s->has_worked())
            told.not_started_because.push_back(s->options().name);
    }
    for (const auto& task : tasks_)
        if (!told.started && !task->is_done()) told.not_started_because.push_back(task->name());
    for (const auto& [called, weak] : heartbeats_) {
        const auto held = weak.lock();
        if (!held) continue;
        told.heartbeats.push_back({called, held->beats(now), held->age(now), held->options().within});
        if (!held->beats(now)) told.not_live_because.push_back(called);
    }
    return told;
}

void health_monitor::gauges(instant, gauge_visitor& seen) const {
    const health_report now = report();
    for (const check_report& each : now.checks) {
        const double value = each.status == health_status::healthy    ? 1
                             : each.status == health_status::degraded ? 0.5
                                                                      : 0;
        seen(metrics::health, value, each.name);
    }
    for (const health_probe each : {health_probe::live, health_probe::ready, health_probe::started})
        seen(metrics::health_probe, now.passes(each) ? 1 : 0, to_text(each));
}

instant health_monitor::drain() {
    const instant now = time_->now();
    detail::health_news news;
    instant until{};
    {
        const std::scoped_lock lock{mutex_};
        if (drains_until_ == never) drains_until_ = add(now, options_.drain_for);
        until = drains_until_;
        notice_readiness(now, news);
    }
    tell(news, now);
    return until;
}

// ---- for runners ----

std::vector<due_check> health_monitor::take_due() {
    const instant now = time_->now();
    std::vector<due_check> due;
    detail::health_news news;
    std::vector<std::stop_source> late;
    {
        const std::scoped_lock lock{mutex_};
        for (const slot& s : checks_) {
            const auto seen = s->look(now, random_);
            if (seen.is_to_run) due.emplace_back(*this, s);
            if (seen.was_given_up) {
                late.push_back(s->stop_source());
                news.add(health_check_hung{s->options().name, s->options().timeout, seen.has_begun});
            }
            add_change(news, *s, seen.was, seen.was_for, now);
        }
        notice_readiness(now, news);
    }
    for (std::stop_source& each : late) each.request_stop();  // what it calls is the check's own
    tell(news, now);
    return due;
}

instant health_monitor::next_due() const {
    const instant now = time_->now();
    const std::scoped_lock lock{mutex_};
    instant next = never;
    for (const slot& s : checks_) next = std::min(next, s->next_look());
    return started_at() ? next : std::min(next, add(now, startup_look));
}

void health_monitor::refresh() {
    const instant now = time_->now();
    const std::scoped_lock lock{mutex_};
    for (const slot& s : checks_) s->hurry(now);
    if (runner_ != nullptr) runner_->wake();
}

void health_monitor::wakes(waker* runner) {
    const std::scoped_lock lock{mutex_};
    runner_ = runner;
    if (runner != nullptr) is_stopping_ = false;
}

void health_monitor::stop_runs() {
    std::vector<std::stop_source> all;
    {
        const std::scoped_lock lock{mutex_};
        is_stopping_ = true;
        for (const slot& s : checks_) all.push_back(s->stop_source());
    }
    for (std::stop_source& each : all) each.request_stop();
}

check_run health_monitor::begin(detail::check_slot& s) {
    const instant now = time_->now();
    const std::scoped_lock lock{mutex_};
    const check_run run = s.begin(now);
    if (is_stopping_) s.stop_source().request_stop();  // nobody listens yet
    return run;
}

void health_monitor::end(detail::check_slot& s, check_result said) {
    const instant now = time_->now();
    detail::health_news news;
    {
        const std::scoped_lock lock{mutex_};
        const auto how = s.end(std::move(said), now);
        if (how.was_given_up) news.add(health_check_returned{s.options().name, how.took});
        const bool is_here = std::ranges::any_of(checks_, [&](const slot& each) { return each.get() == &s; });
        if (is_here) add_change(news, s, how.was, how.was_for, now);
        notice_readiness(now, news);
    }
    tell(news, now);
}

void health_monitor::withdraw(detail::check_slot& s) {
    const std::scoped_lock lock{mutex_};
    s.withdraw();
}

/// Something else than a run may have changed it.
void health_monitor::look_at_readiness() {
    const instant now = time_->now();
    detail::health_news news;
    {
        const std::scoped_lock lock{mutex_};
        if (runner_ != nullptr) runner_->wake();
        notice_readiness(now, news);
    }
    tell(news, now);
}

void health_monitor::notice_readiness(instant now, detail::health_news& news) {
    const bool is = ready_at(now);
    if (is != std::exchange(was_ready_, is)) news.add(readiness_changed{is, in_words(not_ready_because(now))});
}

void health_monitor::tell(detail::health_news& news, instant now) { news.tell(told_, layer_, now); }

}  // namespace cutwater
