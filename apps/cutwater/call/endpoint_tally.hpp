// What each of several endpoints did in many calls, and when it was ejected.
//
// Thread safety: none; it belongs to the thread of the calls.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "apps/cutwater/call/client.hpp"
#include "apps/cutwater/console/text_table.hpp"

namespace cutwater::app {

class call_endpoint_tally final : public listener {
public:
    /// `at` outlives it. With fewer than two there is nothing to tell.
    explicit call_endpoint_tally(std::span<const call_endpoint> at);

    void on_event(const event& e) override;
    void on_attempt(const attempt_seen& seen);

    [[nodiscard]] unsigned ejected() const noexcept { return ejected_; }
    [[nodiscard]] std::size_t count() const noexcept { return at_.size(); }

    /// A row for each, and a line for each ejection and return; of calls from `began` to `ended`.
    [[nodiscard]] std::string text(instant began, instant ended, const page& shown) const;
    /// The same of each for machines; times in seconds. An empty list where there are fewer than two.
    [[nodiscard]] nlohmann::ordered_json json(instant ended) const;

private:
    struct score {
        std::uint64_t attempts = 0;
        std::uint64_t failed = 0;
        std::vector<duration> took{};  // of those that ended by themselves, or by a limit
        instant ejected_at = never;    // it is ejected
        duration ejected_for{};        // before
    };
    struct line {
        instant at{};
        std::string text;
        paint in{};
    };

    [[nodiscard]] score* find(std::string_view address);
    [[nodiscard]] static duration ejected_for(const score& s, instant until);
    [[nodiscard]] std::vector<std::size_t> shown_first() const;
    void add_row(text_table& table, std::size_t place, instant ended) const;
    void add_others(text_table& table, const std::vector<std::size_t>& shown) const;
    [[nodiscard]] std::string lines(instant began, const page& shown) const;

    std::span<const call_endpoint> at_;
    std::unordered_map<std::string_view, std::size_t> places_;
    std::vector<score> scores_;
    std::vector<line> lines_;
    std::uint64_t untold_ = 0;  // lines that were too many
    unsigned ejected_ = 0;
};

}  // namespace cutwater::app
