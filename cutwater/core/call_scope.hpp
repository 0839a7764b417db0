// What surrounds a call: the request that is being served, or the attempt that is under way. Calls made inside inherit from it.
//
//     const cw::call_scope here{cw::call_options{.deadline = cw::in(1s)}};   // a request has come: until the end of the block
//     pipeline.run(cw::inherited({.operation = "get_stock"}), f);            // no later than the request's deadline
//     pipeline.run(cw::inherited(), cw::scoped([&] {                         // inside of it: no later than the attempt's
//         return inventory.run(cw::inherited(), f);
//     }));
//
// A scope belongs to its thread, and to the block that it stands in. A scope inside of another has the tighter of both; it never widens.
// What is inherited:
//
//     deadline            the earliest
//     importance          what is said, unless that is the default; then what surrounds it
//     id, tenant, trace   what is said; where nothing is, what surrounds it
//     stop                what surrounds it, where that has been requested; else what is said; else what surrounds it
//     earlier_attempts    the most
//     retries_left        the least
//
// What a call is (`operation`, `idempotent`, `target`, `weight`, `fingerprint`) is its own. Each call made in one scope has all of what surrounds it,
// its deadline and `retries_left`: what one has used is not taken from the next. An `id` that is sent as a key names one operation: a second
// call to the same receiver says one of its own.
//
// A call has one stop token. With a `stop` of its own it is not made where the request has been cancelled already, and does not hear of
// that later; a source of its own that a `std::stop_callback` on `inherited().stop` requests hears of both.
//
// Nothing inherits across threads by itself: a new thread, a task of a work queue, a callable on a worker pool begin outside of every scope.
// `carrying(f)` takes the scope along, `scoped(f)` gives a pipeline's callable that of its attempt, wherever it runs. `no_scope` is one
// without anything, for background work: whoever goes on when the request has been answered does not have its deadline.
//
// Coroutines: no `call_scope` across a `co_await`: the thread goes on to something else with it. See `drive/asio/scoped_executor.hpp`.
// One that is destroyed out of order, or on another thread, ends the program (`std::terminate`): what comes after would belong to
// somebody else.
//
// Lifetime: what `id`, `tenant` and `trace` point at outlives the scope; a `kept_scope` has copies. What `inherited` gives is valid as long as
// the scope. Cost: none for who has no scope. A scope allocates nothing, a `kept_scope` once; its copies share.
// Thread safety: each thread has its own; a `kept_scope` may be copied by and installed on any number of threads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "cutwater/core/call.hpp"
#include "cutwater/core/capture.hpp"
#include "cutwater/core/trace_context.hpp"

namespace cutwater {

/// What surrounds something, kept: it may go to any thread, and outlast what it was taken from.
///
///     cw::kept_scope of_request{cw::call_options{.deadline = cw::in(1s)}};
class kept_scope {
public:
    kept_scope() noexcept = default;  ///< outside of every scope
    explicit kept_scope(
        const call_options& said);  ///< what is said and nothing else; with what surrounds it: `cw::inherited(said)`
    explicit kept_scope(const attempt& a);  ///< what calls made inside of this attempt inherit

    /// Null: outside of every scope.
    [[nodiscard]] const call_options* said() const noexcept { return content_ ? &content_->said : nullptr; }

    /// Whether it is the same one, not whether it says the same.
    friend bool operator==(const kept_scope&, const kept_scope&) noexcept = default;

private:
    struct content {
        explicit content(const call_options& from);
        content(const content&) = delete;
        content& operator=(const content&) = delete;
        ~content() = default;

        std::string texts;
        kept_trace trace;
        call_options said;
    };
    std::shared_ptr<const content> content_;
};

/// Where background work runs: `const cw::call_scope away{cw::no_scope};`
inline const kept_scope no_scope{};

/// What surrounds the calling thread now.
[[nodiscard]] kept_scope surrounding();

/// `own`, tightened and completed by what surrounds it.
[[nodiscard]] call_options inherited(call_options own = {});

/// Makes what it is given surround the rest of its block.
class call_scope {
public:
    /// Inside of what surrounds this.
    explicit call_scope(const call_options& said);
    explicit call_scope(const attempt& a);
    /// In place of what surrounds this.
    explicit call_scope(kept_scope in) noexcept;

    call_scope(const call_scope&) = delete;
    call_scope& operator=(const call_scope&) = delete;
    ~call_scope();

    struct instead {};
    call_scope(instead, const attempt& a);  ///< of this attempt alone, whatever surrounds it

private:
    friend kept_scope surrounding();
    friend call_options inherited(call_options own);

    explicit call_scope(std::optional<call_options> own) noexcept;
    [[nodiscard]] static const call_options* around() noexcept;

    std::optional<call_options> own_;
    kept_scope kept_;
    const call_options* const said_;  // null: outside
    call_scope* const outer_;
};

namespace detail {

/// How a callable that gives an `R` runs in the scope of its attempt. Drivers specialise it for what does not end when it returns.
template <class R>
struct in_scope_of_attempt {
    static_assert(
        !requires(R r) { r.await_ready(); },
        "cutwater::scoped: the callable is a coroutine; include cutwater/asio.hpp");

    template <class F>
    static decltype(auto) run(F& f, attempt& a) {
        const call_scope here{call_scope::instead{}, a};
        return call_with(f, a);
    }
};

template <class F>
class scoped_callable {
public:
    explicit scoped_callable(F f) : f_{std::move(f)} {}
    decltype(auto) operator()(attempt& a) { return in_scope_of_attempt<result_of<F>>::run(f_, a); }

private:
    F f_;
};

template <class F>
class carrying_callable {
public:
    explicit carrying_callable(F f) : f_{std::move(f)} {}
    template <class... Args>
        requires std::invocable<F&, Args...>
    decltype(auto) operator()(Args&&... args) {
        static_assert(
            !requires(std::invoke_result_t<F&, Args...> r) { r.await_ready(); },
            "cutwater::carrying: the callable is a coroutine; use cw::spawn_in");
        const call_scope here{in_};
        return std::invoke(f_, std::forward<Args>(args)...);
    }

private:
    kept_scope in_ = surrounding();
    F f_;
};

}  // namespace detail

/// For a pipeline: each attempt runs in its own scope and in nothing else, in whatever thread or coroutine. What surrounds the call is part
/// of that where the call was made with `inherited()`.
template <class F>
[[nodiscard]] auto scoped(F f) {
    return detail::scoped_callable<F>{std::move(f)};
}

/// For a thread, or a task: runs in what surrounds this now, and in nothing else.
template <class F>
[[nodiscard]] auto carrying(F f) {
    return detail::carrying_callable<F>{std::move(f)};
}

}  // namespace cutwater
