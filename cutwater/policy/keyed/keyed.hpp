// One policy for each key: for each tenant, host or route, as they come, in memory that is bounded from the start.
//
//     cw::keyed<cw::rate_limiter> per_tenant{{.name = "per tenant", .permits = 10, .per = 1s}, {.by = cw::by_tenant, .max_keys = 100'000}};
//     cw::pipeline guarded{cw::timeout{2s}, cw::ref(per_tenant)};
//     auto answer = guarded.run({.tenant = "acme"}, f);
//
//     cw::keyed<cw::circuit_breaker> each_host{{.name = "host"}, {.by = cw::by_target}};
//     if (auto host = each_host.get("shard-7", cw::now())) host->open(cw::now());      // by hand
//
// Contract. To each key it is a policy of its own: what others do changes nothing. There is room for `max_keys`; a new key takes
// the place of one whose policy differs in nothing from a new one (all permits there, a closed circuit with an empty window,
// nobody inside), and of no other: no drained bucket and no open circuit is ever forgotten, whatever keys anybody sends. Where
// none is found a new key is refused with `errc::too_many_keys`, or passes unguarded if the options say so; keys that are known go on.
// It is looked for in the key's own group of 64, and where `P` has no cells among 64 others, by a hand that goes on from key to
// key: so a new key may be refused although one of the rest is as new, until at most `max_keys` / 64 (and one) have been.
//
// A call without a key has one policy with all others such, which has a place of its own beside those `max_keys`; or it passes, or is
// refused with `errc::refused`, as the options say.
//
// `by` is asked and its answer hashed again at each step: once for a call that is admitted at once, twice for one that is not, three
// times for one that queues. Each step goes by what it says then.
//
// Keys are any text. What is kept of one are 128 bits, by a hash whose seed is the table's own: nobody outside can choose keys that
// collide. Events do not name keys; `call_options::id` leads to them, and where the options say `tell_keys` a `key_told` follows
// each, with the key's mark.
//
// It is what `P` is: a gate, with a queue if `P` has one. `P` says when it is as new, by `bool is_fresh(instant) const noexcept`,
// which is asked under a lock and must not block. A policy with `cells` (a rolling rate limiter that does not queue) takes 16
// bytes a slot, of which there are two to four for each of `max_keys`; any other is a whole `P` for each, made when its key comes.
//
// Thread safety: every member, from any thread; but `keyed` outlives its tickets and handles. Exceptions: what `by` or making a
// `P` throws fails the call. Cost: a hash, and a compare and swap (cells) or two atomic additions (others) beside what `P` costs. A
// key that is new takes the lock of one in 64 parts of the table; where there is a whole `P` for each also one of the whole, twice at most.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/policy/keyed/cell_gate.hpp"
#include "cutwater/policy/keyed/events.hpp"
#include "cutwater/policy/keyed/key_teller.hpp"
#include "cutwater/policy/keyed/options.hpp"
#include "cutwater/policy/keyed/policy_gate.hpp"

namespace cutwater {

namespace detail {

/// Stands where a policy keeps no cells.
struct no_cells {
    no_cells(const auto&, std::size_t) noexcept {}
};
template <class P>
struct cells_for {
    using gate = no_cells;
};
template <keeps_cells P>
struct cells_for<P> {
    using gate = cell_gate<P>;
};

}  // namespace detail

template <class P, class Hash = sip_hash>
class keyed {
    static_assert(gate<P>, "cutwater::keyed: what has a key is to be a gate, with admit, settle and abandon");
    static_assert(!gate<P> || forgettable<P>,
                  "cutwater::keyed: the policy cannot say when it differs in nothing from a new one; it wants "
                  "bool is_fresh(instant) const noexcept");

public:
    static constexpr std::string_view kind = "keyed";
    static constexpr bool holds_work = requires { requires P::holds_work; };
    using ticket = keyed_ticket<P>;
    using factory = std::function<P()>;

    /// A policy with these options for each key, made when the key comes. Throws `invalid_options`: all that is wrong with either.
    template <class Q = P>
        requires requires(const Q& q) { Q{q.options()}; }
    explicit keyed(std::remove_cvref_t<decltype(std::declval<const Q&>().options())> each = {}, keyed_options o = {},
                   Hash hash = Hash{})
        : keyed{like(first_of(std::move(each), o)), std::move(o), std::move(hash), own{}} {}

    /// `make` gives the policy of a key, the same for each; under no lock, from whichever thread brings the key. Throws
    /// `invalid_options`, and what `make` throws.
    [[nodiscard]] static keyed made_by(factory make, keyed_options o = {}, Hash hash = Hash{}) {
        return keyed{std::move(make), std::move(o), std::move(hash), own{}};
    }
    keyed(const keyed&) = delete;  // one for all who share the limits: cw::ref(per_tenant)
    keyed(keyed&&) noexcept = default;
    keyed& operator=(const keyed&) = delete;
    keyed& operator=(keyed&&) noexcept = default;
    ~keyed() = default;

    [[nodiscard]] name layer_name() const noexcept { return shared_->layer; }
    [[nodiscard]] const keyed_options& options() const noexcept { return shared_->options; }
    /// Those of each key's policy.
    [[nodiscard]] const auto& each_options() const noexcept
        requires requires(const P& p) { p.options(); }
    {
        return shared_->as_new.options();
    }
    /// `{by = tenant, …}, each rate_limiter {permits = 10, …}`.
    [[nodiscard]] std::string described_options() const;

    [[nodiscard]] bool try_admit(ticket& t, call_context& call, moment& now) noexcept
        requires quick_gate<P>
    {
        if (shared_->options.tell_keys && call.audience != nullptr) return false;  // `admit` tells whose its events are
        try {
            const address to = address_of(call);
            if (to.keys == nullptr) return t = ticket{}, shared_->options.without_key == unkeyed::passes;
            return to.keys->with([&](auto& keys) { return keys.try_admit(to.print, t, call, now); });
        } catch (...) {
            return false;  // `admit` will throw it, where that is allowed
        }
    }
    [[nodiscard]] admission<ticket> admit(call_context& call, moment& now) {
        const address to = address_of(call);
        if (to.keys == nullptr) return no_key(call);
        const key_teller says{shared_->options, call, [&] { return slot_mark(to.print); }};
        return to.keys->with(
            [&](auto& keys) { return keys.admit(to.print, call, now, [&] { return no_room(call); }); });
    }
    [[nodiscard]] admission<ticket> enqueue(waiter& w, call_context& call, moment& now)
        requires queueing_gate<P>
    {
        const address to = address_of(call);
        if (to.keys == nullptr) return no_key(call);  // `by` has changed its answer meanwhile
        const key_teller says{shared_->options, call, [&] { return slot_mark(to.print); }};
        return to.keys->policies->enqueue(to.print, w, call, now, [&] { return no_room(call); });
    }
    [[nodiscard]] admission<ticket> resume(waiter& w, call_context& call, moment& now)
        requires queueing_gate<P>
    {
        const key_teller says{shared_->options, call, [&] { return policy_gate<P>::mark_of(w); }};
        return shared_->keys.policies->resume(w, call, now);
    }
    void cancelled(waiter& w, call_context& call)
        requires requires(P& p) { p.cancelled(w, call); }
    {
        const key_teller says{shared_->options, call, [&] { return policy_gate<P>::mark_of(w); }};
        shared_->keys.policies->cancelled(w, call);
    }
    void leave(waiter& w) noexcept
        requires queueing_gate<P>
    {
        shared_->keys.policies->leave(w);
    }
    void settle(ticket& t, const observation& seen, call_context& call, moment& now) {
        if (t.place.where == nullptr) return;
        keys_of(t).with([&]<class Keys>(Keys& keys) {
            if constexpr (std::same_as<Keys, policy_gate<P>>) {
                const key_teller says{shared_->options, call, [&] { return keys.mark_of(t); }};
                keys.settle(t, seen, call, now);
            } else {
                keys.settle(t, seen, call, now);  // cells tell nothing then
            }
        });
    }
    void abandon(ticket& t) noexcept {
        if (t.place.where != nullptr) keys_of(t).with([&](auto& keys) { keys.abandon(t); });
    }

    /// The policy of one key, by hand. It is not forgotten while the handle is there.
    class handle {
    public:
        [[nodiscard]] explicit operator bool() const noexcept { return held_ != nullptr; }
        [[nodiscard]] P& operator*() const noexcept { return held_->policy(); }
        [[nodiscard]] P* operator->() const noexcept { return &held_->policy(); }

    private:
        friend keyed;
        using pinned = typename policy_gate<P>::pinned;
        explicit handle(pinned held) noexcept : held_{std::move(held)} {}
        pinned held_;
    };
    /// Empty where the key is not known: it is as good as new.
    [[nodiscard]] handle find(std::string_view key) const {
        static_assert(!keeps_cells<P>,
                      "cutwater::keyed: a key of a rate limiter is a word and no policy; by hand it is "
                      "read(key, now) and try_acquire(key, now), and each_options() says its limit");
        return handle{keys_of(key).policies->find(shared_->hash(key))};
    }
    /// The same, and a new key gets a policy; empty where there is no room.
    [[nodiscard]] handle get(std::string_view key, instant now) {
        static_assert(!keeps_cells<P>,
                      "cutwater::keyed: a key of a rate limiter is a word and no policy; by hand it is "
                      "read(key, now) and try_acquire(key, now), and each_options() says its limit");
        moment at{now};
        return handle{keys_of(key).policies->get(shared_->hash(key), at)};
    }

    /// Where the limit of one key stands, by hand; it takes nothing.
    [[nodiscard]] auto read(std::string_view key, instant now, unsigned weight = 1) const
        requires keeps_cells<P>
    {
        const fingerprint print = shared_->hash(key);
        tables& its = keys_of(key);
        if (its.cells) return its.cells->read(print, now, weight);
        const auto held = its.policies->find(print);
        return held ? held->policy().read(now, weight) : shared_->as_new.read(now, weight);
    }
    /// Whether one key has that many, by hand; they are taken then. False where there is no room for it.
    [[nodiscard]] bool try_acquire(std::string_view key, instant now, unsigned weight = 1)
        requires keeps_cells<P>
    {
        const fingerprint print = shared_->hash(key);
        tables& its = keys_of(key);
        if (its.cells) return its.cells->try_acquire(print, now, weight);
        moment at{now};
        const auto held = its.policies->get(print, at);
        return held && held->policy().try_acquire(now, weight);
    }

    /// For operators: `use(mark, policy)`, or where `P` is a limiter `use(mark, reading)`, for each key that is not as new; the
    /// marks are `mark_of` the keys. It runs beside calls, under no lock: what comes or goes meanwhile may be missed.
    template <class Use>
    void visit(instant now, Use&& use) const {
        shared_->keys.visit(now, use);
        shared_->without_key.visit(now, use);
    }
    [[nodiscard]] std::uint64_t mark_of(std::string_view key) const noexcept { return slot_mark(shared_->hash(key)); }

    /// Keys that are known, those that are as new among them; not the place of the calls without one.
    [[nodiscard]] std::size_t size() const noexcept {
        return shared_->keys.with([](const auto& keys) { return keys.size(); });
    }
    [[nodiscard]] std::size_t max_keys() const noexcept { return shared_->options.max_keys; }
    /// What it is like now, for whoever keeps metrics.
    void gauges(instant, gauge_visitor& seen) const { seen(metrics::keys, static_cast<double>(size())); }
    /// Memory that is taken: all of it from the start with cells, else as keys come. What a policy has on the heap is its own.
    [[nodiscard]] std::size_t bytes() const {
        constexpr auto its = [](const auto& keys) { return keys.bytes(); };
        return sizeof(state) + shared_->keys.with(its) + shared_->without_key.with(its);
    }

private:
    struct own {};  // else `keyed{{}, …}` could mean either
    using cells_gate = typename detail::cells_for<P>::gate;

    /// Where keys are: in cells, or with a whole policy each.
    struct tables {
        tables(const P& as_new, const factory& make, std::size_t max_keys) {
            if (suits_cells(as_new))
                cells.emplace(as_new, max_keys);
            else
                policies.emplace(make, max_keys);
        }
        /// `use` of whichever they are.
        template <class Use>
        [[gnu::always_inline]] auto with(Use&& use) {
            if constexpr (keeps_cells<P>)
                if (cells) return use(*cells);
            return use(*policies);
        }
        template <class Use>
        void visit(instant now, Use& use) {
            if constexpr (keeps_cells<P>) {
                if (cells) return cells->visit(now, use);
                policies->visit(now, [&](std::uint64_t mark, const P& its) { use(mark, its.read(now, 1)); });
            } else {
                policies->visit(now, use);
            }
        }

        std::optional<cells_gate> cells;  // either these
        std::optional<policy_gate<P>> policies;
    };

    struct state {
        state(const factory& make, keyed_options o, Hash h)
            : as_new{made(make, o)}, layer{as_new.layer_name()}, options{checked(std::move(o), as_new)},
              hash{std::move(h)}, keys{as_new, make, options.max_keys}, without_key{as_new, make, 1} {}

        const P as_new;  // nobody calls it
        const name layer;
        const keyed_options options;
        const Hash hash;
        tables keys;
        tables without_key;  // of the empty text alone: strangers cannot take its place
    };

    keyed(const factory& make, keyed_options o, Hash hash, own)
        : shared_{std::make_unique<state>(make, std::move(o), std::move(hash))} {}

    [[noreturn]] static void refuse(std::string_view layer, option_problems found, option_problems of_each) {
        for (option_problem& one : of_each) {
            one.option.insert(0, "each.");
            found.push_back(std::move(one));
        }
        throw invalid_options{kind, layer, std::move(found)};
    }
    template <class Each>
    static std::shared_ptr<const P> first_of(Each each, const keyed_options& o) {
        std::string layer;
        if constexpr (requires { layer = each.name; }) layer = each.name;
        const option_problems of_keys = problems_when_keyed(each);
        try {
            return std::make_shared<const P>(std::move(each));
        } catch (const invalid_options& wrong) {
            option_problems of_each = wrong.problems();
            of_each.insert(of_each.end(), of_keys.begin(), of_keys.end());
            refuse(layer, problems_of(o), std::move(of_each));
        }
    }
    static P made(const factory& make, const keyed_options& o) {
        try {
            return make();
        } catch (const invalid_options& wrong) {
            refuse("", problems_of(o), wrong.problems());
        }
    }
    static keyed_options checked(keyed_options o, const P& as_new) {
        option_problems found = problems_of(o);
        option_problems of_each;
        if constexpr (requires { as_new.options(); }) of_each = problems_when_keyed(as_new.options());
        if (!found.empty() || !of_each.empty())
            refuse(as_new.layer_name().view(), std::move(found), std::move(of_each));
        return o;
    }
    [[nodiscard]] static bool suits_cells([[maybe_unused]] const P& as_new) {
        if constexpr (keeps_cells<P>)
            return P::cells::suit(as_new.options());
        else
            return false;
    }
    /// More of the same: by `another`, where the policy has that, so that they share what is alike.
    [[nodiscard]] static factory like(std::shared_ptr<const P> first) {
        return [first = std::move(first)] {
            if constexpr (requires { P{first->another(first->layer_name().view())}; })
                return first->another(first->layer_name().view());
            else
                return P{first->options()};
        };
    }

    [[nodiscard]] tables& keys_of(std::string_view key) const noexcept {
        return key.empty() ? shared_->without_key : shared_->keys;
    }
    /// Policies find their own; cells are to be lowered where they are.
    [[nodiscard]] tables& keys_of([[maybe_unused]] const ticket& t) const noexcept {
        if constexpr (keeps_cells<P>)
            if (tables& other = shared_->without_key; other.cells && other.cells->owns(t)) [[unlikely]]
                return other;
        return shared_->keys;
    }
    struct address {
        fingerprint print{};
        tables* keys = nullptr;  // nowhere: the call has no key, and does not share
    };
    [[nodiscard]] address address_of(const call_context& call) const {
        const std::string_view key = shared_->options.by(call);
        if (key.empty() && shared_->options.without_key != unkeyed::shares) return {};
        return {.print = shared_->hash(key), .keys = &keys_of(key)};
    }
    [[nodiscard]] admission<ticket> no_key(call_context& call) const {
        if (shared_->options.without_key == unkeyed::passes) return ticket{};
        call.emit(shared_->layer, [&] { return key_missing{shared_->options.by.text()}; });
        return refusal{.reason = errc::refused};
    }
    [[nodiscard]] admission<ticket> no_room(call_context& call) const {
        const bool passes = shared_->options.when_full == unkeyed::passes;
        call.emit(shared_->layer, [&] { return keys_full{size(), passes}; });
        if (passes) return ticket{};
        return refusal{.reason = errc::too_many_keys};
    }

    std::unique_ptr<state> shared_;
};

template <class P, class Hash>
std::string keyed<P, Hash>::described_options() const {
    std::string text = options_text(shared_->options) + ", each";
    if constexpr (requires { P::kind; }) text.append(" ").append(P::kind);
    if constexpr (requires { shared_->as_new.options(); })
        text.append(" ").append(options_text(shared_->as_new.options()));
    return text;
}

}  // namespace cutwater
