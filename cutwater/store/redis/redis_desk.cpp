#include "cutwater/store/redis/redis_desk.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <utility>
#include <variant>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "cutwater/store/redis/redis_error.hpp"
#include "cutwater/store/redis/redis_reply.hpp"

namespace cutwater {

namespace asio = boost::asio;

struct redis_desk::question {
    cell_request asked;
    cell_completion done;
    duration limit = forever;
    instant due = never;
    std::multimap<instant, asking>::iterator at{};  // while it has not been told
    std::atomic<bool> told = true;                  // until it has entered
    bool has_place = false;                         // it counts as in flight
    bool sent = false;
    bool whole = false;  // as Redis does not know the script any more

    redis_script script = redis_script::read;
    cell_version made = 0;         // by a swap
    std::string cursor = "0";      // of a list, as the keys
    std::set<std::string> keys{};  // no more than are asked for
};

namespace {

const list_cells* list_in(const cell_request& asked) { return std::get_if<list_cells>(&asked.what); }

/// Never 0, which is no version.
cell_version fresh_version(environment& lent) {
    cell_version made = 0;
    while (made == 0) made = lent.random()();
    return made;
}

/// The milliseconds that a cell lives, not less than was asked for; empty: for ever.
std::string life_of(duration d) {
    if (d == forever) return {};
    return std::to_string(std::max(std::chrono::ceil<std::chrono::milliseconds>(d).count(), std::int64_t{0}));
}

}  // namespace

redis_desk::redis_desk(name store, redis_store_options options, asio::any_io_executor executor)
    : store_{store}, options_{std::move(options)}, executor_{std::move(executor)},
      strand_{asio::make_strand(executor_)}, timing_{&asio_timing::of(executor_)}, lent_{timing_->lent()},
      dialer_{std::make_shared<redis_dialer>(options_, strand_, lent_)} {
    timing_->enter(*this);
}

redis_desk::~redis_desk() {
    dialer_->hang_up();
    if (link_) link_->close();
    if (timing_ == nullptr) return;
    timing_->disarm(alarm_);
    timing_->leave(*this);
}

// --- entering, and being told ----------------------------------------------------------------------------------------

void redis_desk::ask(cell_request asked, cell_completion done) noexcept {
    asking q;
    std::optional<error> refused;
    try {
        refused = wrong_key(asked, store_);
        if (!refused) {
            q = std::make_shared<question>();
            q->limit = std::max(std::min(asked.limit, options_.timeout), duration::zero());
            q->due = add(lent_.now(), q->limit);
            q->asked = std::move(asked);
            refused = enter(q, done);
        }
    } catch (...) {
        refused = error::from_exception(std::current_exception());
    }
    if (!refused) return;
    refused->with_layer(store_);
    if (done)
        done(std::unexpected{*std::move(refused)});
    else
        tell(*q, std::unexpected{*std::move(refused)});
}

/// `done` is taken where there is room. It posts under the lock, so that the context does not go meanwhile.
std::optional<error> redis_desk::enter(const asking& q, cell_completion& done) {
    const std::scoped_lock held{lock_};
    if (is_evicted_) return error{errc::withdrawn}.with_text("the context that the store runs in has been destroyed");
    if (is_shut_) return error{errc::withdrawn}.with_text("the store is being destroyed");
    if (in_flight_ >= options_.max_in_flight)
        return unsent_error(
            std::errc::resource_unavailable_try_again,
            "max_in_flight = " + std::to_string(options_.max_in_flight) + " requests are in flight; nothing was sent");
    asked_.push_back(q);
    q->at = open_.emplace(q->due, q);
    q->done = std::move(done);
    q->told = false;
    q->has_place = true;
    ++in_flight_;
    if (looks_) return std::nullopt;
    asio::post(strand_, [self = shared_from_this()] { self->drain(); });
    looks_ = true;
    return std::nullopt;
}

void redis_desk::tell(question& q, cell_result said, place in_flight) noexcept {
    cell_completion done;
    {
        const std::scoped_lock held{lock_};
        if (in_flight == place::given_back && std::exchange(q.has_place, false)) --in_flight_;
        if (q.told.exchange(true)) return;
        open_.erase(q.at);
        done = std::move(q.done);
    }
    if (!said) said.error().with_layer(store_);
    done(std::move(said));
}

void redis_desk::tell_all(const error& why) noexcept {
    std::vector<asking> all;
    {
        const std::scoped_lock held{lock_};
        for (const auto& [due, q] : open_) all.push_back(q);
    }
    for (const asking& q : all) tell(*q, std::unexpected{why});
}

void redis_desk::shut(std::move_only_function<void()> then) noexcept {
    {
        const std::scoped_lock held{lock_};
        is_shut_ = true;
    }
    tell_all(error{errc::cancelled}.with_text("the store was destroyed before Redis had replied"));
    const std::scoped_lock held{lock_};
    if (is_evicted_) return;
    asio::post(strand_, [self = shared_from_this(), then = std::move(then)]() mutable {
        self->waiting_.clear();
        self->dialer_->hang_up();
        if (const auto link = self->link_) link->close();
        self->set_alarm();
        if (then) then();
    });
}

/// Nothing runs in the context any more, so the strand's members are this thread's.
void redis_desk::evict() noexcept {
    const auto self = shared_from_this();  // a completion may destroy the store
    asio::any_io_executor strand;
    asio::any_io_executor executor;
    {
        const std::scoped_lock held{lock_};
        is_evicted_ = true;
        strand.swap(strand_);
        executor.swap(executor_);
        asked_.clear();
    }
    std::exchange(timing_, nullptr)->disarm(alarm_);
    why_lost_ = error{errc::cancelled}.with_text("the context was destroyed before Redis had replied");
    tell_all(*why_lost_);
    waiting_.clear();
    dialer_->forget_context();
    if (const auto link = std::exchange(link_, nullptr)) link->close();
}

// --- sending ---------------------------------------------------------------------------------------------------------

void redis_desk::drain() {
    std::vector<asking> asked;
    {
        const std::scoped_lock held{lock_};
        looks_ = false;
        asked.swap(asked_);
        if (is_shut_) return;
    }
    waiting_.insert(waiting_.end(), std::make_move_iterator(asked.begin()), std::make_move_iterator(asked.end()));
    serve();
}

void redis_desk::serve() {
    std::erase_if(waiting_, [](const asking& q) { return q->told.load(); });
    if (!waiting_.empty()) {
        if (const auto link = usable_link()) {
            while (!waiting_.empty() && link->is_open()) {
                const asking q = std::move(waiting_.front());
                waiting_.pop_front();
                begin(q);
            }
            link->flush();
        }
    }
    set_alarm();
}

/// Null while it is being made.
std::shared_ptr<redis_link> redis_desk::usable_link() {
    if (link_ && link_->is_open()) {
        if (link_->in_flight() > 0 || !link_->was_left()) return link_;
        link_->close();
    }
    link_ = nullptr;
    if (!dialer_->is_dialling())
        dialer_->dial([this](redis_dialer::dialled made) noexcept { on_dialled(std::move(made)); });
    return link_;
}

void redis_desk::on_dialled(redis_dialer::dialled made) noexcept {
    if (made) {
        why_lost_.reset();
        link_ = *std::move(made);
        // In hiredis, or in `serve`: they go on when it has returned.
        asio::post(strand_, [self = shared_from_this()] { self->serve(); });
        return;
    }
    for (const asking& q : std::exchange(waiting_, {})) tell(*q, std::unexpected{made.error()});
    set_alarm();
}

void redis_desk::begin(const asking& q) {
    if (q->told) return;
    if (q->due <= lent_.now()) return tell(*q, std::unexpected{late(*q)});
    q->sent = true;
    list_in(q->asked) != nullptr ? send_scan(q) : send_script(q);
}

void redis_desk::send_script(const asking& q) {
    std::string key;
    std::string expected;
    std::string made;
    std::string life;
    std::string whole;
    std::vector<std::string_view> words{"EVALSHA", {}, "1", {}};
    if (const auto* const swap = std::get_if<swap_cell>(&q->asked.what)) {
        q->script = redis_script::swap;
        if (q->made == 0) q->made = fresh_version(lent_);
        key = options_.prefix + swap->key;
        expected = std::to_string(swap->expected);
        made = std::to_string(q->made);
        life = life_of(swap->time_to_live);
        words.insert(words.end(), {expected, made, life, swap->value});
    } else if (const auto* const erase = std::get_if<erase_cell>(&q->asked.what)) {
        q->script = redis_script::erase;
        key = options_.prefix + erase->key;
        expected = std::to_string(erase->expected);
        words.emplace_back(expected);
    } else {
        key = options_.prefix + std::get<read_cell>(q->asked.what).key;
    }
    words[1] = dialer_->digest(q->script);
    words[3] = key;
    if (words[1].empty() || q->whole) {
        whole = text_of(q->script);
        words[0] = "EVAL";
        words[1] = whole;
    }
    send(q, words, &redis_desk::hear_script);
}

void redis_desk::send_scan(const asking& q) {
    const std::string pattern = begins_with_pattern(options_.prefix + list_in(q->asked)->prefix);
    const std::array<std::string_view, 6> words{"SCAN", q->cursor, "MATCH", pattern, "COUNT", "1000"};
    send(q, words, &redis_desk::hear_scan);
}

void redis_desk::send(const asking& q, std::span<const std::string_view> words, hearing heard) {
    const auto link = link_;
    const bool taken =
        link && link->send(words, [this, q, heard](const redisReply* said) noexcept { hear(q, said, heard); });
    if (!taken) tell(*q, std::unexpected{lost()});
}

// --- replies ---------------------------------------------------------------------------------------------------------

void redis_desk::hear(const asking& q, const redisReply* said, hearing heard) noexcept {
    try {
        if (said == nullptr)
            tell(*q, std::unexpected{lost()});
        else
            (this->*heard)(q, *said);
        set_alarm();
    } catch (...) {
        tell(*q, std::unexpected{error::from_exception(std::current_exception())});
    }
}

void redis_desk::hear_script(const asking& q, const redisReply& said) {
    const auto refused = error_of(said);
    if (refused && refused->starts_with("NOSCRIPT") && !q->whole && !q->told) {
        q->whole = true;
        return send_script(q);
    }
    cell_result reply = cell_reply_of(said, q->made);
    const bool is_replica = !reply && reply.error().code() == redis_errc::read_only;
    tell(*q, std::move(reply));
    if (is_replica)
        give_up(error{std::make_error_code(std::errc::connection_reset)}.with_text(
            dialer_->whom() + " is a replica: the connection was closed, to be made anew"));
}

void redis_desk::hear_scan(const asking& q, const redisReply& said) {
    auto step = scan_of(said);
    if (!step) return tell(*q, std::unexpected{step.error()});
    const list_cells& asked = *list_in(q->asked);
    for (const std::string& key : step->keys) {
        if (!key.starts_with(options_.prefix)) continue;
        std::string of_cell = key.substr(options_.prefix.size());
        if (of_cell <= asked.after || !of_cell.starts_with(asked.prefix)) continue;
        q->keys.insert(std::move(of_cell));
        if (q->keys.size() > asked.limit) q->keys.erase(std::prev(q->keys.end()));
    }
    q->cursor = std::move(step->cursor);
    if (q->cursor != "0" && !q->told) return send_scan(q);
    tell(*q, cell_reply{.keys = {q->keys.begin(), q->keys.end()}});
}

/// Ends the connection; whoever is in flight is told why.
void redis_desk::give_up(error why) noexcept {
    why_lost_ = std::move(why);
    if (const auto link = link_) link->close();
}

error redis_desk::lost() const {
    if (why_lost_) return *why_lost_;
    std::string text = "the connection to " + dialer_->whom() + " was lost before the reply had come";
    if (link_ && !link_->trouble().empty()) text.append(": ").append(link_->trouble());
    return error{std::make_error_code(std::errc::connection_reset)}.with_text(std::move(text));
}

// --- time ------------------------------------------------------------------------------------------------------------

void redis_desk::alarm::on_expiry() noexcept {
    asio::post(of_.strand_, [weak = of_.weak_from_this()] {
        if (const auto self = weak.lock()) self->on_time();
    });
}

void redis_desk::on_time() {
    alarm_at_ = never;
    const instant now = lent_.now();
    for (const asking& q : overdue(now)) tell(*q, std::unexpected{late(*q)}, q->sent ? place::kept : place::given_back);
    dialer_->on_time();
    if (dead_at() <= now)
        give_up(error{std::make_error_code(std::errc::timed_out)}
                    .with_text(dialer_->whom() + " has said nothing for so long: the connection was given up")
                    .with_limit(options_.dead_after));
    serve();
}

/// Of a request whose limit has passed.
error redis_desk::late(const question& q) const {
    error e = q.sent ? error{std::make_error_code(std::errc::timed_out)}.with_text(
                           "no reply in time; whether it was done is not known")
                     : unsent_error(std::errc::timed_out,
                                    "no connection to " + dialer_->whom() + " in time; nothing was sent");
    return e.with_limit(q.limit);
}

std::vector<redis_desk::asking> redis_desk::overdue(instant now) {
    const std::scoped_lock held{lock_};
    std::vector<asking> found;
    for (auto at = open_.begin(); at != open_.end() && at->first <= now; ++at) found.push_back(at->second);
    return found;
}

instant redis_desk::first_due() {
    const std::scoped_lock held{lock_};
    return open_.empty() ? never : open_.begin()->first;
}

instant redis_desk::dead_at() const noexcept {
    return link_ && link_->is_open() && link_->in_flight() > 0 ? add(link_->heard(), options_.dead_after) : never;
}

void redis_desk::set_alarm() {
    if (timing_ == nullptr) return;
    const instant next = std::min({first_due(), dialer_->due(), dead_at()});
    if (next == never && alarm_at_ != never) timing_->disarm(alarm_);
    if (next != never && next >= alarm_at_) return;
    if (next != never) timing_->arm(alarm_, next, executor_);
    alarm_at_ = next;
}

}  // namespace cutwater
