// What a gate gave and got back, counted from outside.
//
// Thread safety: any member, from any thread. All of it is relaxed: it must not put threads in an order that they would not have without it.
#pragma once

#include <array>
#include <atomic>
#include <string_view>

#include "cutwater/core/verdict.hpp"
#include "test/soak/findings.hpp"

namespace cutwater::soak {

class ledger {
public:
    void admitted() noexcept {
        more(admitted_);
        const unsigned now_inside = inside_.fetch_add(1, relaxed) + 1;
        unsigned most = most_inside_.load(relaxed);
        while (now_inside > most && !most_inside_.compare_exchange_weak(most, now_inside, relaxed)) {}
    }
    void refused() noexcept { more(refused_); }
    void settled(verdict meaning) noexcept {
        more(settled_[static_cast<std::size_t>(meaning)]);
        inside_.fetch_sub(1, relaxed);
    }
    void abandoned() noexcept {
        more(abandoned_);
        inside_.fetch_sub(1, relaxed);
    }
    void lined_up() noexcept { more(lined_up_); }
    void left_the_line() noexcept { more(left_); }

    [[nodiscard]] unsigned inside() const noexcept { return inside_.load(relaxed); }
    [[nodiscard]] unsigned most_inside() const noexcept { return most_inside_.load(relaxed); }
    [[nodiscard]] std::uint64_t refusals() const noexcept { return refused_.load(relaxed); }
    [[nodiscard]] std::uint64_t settled_as(verdict v) const noexcept {
        return settled_[static_cast<std::size_t>(v)].load(relaxed);
    }

    /// All that was given came back once, and whoever stood in line has left it.
    void balance(std::string_view where, findings& found) const {
        std::uint64_t back = abandoned_.load(relaxed);
        for (const counter& c : settled_) back += c.load(relaxed);
        found.expect_same(back, admitted_.load(relaxed), where,
                          "the number of tickets settled and given back, beside those given,");
        found.expect_same(inside(), 0U, where, "the number of those inside");
        found.expect_same(left_.load(relaxed), lined_up_.load(relaxed), where,
                          "the number of those who left the line, beside those who joined it,");
    }

private:
    using counter = std::atomic<std::uint64_t>;
    static constexpr auto relaxed = std::memory_order_relaxed;
    static void more(counter& c) noexcept { c.fetch_add(1, relaxed); }

    counter admitted_{0};
    counter refused_{0};
    counter abandoned_{0};
    counter lined_up_{0};
    counter left_{0};
    std::array<counter, 7> settled_{};  // by verdict
    std::atomic<unsigned> inside_{0};
    std::atomic<unsigned> most_inside_{0};
};

}  // namespace cutwater::soak
