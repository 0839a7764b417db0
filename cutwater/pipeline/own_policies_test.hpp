// Policies as a user would write them, one of each kind, for the tests of this folder; and a way to run a test wherever a
// policy can stand: in a pipeline that is fixed when it is compiled and in one that is put together at run time, on both
// drivers.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/asio/stage.hpp"

namespace cutwater::own {

using namespace std::chrono_literals;

/// What policies write down of what is done to them, all in one book.
using ledger = std::vector<std::string>;

/// A gate that admits so many calls, and then refuses.
class door {
public:
    struct ticket {
        int number = 0;
    };

    door(name called, ledger& book, int admits = 1'000) : called_{called}, book_{&book}, left_{admits} {}

    [[nodiscard]] name layer_name() const { return called_; }

    admission<ticket> admit(call_context&, instant) {
        if (left_ == 0) {
            write("refused");
            return refusal{.reason = errc::refused, .retry_after = 3s, .limit = 7ms};
        }
        --left_;
        ++inside_;
        write("admitted");
        return ticket{++given_};
    }
    void settle(ticket&, const observation& seen, call_context&, instant) {
        --inside_;
        write("settled " + std::string{to_text(seen.meaning())});
    }
    void abandon(ticket&) noexcept {
        --inside_;
        write("abandoned");
    }

    [[nodiscard]] int inside() const { return inside_; }
    [[nodiscard]] int given() const { return given_; }

private:
    void write(const std::string& what) const { book_->push_back(std::string{called_.view()} + " " + what); }

    name called_;
    ledger* book_;
    int left_;
    int inside_ = 0;
    int given_ = 0;
};
static_assert(gate<door> && !queueing_gate<door> && !loop<door> && !frame<door>);

/// A gate with room for one, and a queue without end.
class turnstile {
public:
    struct ticket {};

    turnstile(name called, ledger& book) : called_{called}, book_{&book} {}

    [[nodiscard]] name layer_name() const { return called_; }

    admission<ticket> admit(call_context&, instant) {
        if (taken_) return wait_until{};
        taken_ = true;
        return ticket{};
    }
    admission<ticket> enqueue(waiter& w, call_context& call, instant) {
        queue_.push(w);
        book_->push_back("queued");
        return wait_until{call.deadline};
    }
    admission<ticket> resume(waiter& w, call_context& call, instant now) {
        if (w.take_grant()) return ticket{};
        if (now < call.deadline) return wait_until{call.deadline};
        return refusal{.reason = errc::wait_timed_out};
    }
    void leave(waiter& w) noexcept {
        if (w.is_queued()) book_->push_back("left");
        queue_.remove(w);
        if (w.take_grant()) next();
    }
    void settle(ticket&, const observation&, call_context&, instant) { next(); }
    void abandon(ticket&) noexcept {
        book_->push_back("abandoned");
        next();
    }

    /// Takes what a call would take, so that those who come must wait; and gives it back.
    void block() { taken_ = true; }
    void next() noexcept {
        taken_ = !queue_.empty();
        if (taken_) queue_.grant_first();
    }

    [[nodiscard]] bool is_taken() const { return taken_; }
    [[nodiscard]] std::size_t queued() const { return queue_.size(); }

private:
    name called_;
    ledger* book_;
    bool taken_ = false;
    waiter_queue queue_;
};
static_assert(queueing_gate<turnstile>);

/// A loop that tries so often, with a fixed delay, whatever happened.
class persistence {
public:
    persistence(unsigned attempts, duration delay) : attempts_{attempts}, delay_{delay} {}

    [[nodiscard]] name layer_name() const { return "persistence"; }

    struct session {
        const persistence* owner;
        unsigned made = 0;

        loop_step after(const observation& seen, call_context&, instant now) {
            ++made;
            if (seen.meaning() == verdict::success) return loop_step::finish();
            if (made == owner->attempts_ || seen.meaning() == verdict::cancelled) return loop_step::give_up();
            return loop_step::again(add(now, owner->delay_));
        }
        void explain(error& last) const { last.with_text("after " + std::to_string(made) + " tries"); }
    };
    [[nodiscard]] session begin(call_context&, instant) const { return {.owner = this}; }

private:
    unsigned attempts_;
    duration delay_;
};
static_assert(loop<persistence>);

/// A frame that bounds the time inside.
class patience {
public:
    patience(name called, duration limit) : called_{called}, limit_{limit} {}

    [[nodiscard]] name layer_name() const { return called_; }
    [[nodiscard]] duration limit() const { return limit_; }
    [[nodiscard]] instant deadline_for(call_context&, instant now) const { return add(now, limit_); }

private:
    name called_;
    duration limit_;
};
static_assert(deadline_frame<patience> && !substituting_frame<patience> && !watching_frame<patience>);

/// A frame that has a number for every failure.
class number_instead {
public:
    explicit number_instead(int number) : number_{number} {}

    [[nodiscard]] name layer_name() const { return "number_instead"; }
    [[nodiscard]] bool handles(const observation& seen) const { return is_failure(seen.meaning()); }
    void substitute(outcome<int>& out, call_context&) const {
        out = outcome<int>{std::in_place, number_};
        out.mark_degraded("instead");
    }

private:
    int number_;
};
static_assert(substituting_frame<number_instead>);

/// A frame that writes down what passes it.
class watchman {
public:
    watchman(name called, ledger& book) : called_{called}, book_{&book} {}

    [[nodiscard]] name layer_name() const { return called_; }
    [[nodiscard]] int before(call_context& call) const {
        book_->push_back(std::string{called_.view()} + " before");
        return static_cast<int>(call.attempt);
    }
    void after(int begun_at, const observation& seen, call_context& call) const {
        book_->push_back(std::string{called_.view()} + " after " + std::string{to_text(seen.meaning())} + " attempts " +
                         std::to_string(begun_at) + ".." + std::to_string(call.attempt));
    }

private:
    name called_;
    ledger* book_;
};
static_assert(watching_frame<watchman>);

// ---- wherever a policy can stand ----

inline constexpr auto fixed = [](auto... layers) { return pipeline{std::move(layers)...}; };
inline constexpr auto chosen = [](auto... layers) { return any_pipeline<int>{std::move(layers)...}; };

/// Runs `test(on, compose)` for both kinds of pipeline on both drivers.
template <class Test>
void everywhere(Test test) {
    for (const testing::driver d : testing::both_drivers) {
        const std::string drives{testing::to_text(d)};
        {
            SCOPED_TRACE(drives + ", fixed at compile time");
            testing::stage<int> on{d};
            test(on, fixed);
        }
        {
            SCOPED_TRACE(drives + ", chosen at run time");
            testing::stage<int> on{d};
            test(on, chosen);
        }
    }
}

}  // namespace cutwater::own
