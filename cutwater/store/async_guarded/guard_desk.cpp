#include "cutwater/store/async_guarded/guard_desk.hpp"

#include <system_error>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

#include "cutwater/drive/asio/pause.hpp"
#include "cutwater/drive/asio/scoped_executor.hpp"

namespace cutwater::detail {

namespace asio = boost::asio;

/// Where a reply is put, and who is woken by it: nobody any more, once this is destroyed.
class guard_desk::reply_place {
public:
    reply_place(std::shared_ptr<gate> at, waker& owner) : shared_{std::make_shared<shared>(std::move(at), &owner)} {}
    reply_place(const reply_place&) = delete;
    reply_place& operator=(const reply_place&) = delete;
    ~reply_place() {
        const std::scoped_lock held{shared_->at->lock};
        shared_->owner = nullptr;
    }

    [[nodiscard]] cell_completion completion() const {
        return [to = shared_](cell_result said) noexcept {
            const std::scoped_lock held{to->at->lock};
            if (to->owner == nullptr || to->at->is_closed) return;
            to->said.emplace(std::move(said));
            to->owner->wake();
        };
    }
    [[nodiscard]] std::optional<cell_result> take() {
        const std::scoped_lock held{shared_->at->lock};
        return std::exchange(shared_->said, std::nullopt);
    }

private:
    struct shared {
        shared(std::shared_ptr<gate> g, waker* o) noexcept : at{std::move(g)}, owner{o} {}
        std::shared_ptr<gate> at;
        waker* owner;
        std::optional<cell_result> said;
    };
    std::shared_ptr<shared> shared_;
};

guard_desk::guard_desk(cell_store& behind, const asio::any_io_executor& executor)
    : store_{behind.store_name()}, timing_{&asio_timing::of(executor)}, lent_{timing_->lent()}, behind_{&behind},
      strand_{asio::make_strand(unscoped(executor))} {
    timing_->enter(*this);
}

guard_desk::~guard_desk() {
    if (timing_ != nullptr) timing_->leave(*this);
}

// --- entering, and being told ----------------------------------------------------------------------------------------

void guard_desk::ask(cell_request asked, cell_completion done) noexcept {
    asking q;
    std::optional<error> refused;
    try {
        q = std::make_shared<question>();
        q->call = call_of(asked, lent_.now());
        q->call.stop = stop_.get_token();
        q->asked = std::move(asked);
        refused = enter(q, done);
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

/// `done` is taken where it enters. It posts under the lock, so that the context does not go meanwhile.
std::optional<error> guard_desk::enter(const asking& q, cell_completion& done) {
    const std::scoped_lock held{lock_};
    if (is_evicted_) return error{errc::withdrawn}.with_text("the context that the store runs in has been destroyed");
    if (is_shut_) return error{errc::withdrawn}.with_text("the store is being destroyed");
    open_.push_back(q);
    q->at = std::prev(open_.end());
    q->done = std::move(done);
    q->told = false;
    asio::post(strand_, [self = shared_from_this(), q, strand = strand_] { self->begin(q, strand); });
    return std::nullopt;
}

void guard_desk::begin(const asking& q, const asio::any_io_executor& strand) noexcept {
    {
        const std::scoped_lock held{lock_};
        if (q->told) return;
    }
    try {
        start(q, strand);
    } catch (...) {
        tell(*q, std::unexpected{error::from_exception(std::current_exception())});
    }
}

void guard_desk::tell(question& q, cell_result said) noexcept {
    cell_completion done;
    {
        const std::scoped_lock held{lock_};
        if (std::exchange(q.told, true)) return;
        open_.erase(q.at);
        done = std::move(q.done);
    }
    done(std::move(said));
}

void guard_desk::tell_all(const error& why) noexcept {
    std::vector<asking> all;
    {
        const std::scoped_lock held{lock_};
        all.assign(open_.begin(), open_.end());
    }
    for (const asking& q : all) tell(*q, std::unexpected{why});
}

void guard_desk::shut() noexcept {
    {
        const std::scoped_lock held{lock_};
        is_shut_ = true;
    }
    {
        const std::scoped_lock held{asking_};
        behind_ = nullptr;
    }
    tell_all(error{errc::cancelled, store_, {}}.with_text("the store was destroyed before there was an answer"));
    {
        const std::scoped_lock held{lock_};
        if (is_evicted_) return;
    }
    stop_.request_stop();  // posts to the calls that are under way
}

/// The context is going, and the calls with it.
void guard_desk::evict() noexcept {
    const auto self = shared_from_this();  // a completion may destroy the store
    timing_ = nullptr;
    asio::any_io_executor strand;
    {
        const std::scoped_lock held{lock_};
        is_evicted_ = true;
        strand.swap(strand_);
    }
    {
        const std::scoped_lock held{gate_->lock};
        gate_->is_closed = true;
    }
    tell_all(error{errc::cancelled, store_, {}}.with_text("the context was destroyed before there was an answer"));
}

// --- asking ----------------------------------------------------------------------------------------------------------

asio::awaitable<cell_result> guard_desk::ask_behind(cell_request what) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto pause = std::make_shared<asio_pause>(executor);
    reply_place place{gate_, *pause};
    {
        const std::scoped_lock held{asking_};
        if (behind_ == nullptr) co_return std::unexpected{error{errc::withdrawn, store_, {}}};
        behind_->begin(std::move(what), place.completion());
    }
    for (;;) {
        const pause_end end = co_await pause_quietly(*pause, never);
        if (std::optional<cell_result> said = place.take()) co_return *std::move(said);
        if (end != pause_end::cancelled) continue;
        error left{std::make_error_code(std::errc::operation_canceled), store_, {}};
        co_return std::unexpected{left.with_text("nobody waits for the reply; whether it was done is not known")};
    }
}

}  // namespace cutwater::detail
