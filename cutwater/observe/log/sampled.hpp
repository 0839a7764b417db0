// A listener in front of another, so that an outage does not drown the disk: of each kind of event the first few of a period pass, then one in
// so many, and what passes says how many were left out.
//
//     cw::json_log log{std::clog};
//     cw::sampled fewer{log, {.first = 10, .every = 100, .period = 1s}};
//     cw::pipeline inventory{cw::observe{fewer}, cw::retry{}, cw::circuit_breaker{}};
//
// A kind is the event's, of one layer; errors (`severity::error`) and what is counted (`event_kind::measures`: how calls end, and what policies did) are told
// apart by operation as well, so that those of one never hide behind another's: each is heard of in each period, and the numbers are each operation's own. An event that passes after others were left out has one more field, `suppressed`, their number.
// Where none passes any more, `events_suppressed` says it when the next event of any kind comes, or when `tell_suppressed` is called. Every
// event is told or counted: `passed() + suppressed()` is what came.
//
// Time is the events' own. Memory is bounded: what comes after `max_kinds` kinds shares one count. Thread safety: every member, from any thread;
// the listener behind is called outside of any lock. Lifetime: it outlives this, and this the pipelines. Errors: the constructor throws `invalid_options`.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>

#include "cutwater/core/bounded_table.hpp"
#include "cutwater/core/events.hpp"
#include "cutwater/observe/log/events.hpp"
#include "cutwater/observe/log/options.hpp"
#include "cutwater/observe/log/sampling_kernel.hpp"

namespace cutwater {

class sampled final : public listener {
public:
    explicit sampled(listener& to, sampled_options options = {});
    sampled(const sampled&) = delete;
    sampled& operator=(const sampled&) = delete;
    ~sampled() = default;

    void on_event(const event& e) override;

    /// Tells of all that were left out and not told of yet: at the end of a program, or of a test.
    void tell_suppressed(instant now);

    [[nodiscard]] std::uint64_t passed() const noexcept { return passed_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t suppressed() const noexcept { return suppressed_.load(std::memory_order_relaxed); }
    [[nodiscard]] const sampled_options& options() const noexcept { return options_; }

private:
    struct key {
        const event_kind* kind = nullptr;
        name layer{};
        name operation{};

        friend bool operator==(const key&, const key&) = default;
        [[nodiscard]] std::size_t hash() const noexcept {
            const std::size_t who = std::hash<name>{}(layer) * 31 + std::hash<name>{}(operation);
            return std::hash<const void*>{}(kind) * 31 + who;
        }
    };
    struct row {
        std::mutex lock{};
        sampling_kernel kernel{};
    };

    [[nodiscard]] static key key_of(const event& e) noexcept;
    template <class Take>
    void tell_each(instant now, Take&& take);
    template <class Take>
    void tell(const key& of, row& from, instant now, Take&& take);
    void sweep(instant now);

    listener* to_;
    sampled_options options_;
    sampling_limits limits_;
    bounded_table<key, row> rows_;
    row others_;
    std::atomic<instant::rep> sweeps_at_{instant::min().time_since_epoch().count()};
    std::atomic<std::uint64_t> passed_{0};
    std::atomic<std::uint64_t> suppressed_{0};
};

}  // namespace cutwater
