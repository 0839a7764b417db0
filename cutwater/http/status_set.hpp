// A set of HTTP status codes.
//
//     cw::status_set retryable = cw::transient_statuses();        // 408, 425, 429, 502, 503, 504
//     retryable.add(500);
//     auto listed = cw::status_set::parse("429,500-599");         // or what is wrong with it
//     retryable.contains(503)
//
// Codes are from 100 to 599. Thread safety: as a value. Throws `std::out_of_range` where a code is not one.
#pragma once

#include <bitset>
#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>

namespace cutwater {

class status_set {
public:
    status_set() = default;
    status_set(std::initializer_list<unsigned> codes) {
        for (const unsigned code : codes) add(code);
    }

    /// Codes and ranges, separated by commas: `429,500-599`.
    [[nodiscard]] static std::expected<status_set, std::string> parse(std::string_view list);

    status_set& add(unsigned code) { return add(code, code); }
    status_set& add(unsigned first, unsigned last);

    [[nodiscard]] bool contains(unsigned code) const noexcept { return code < codes_.size() && codes_.test(code); }
    [[nodiscard]] bool empty() const noexcept { return codes_.none(); }

    /// `408, 425, 500-599`.
    [[nodiscard]] std::string text() const;

    friend bool operator==(const status_set&, const status_set&) = default;

    static constexpr unsigned lowest = 100;
    static constexpr unsigned highest = 599;

private:
    std::bitset<highest + 1> codes_;
};

/// What may pass by itself. Not 500: a bug that has been hit is hit again.
[[nodiscard]] status_set transient_statuses();

}  // namespace cutwater
