// The last decisions of each layer, kept in memory until somebody asks, or something happens: then there is a ledger of how it came to it.
//
//     cw::flight_recorder recorder{[](std::string_view line) { std::cerr << line << '\n'; }};
//     cw::pipeline inventory{cw::observe{recorder}, cw::retry{}, cw::circuit_breaker{}};
//     …
//     recorder.dump("somebody asked");            // when a circuit opens it does so itself
//
// Each layer has a ring of `last` decisions, with the numbers that they were taken by. An event is copied into a place of fixed size, without allocation; texts are cut
// to `packed_event::max_text` bytes, and what does not fit is left out (`cut`). Layers that come after `max_layers` share one ring. So memory is bounded:
// about 600 bytes for each decision that is kept.
//
// A dump is a ledger (`ledger_book.hpp`), a line at a time, as `cutwater explain --ledger` draws it. It is made when one of the events of `dump_on` is heard,
// not more often than `dump_every` by the events' own time, in the thread of the call that the event is from: hand the lines to something that does not
// block, such as an `async_sink`. One dump at a time: who comes meanwhile is counted in `dumps_left_out`, and so is who comes too early.
//
// Thread safety: every member, from any thread. No lock is held while an event is read, or a line handed on. Lifetime: it outlives the pipelines. Errors: what the function
// throws ends the dump and is counted in `dumps_failed`; an event that cannot be kept is counted in `lost`. The constructor throws `invalid_options`.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/core/bounded_table.hpp"
#include "cutwater/core/events.hpp"
#include "cutwater/observe/ledger/ledger_book.hpp"
#include "cutwater/observe/recorder/decision_ring.hpp"
#include "cutwater/observe/recorder/options.hpp"

namespace cutwater {

class flight_recorder final : public listener {
public:
    using sink = std::function<void(std::string_view line)>;  ///< the line comes without its newline

    explicit flight_recorder(sink to, flight_recorder_options options = {});
    flight_recorder(const flight_recorder&) = delete;
    flight_recorder& operator=(const flight_recorder&) = delete;
    ~flight_recorder() = default;

    void on_event(const event& e) noexcept override;

    /// Hands on what is kept, and why; false where a dump is under way already, or the function threw.
    bool dump(std::string_view reason) noexcept;

    /// What is kept, by when it was heard.
    [[nodiscard]] ledger_book book(std::string_view reason = {}) const;

    [[nodiscard]] std::uint64_t dumps() const noexcept { return dumps_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t dumps_left_out() const noexcept { return left_out_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t dumps_failed() const noexcept { return failed_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

private:
    struct layer_key {
        name layer{};
        friend bool operator==(const layer_key&, const layer_key&) = default;
        [[nodiscard]] std::size_t hash() const noexcept { return std::hash<name>{}(layer); }
    };

    void keep(const event& e);
    [[nodiscard]] bool asks_for_dump(const event_kind& kind) const noexcept;
    [[nodiscard]] bool may_dump(instant now) noexcept;

    sink to_;
    flight_recorder_options options_;
    std::vector<std::string> dump_on_;
    bounded_table<layer_key, decision_ring> rings_;
    decision_ring others_;
    std::atomic<std::uint64_t> heard_{0};
    std::atomic<instant::rep> next_dump_;
    std::atomic<bool> is_dumping_{false};
    std::atomic<std::uint64_t> dumps_{0};
    std::atomic<std::uint64_t> left_out_{0};
    std::atomic<std::uint64_t> failed_{0};
    std::atomic<std::uint64_t> lost_{0};
};

}  // namespace cutwater
