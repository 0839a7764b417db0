// Permits shared by threads: random histories are held against the kernel, step by step and on the machine's own threads.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "cutwater/queue/permits_kernel.hpp"
#include "cutwater/queue/shared_permits.hpp"
#include "cutwater/testing/history.hpp"
#include "cutwater/testing/race.hpp"
#include "cutwater/testing/stepped.hpp"

namespace cutwater {
namespace {

constexpr instant noon{std::chrono::hours{12}};

// ---- one call of a history, and what it gave ----

enum class deed : std::uint8_t { enter, look, leave, release, release_without_time, tell, resize };

struct permit_call {
    deed what{};
    permits_kernel::waiter_id who = 0;
    criticality importance = criticality::normal;
    unsigned limit = 0;
    instant at = noon;
    instant until = never;
    permits_kernel::answer answer{};
    bool is_in = false;   ///< looked: the permit has come
    bool is_out = false;  ///< looked: its time is over, or another has the place
};

std::ostream& operator<<(std::ostream& out, const permit_call& c) {
    constexpr std::array names{"enter", "look", "leave", "release", "release without time", "tell", "resize"};
    constexpr std::array answers{"admitted", "queued", "refused"};
    out << names[static_cast<std::size_t>(c.what)] << " " << (c.what == deed::resize ? c.limit : c.who) << ", at "
        << between(noon, c.at) / duration{std::chrono::milliseconds{1}};
    if (c.what == deed::enter)
        out << ", " << to_text(c.importance) << ", until "
            << between(noon, c.until) / duration{std::chrono::milliseconds{1}} << ": "
            << answers[static_cast<std::size_t>(c.answer)];
    if (c.what == deed::look) out << ": " << (c.is_in ? "in" : c.is_out ? "out" : "still waits");
    return out;
}

/// The kernel, and who has been let in by others without having looked yet.
class model {
public:
    model(unsigned limit, unsigned max_queue) : kernel_{limit, max_queue} {}

    bool take(const permit_call& c) {
        switch (c.what) {
            case deed::enter: return kernel_.admit(c.who, c.importance, c.at, c.until) == c.answer;
            case deed::look:
                return kernel_.is_turned_away(c.who) == c.is_out && (std::erase(let_in_, c.who) > 0) == c.is_in;
            case deed::leave: std::erase(let_in_, c.who); return lets_in(kernel_.leave(c.who));
            case deed::release:
            case deed::release_without_time: return lets_in(kernel_.release());
            case deed::tell: return lets_in(kernel_.tell(c.at));
            case deed::resize: return lets_in(kernel_.resize(c.limit));
        }
        return false;
    }

    friend bool operator==(const model&, const model&) = default;

private:
    bool lets_in(const auto& who) {
        for (const auto one : who) let_in_.push_back(one);
        return true;
    }
    bool lets_in(const std::optional<permits_kernel::waiter_id>& who) {
        if (who) let_in_.push_back(*who);
        return true;
    }

    permits_kernel kernel_;
    std::vector<permits_kernel::waiter_id> let_in_;
};

// ---- one bulkhead, and everything that is done to it ----

class counting_waker final : public waker {
public:
    void wake() noexcept override { woken_.fetch_add(1); }
    [[nodiscard]] unsigned woken() const { return woken_.load(); }

private:
    std::atomic<unsigned> woken_{0};
};

template <class Permits>
class game {
public:
    game(unsigned limit, unsigned max_queue, unsigned threads, std::uint64_t seed)
        : start_{limit, max_queue}, permits_{limit, {.max_length = max_queue}}, seen_{threads}, seed_{seed},
          players_(threads) {}

    void play(unsigned thread, unsigned calls) {
        player& me = players_[thread];
        random_source dice{seed_ * 100 + thread};
        for (unsigned i = 0; i < calls; ++i) turn(thread, me, dice);
    }

    /// All go home; gives what is wrong with how it went.
    std::string end() {
        for (unsigned thread = 0; thread < players_.size(); ++thread) go_home(thread);
        const auto calls = with_times_told(seen_.all());
        std::ostringstream story;
        for (const auto& [call, began, ended] : calls) story << "  [" << began << ", " << ended << "] " << call << "\n";
        if (permits_.in_use() != 0 || permits_.queued() != 0) return "permits are lost after\n" + story.str();
        if (permits_.try_take() == 0) return "a permit is free, and is not to be had, after\n" + story.str();
        return testing::linearize(calls, start_) ? "" : "the kernel has no order for\n" + story.str();
    }

private:
    /// A permit is back, and somebody may have it, before the time is told by which those in line are judged.
    static auto with_times_told(std::vector<testing::timed_call<permit_call>> calls) {
        for (std::size_t i = 0, n = calls.size(); i < n; ++i) {
            if (calls[i].call.what != deed::release) continue;
            calls.push_back(calls[i]);
            calls.back().call.what = deed::tell;
        }
        return calls;
    }

    struct place {
        explicit place(permits_kernel::waiter_id id) : who{id} {}
        permits_kernel::waiter_id who;
        counting_waker bell{};
        waiter waits{bell};
    };
    struct player {
        instant now = noon;
        unsigned permits = 0;
        std::unique_ptr<place> waiting{};
        unsigned entered = 0;
    };

    void turn(unsigned thread, player& me, random_source& dice) {
        const std::uint64_t n = dice() % 100;
        me.now = add(me.now, std::chrono::milliseconds{dice() % 4});  // each thread has its own
        if (n < 8) return (void)record(thread, {.what = deed::resize, .limit = 1 + static_cast<unsigned>(dice() % 3)});
        if (me.waiting) return n < 65 ? look(thread, me) : leave(thread, me);
        if (me.permits > 0 && n < 55) return release(thread, me, n < 48 ? deed::release : deed::release_without_time);
        const auto importance = static_cast<criticality>(dice() % 3);
        const duration patience = std::chrono::milliseconds{dice() % 10};
        enter(thread, me, importance, dice() % 3 == 0 ? never : add(me.now, patience));
    }

    void enter(unsigned thread, player& me, criticality importance, instant until) {
        auto next = std::make_unique<place>(thread * 100 + ++me.entered);
        const permit_call c = record(
            thread, {.what = deed::enter, .who = next->who, .importance = importance, .at = me.now, .until = until},
            next.get());
        if (c.answer == permits_kernel::answer::admitted) ++me.permits;
        if (c.answer == permits_kernel::answer::queued) me.waiting = std::move(next);
    }
    void look(unsigned thread, player& me) {
        const permit_call c = record(thread, {.what = deed::look, .who = me.waiting->who}, me.waiting.get());
        if (c.is_in) ++me.permits;
        if (c.is_in || c.is_out) me.waiting.reset();
    }
    void leave(unsigned thread, player& me) {
        record(thread, {.what = deed::leave, .who = me.waiting->who}, me.waiting.get());
        me.waiting.reset();
    }
    void release(unsigned thread, player& me, deed how = deed::release) {
        --me.permits;
        record(thread, {.what = how, .at = me.now});
    }
    void go_home(unsigned thread) {
        player& me = players_[thread];
        if (me.waiting) leave(thread, me);
        while (me.permits > 0) release(thread, me);
    }

    permit_call record(unsigned thread, permit_call c, place* at = nullptr) {
        return seen_.record(thread, [&] { return carry_out(c, at), c; });
    }

    void carry_out(permit_call& c, place* at) {
        switch (c.what) {
            case deed::enter: c.answer = enter(*at, c); return;
            case deed::look: {
                const auto seen = permits_.look(at->waits);
                c.is_in = seen == Permits::wait_state::granted;
                c.is_out = seen == Permits::wait_state::turned_away;
                return;
            }
            case deed::leave: permits_.leave(at->waits); return;
            case deed::release: {
                moment now{c.at};
                return permits_.give_back(now);
            }
            case deed::release_without_time: return permits_.give_back();
            case deed::tell: return;
            case deed::resize: permits_.resize(c.limit); return;
        }
    }

    permits_kernel::answer enter(place& at, const permit_call& c) {
        using enum permits_kernel::answer;
        if (permits_.try_take() != 0) return admitted;
        at.waits.importance = c.importance;
        at.waits.until = c.until;
        switch (permits_.take_or_queue(at.waits, c.at)) {
            case Permits::answer::taken: return admitted;
            case Permits::answer::queued: return queued;
            case Permits::answer::full: break;
        }
        return refused;
    }

    model start_;
    Permits permits_;
    testing::history<permit_call> seen_;
    std::uint64_t seed_;
    std::vector<player> players_;
};

struct setting {
    unsigned limit;
    unsigned max_queue;
};

void PrintTo(const setting& s, std::ostream* out) { *out << s.limit << " permits, " << s.max_queue << " places"; }

class permit_histories : public ::testing::TestWithParam<setting> {
protected:
    using stepped_permits = basic_shared_permits<testing::stepped_atomic, testing::stepped_mutex>;

    static void step_by_step(unsigned threads, unsigned calls, unsigned rounds) {
        for (std::uint64_t seed = 1; seed <= rounds && !HasFailure(); ++seed) {
            game<stepped_permits> at_play{GetParam().limit, GetParam().max_queue, threads, seed};
            testing::play_stepped(threads, seed, [&](unsigned thread) { at_play.play(thread, calls); });
            if (const std::string wrong = at_play.end(); !wrong.empty())
                ADD_FAILURE() << "seed " << seed << ": " << wrong;
        }
    }

    static void in_parallel(unsigned threads, unsigned calls, unsigned rounds) {
        std::unique_ptr<game<shared_permits>> at_play;
        const auto between = [&](unsigned round) {
            if (at_play)
                if (const std::string wrong = at_play->end(); !wrong.empty()) ADD_FAILURE() << wrong;
            at_play = std::make_unique<game<shared_permits>>(GetParam().limit, GetParam().max_queue, threads, round);
        };
        testing::race(threads, rounds, between, [&](unsigned thread, unsigned) { at_play->play(thread, calls); });
    }
};

TEST_P(permit_histories, of_two_threads_step_by_step) { step_by_step(2, 9, 400); }
TEST_P(permit_histories, of_three_threads_step_by_step) { step_by_step(3, 7, 300); }
TEST_P(permit_histories, of_four_threads_step_by_step) { step_by_step(4, 6, 300); }
TEST_P(permit_histories, of_three_threads_in_parallel) { in_parallel(3, 7, 300); }

INSTANTIATE_TEST_SUITE_P(limits, permit_histories,
                         ::testing::Values(setting{1, 1}, setting{1, 4}, setting{2, 2}, setting{2, 0}));

}  // namespace
}  // namespace cutwater
