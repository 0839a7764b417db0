// What was found wrong, as sentences.
//
// Thread safety: none; whatever runs in several threads is looked at when they have ended.
#pragma once

#include <algorithm>
#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace cutwater::soak {

class findings {
public:
    /// `where: what`, unless it holds.
    void expect(bool holds, std::string_view where, std::string_view what) {
        if (!holds && all_.size() < most) all_.push_back(std::string{where}.append(": ").append(what));
    }
    /// `where: what is 3, not 2`, unless they are the same.
    template <std::integral A, std::integral B>
    void expect_same(A is, B wanted, std::string_view where, std::string_view what) {
        if (std::cmp_equal(is, wanted)) return;
        expect(false, where,
               std::string{what}
                   .append(" is ")
                   .append(std::to_string(is))
                   .append(", not ")
                   .append(std::to_string(wanted)));
    }
    void add(const findings& more) {
        for (const std::string& one : more.all_)
            if (all_.size() < most) all_.push_back(one);
    }

    [[nodiscard]] bool none() const noexcept { return all_.empty(); }
    [[nodiscard]] const std::vector<std::string>& all() const noexcept { return all_; }

private:
    static constexpr std::size_t most = 20;  // where one thing is wrong, all that follows is

    std::vector<std::string> all_;
};

}  // namespace cutwater::soak
