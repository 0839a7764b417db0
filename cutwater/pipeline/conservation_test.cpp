// Permits are bounded and conserved, whatever becomes of the calls that hold them: many calls interleaved on one context,
// which succeed, fail, throw, hang, come too late, wait in the queue, are cancelled at any moment, and are destroyed where
// they stand.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "cutwater/pipeline/own_policies_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

enum class ending : std::uint8_t { value, transient, permanent, exception, hang };

struct plan {
    duration begins{};
    duration takes{};
    std::vector<ending> attempts;  // the last is repeated
    duration patience{};
    std::optional<duration> cancelled{};  // after its beginning
};

/// Moments are drawn from few, so that things happen at once as often as not.
duration any_moment() { return duration{1ms} * *rc::gen::inRange(0, 40); }

plan any_plan() {
    plan p{.begins = any_moment(), .takes = any_moment(), .attempts = {}, .patience = 1ms + any_moment() * 3};
    p.attempts = *rc::gen::nonEmpty(rc::gen::container<std::vector<ending>>(
        rc::gen::element(ending::value, ending::transient, ending::permanent, ending::exception, ending::hang)));
    if (*rc::gen::arbitrary<bool>()) p.cancelled = any_moment();
    return p;
}

/// Counts who is inside, whatever way they leave.
class room {
public:
    explicit room(unsigned limit) : limit_{limit} {}
    [[nodiscard]] auto enter() {
        struct guest {
            room& in;
            explicit guest(room& r) : in{r} { in.broken_ = in.broken_ || ++in.inside_ > in.limit_; }
            guest(const guest&) = delete;
            guest& operator=(const guest&) = delete;
            ~guest() { --in.inside_; }
        };
        return guest{*this};
    }
    [[nodiscard]] bool is_intact() const { return !broken_; }
    [[nodiscard]] unsigned inside() const { return inside_; }

private:
    unsigned limit_;
    unsigned inside_ = 0;
    bool broken_ = false;
};

/// All calls of one run of the property.
class crowd {
public:
    crowd(std::vector<plan> plans, unsigned permits, unsigned queue)
        : plans_{std::move(plans)}, room_{permits},
          narrow_{{.max_concurrent = permits, .max_queue = queue, .max_wait = 30ms}} {}

    /// Plays to the end, or so many steps, after which every call is destroyed where it stands.
    template <class Compose>
    void play(Compose compose, std::optional<unsigned> steps = {}) {
        auto guarded = compose(ref(outside_), retry{{.max_attempts = 3, .base_delay = 2ms}}, ref(narrow_), ref(inside_),
                               timeout{25ms});
        std::deque<asio::cancellation_signal> signals(plans_.size());
        for (std::size_t i = 0; i < plans_.size(); ++i) {
            const plan& p = plans_[i];
            time_.after(p.begins, [&, i] { begin(guarded, p, signals[i].slot()); });
            if (p.cancelled)
                time_.after(p.begins + *p.cancelled, [&, i] { signals[i].emit(asio::cancellation_type::terminal); });
        }
        if (!steps) {
            loop_->run_all();
            RC_ASSERT(ended_ == plans_.size());
            RC_ASSERT(answered_ == plans_.size());
        } else {
            for (unsigned i = 0; i < *steps && loop_->step();) ++i;
            loop_.reset();
        }
        check();
    }

private:
    template <class Pipeline>
    void begin(Pipeline& guarded, const plan& p, asio::cancellation_slot slot) {
        asio::co_spawn(loop_->context(), await(guarded, p),
                       asio::bind_cancellation_slot(slot, [this](const std::exception_ptr&) { ++ended_; }));
    }
    template <class Pipeline>
    asio::awaitable<void> await(Pipeline& guarded, const plan& p) {
        const call_options said{.deadline = time_.in(p.patience)};
        const auto out = co_await guarded.async_run(said, [this, &p](attempt& a) { return work(p, a.number()); });
        if (out || out.error().code()) ++answered_;
        co_await asio::this_coro::throw_if_cancelled(false);
    }
    asio::awaitable<std::expected<int, std::errc>> work(const plan& p, unsigned number) {
        const auto guest = room_.enter();
        const ending how = p.attempts[std::min<std::size_t>(number, p.attempts.size()) - 1];
        co_await loop_->sleep(how == ending::hang ? forever : p.takes);
        if (how == ending::transient) co_return std::unexpected{std::errc::connection_reset};
        if (how == ending::permanent) co_return std::unexpected{std::errc::permission_denied};
        if (how == ending::exception) throw std::runtime_error{"planned"};
        co_return 7;
    }

    void check() const {
        RC_ASSERT(room_.is_intact());
        RC_ASSERT(room_.inside() == 0U);
        RC_ASSERT(narrow_.in_use() == 0U);
        RC_ASSERT(narrow_.queued() == 0U);
        RC_ASSERT(outside_.inside() == 0);
        RC_ASSERT(inside_.inside() == 0);
    }

    std::vector<plan> plans_;
    room room_;
    own::ledger book_;
    own::door outside_{"outside", book_};
    own::door inside_{"inside", book_};
    bulkhead narrow_;
    testing::virtual_time time_;
    std::optional<testing::virtual_asio> loop_{std::in_place, time_};
    std::size_t ended_ = 0;
    std::size_t answered_ = 0;
};

std::vector<plan> some_plans() {
    return *rc::gen::nonEmpty(rc::gen::container<std::vector<plan>>(rc::gen::exec(any_plan)));
}

RC_GTEST_PROP(conservation, T80_permits_are_bounded_and_all_come_back, ()) {
    crowd{some_plans(), *rc::gen::inRange(1U, 4U), *rc::gen::inRange(0U, 6U)}.play(own::fixed);
}

RC_GTEST_PROP(conservation, T80_permits_are_bounded_and_all_come_back_at_run_time, ()) {
    crowd{some_plans(), *rc::gen::inRange(1U, 4U), *rc::gen::inRange(0U, 6U)}.play(own::chosen);
}

RC_GTEST_PROP(conservation, T80_permits_come_back_from_calls_that_are_destroyed_at_any_step, ()) {
    crowd{some_plans(), *rc::gen::inRange(1U, 4U), *rc::gen::inRange(0U, 6U)}.play(own::fixed,
                                                                                   *rc::gen::inRange(0U, 200U));
}

}  // namespace
}  // namespace cutwater
