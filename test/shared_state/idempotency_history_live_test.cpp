// Sixteen threads in four processes make guarded calls with the same keys: what they were told could have been told of each key by one guard, one step
// after the other.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <ostream>
#include <thread>
#include <vector>

#include "cutwater/core/random.hpp"
#include "cutwater/store.hpp"
#include "test/shared_state/processes_live_test.hpp"
#include "test/shared_state/shared_history_live_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // the processes and servers of these tests

/// A call that is executed is two steps: its reservation, before the effect, and what became of it, after. Any other is one.
struct guard_step {
    enum class kind : std::uint8_t { reserve, commit, release, hold, replay, in_use, reused, other };
    kind what = kind::other;
    std::uint64_t key = 0;
    std::uint64_t request = 0;  ///< which the key came with
    std::uint64_t call = 0;     ///< whose step it is
    std::uint64_t receipt = 0;  ///< replayed: of which call
};

std::ostream& operator<<(std::ostream& out, const guard_step& s) {
    constexpr std::array names{"reserve", "commit", "release", "hold", "replay", "in use", "reused", "something else"};
    return out << names[static_cast<std::size_t>(s.what)] << " of call " << s.call << " with request " << s.request
               << ", receipt " << s.receipt;
}

class guard_model {
public:
    bool take(const guard_step& s) {
        using enum guard_step::kind;
        const bool is_own = state_ == state::in_use && holder_ == s.call;
        const bool is_same_request = request_ == s.request;
        switch (s.what) {
            case reserve:
                if (state_ != state::free) return false;
                state_ = state::in_use, holder_ = s.call, request_ = s.request;
                return true;
            case commit: return is_own && (state_ = state::done, true);
            case release: return is_own && (*this = {}, true);
            case hold: return is_own;
            case replay: return state_ == state::done && is_same_request && holder_ == s.receipt;
            case in_use: return state_ == state::in_use && is_same_request;
            case reused: return state_ != state::free && !is_same_request;
            case other: break;
        }
        return false;
    }
    friend bool operator==(const guard_model&, const guard_model&) = default;

private:
    enum class state : std::uint8_t { free, in_use, done };
    state state_ = state::free;
    std::uint64_t holder_ = 0;
    std::uint64_t request_ = 0;
};

constexpr std::size_t processes = 4;
constexpr std::size_t threads = 4;
constexpr std::size_t keys = 100;
constexpr std::size_t calls_of_a_key = 8;
constexpr std::size_t calls_each = keys * calls_of_a_key;

class guards_of_many : public over_shared_stores {
protected:
    using history = shared_history<guard_step>;
    using effect_result = std::expected<std::uint64_t, error>;

    /// What the effect comes to: a receipt, or a failure that is kept, released or held.
    static effect_result happens(std::uint64_t die, std::uint64_t call) {
        const auto fails = [&](std::errc code) {
            return std::unexpected{error{std::make_error_code(code)}.with_text("receipt " + std::to_string(call))};
        };
        if (die < 65) return fails(std::errc::connection_refused);
        if (die < 75) return fails(std::errc::permission_denied);
        if (die < 77) return fails(std::errc::io_error);
        return call;
    }
    static afterwards what_becomes(const observation& seen) {
        if (seen.failure == nullptr || seen.failure->code() == std::errc::permission_denied) return afterwards::keep;
        return seen.failure->code() == std::errc::io_error ? afterwards::hold : afterwards::release;
    }
    static guard_step::kind step_after(const effect_result& ended) {
        if (ended || ended.error().code() == std::errc::permission_denied) return guard_step::kind::commit;
        return ended.error().code() == std::errc::io_error ? guard_step::kind::hold : guard_step::kind::release;
    }
    static std::uint64_t receipt_in(const error& kept) {
        const std::string words = kept.message();
        const std::size_t at = words.find("receipt ");
        return at == std::string::npos ? 0 : std::stoull(words.substr(at + 8));
    }
    /// Of a call that was not executed.
    static void tell(guard_step& step, const result<std::uint64_t>& got) {
        step.what = guard_step::kind::other;
        if (!got && got.error().code() == errc::key_in_use) step.what = guard_step::kind::in_use;
        if (!got && got.error().code() == errc::key_reused) step.what = guard_step::kind::reused;
        if (got.source().empty()) return;
        step.what = guard_step::kind::replay;
        step.receipt = got ? *got : receipt_in(got.error());
    }

    template <class Pipeline>
    static void call(Pipeline& pay, history& seen, std::size_t thread, std::uint64_t number, random_source& dice) {
        const guard_step asked{.key = number / calls_of_a_key,
                               .request = dice() % 5 == 0 ? 1U : 0U,
                               .call = thread * 1'000'000 + number + 1};
        const std::uint64_t die = dice() % 100;
        const duration takes = dice.below(300us);
        timed_call<guard_step>* step = &seen.begin(thread, asked);
        bool is_executed = false;
        const std::string key = "key " + std::to_string(asked.key);
        const std::string request = "request " + std::to_string(asked.request);
        const auto got = pay.run({.operation = "pay", .id = key, .fingerprint = request}, [&] {
            is_executed = true;
            step->call.what = guard_step::kind::reserve;
            seen.end(*step);
            std::this_thread::sleep_for(takes);
            effect_result ended = happens(die, asked.call);
            guard_step then = asked;
            then.what = step_after(ended);
            step = &seen.begin(thread, then);
            return ended;
        });
        if (!is_executed) tell(step->call, got);
        seen.end(*step);
    }
    static void play(cell_store& cells, history& seen, std::size_t thread) {
        idempotency_guard<std::uint64_t> guard{
            cells,
            {.name = "guard",
             .lease = 1h,
             .while_in_use = thread % 2 == 0 ? while_in_use::refuse : while_in_use::wait,
             .max_wait = 5ms,
             .poll = 1ms,
             .store_limit = 30s,
             .should_keep = &what_becomes}};
        pipeline pay{cutwater::ref(guard)};
        random_source dice{thread + 1};
        for (std::uint64_t number = 0; number < calls_each; ++number) call(pay, seen, thread, number, dice);
    }
};
INSTANTIATE_TEST_SUITE_P(stores, guards_of_many, ::testing::Values("sqlite", "postgres", "redis"), its_name{});

TEST_P(guards_of_many, tell_each_what_one_guard_could_have_told) {
    history seen{processes * threads, 2 * calls_each};
    std::vector<pid_t> children;
    for (std::size_t process = 0; process < processes; ++process)
        children.push_back(in_child([&, process] {
            const auto cells = store("guards");
            std::vector<std::jthread> all;
            for (std::size_t i = 0; i < threads; ++i)
                all.emplace_back([&, i] { play(*cells, seen, process * threads + i); });
        }));
    for (const pid_t child : children) EXPECT_EQ(end_of(child), 0);
    EXPECT_TRUE(each_key_is_linearizable<guard_model>(seen.all(), [](const guard_step& s) { return s.key; }));

    std::map<guard_step::kind, int> met;
    for (const auto& each : seen.all()) ++met[each.call.what];
    using enum guard_step::kind;
    for (const auto kind : {reserve, commit, release, replay, in_use, reused})
        EXPECT_GT(met[kind], 10) << static_cast<int>(kind) << " is hardly met";
}

}  // namespace
}  // namespace cutwater
