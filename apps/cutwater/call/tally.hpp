// What many calls through one pipeline came to.
//
// Thread safety: none; it belongs to the thread of the calls.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/cutwater/call/client.hpp"
#include "apps/cutwater/console/text_table.hpp"

namespace cutwater::app {

class call_tally final : public listener {
public:
    void on_event(const event& e) override;
    void on_attempt(const attempt_seen& seen);
    /// One call is over. Those that Ctrl-C cut off are not counted as failed.
    void on_call(const result<http_response>& got, duration took);

    [[nodiscard]] std::uint64_t calls() const noexcept { return waits_.size(); }
    [[nodiscard]] std::uint64_t failed() const noexcept { return failed_; }
    [[nodiscard]] std::uint64_t interrupted() const noexcept { return interrupted_; }

    /// Of all calls, and of those that succeeded: this share took at most so long (nearest rank). Zero where there was none.
    [[nodiscard]] duration percentile(double share) const { return percentile_of(waits_, share); }
    [[nodiscard]] duration success_percentile(double share) const { return percentile_of(good_waits_, share); }
    [[nodiscard]] static duration percentile_of(std::vector<duration> waits, double share);
    /// How long the circuit was open until `at`.
    [[nodiscard]] duration circuit_open(instant at) const;

    /// The summary of `elapsed`, which ended at `at`.
    [[nodiscard]] std::string text(duration elapsed, instant at, const page& shown) const;
    /// The same for machines; times in seconds.
    [[nodiscard]] nlohmann::ordered_json json(duration elapsed, instant at) const;

private:
    [[nodiscard]] std::uint64_t refused() const;
    void add_calls(text_table& table) const;
    void add_load(text_table& table, duration elapsed, instant at) const;
    void add_latency(text_table& table) const;
    void close_circuit(instant at);

    std::vector<duration> waits_;
    std::vector<duration> good_waits_;
    std::uint64_t failed_ = 0;
    std::uint64_t interrupted_ = 0;
    std::uint64_t rescued_ = 0;
    std::map<std::string, std::uint64_t> failures_;
    std::map<std::string, std::uint64_t> refusals_;
    std::uint64_t attempts_ = 0;
    std::map<std::string, std::uint64_t> results_;
    std::uint64_t hedges_ = 0;
    std::uint64_t hedges_won_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t openings_ = 0;
    instant opened_ = never;
    instant open_until_ = never;
    duration open_{};
};

}  // namespace cutwater::app
