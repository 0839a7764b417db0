// The knobs of a keyed policy, with the defaults in force; those of the policy itself are its own.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "cutwater/core/call.hpp"
#include "cutwater/core/options.hpp"

namespace cutwater {

/// What a call says of itself that may be its key.
enum class key_part : std::uint8_t { tenant, target, operation };

inline constexpr key_part by_tenant = key_part::tenant;        ///< on whose behalf: `call_options::tenant`
inline constexpr key_part by_target = key_part::target;        ///< what is called: `call_options::target`
inline constexpr key_part by_operation = key_part::operation;  ///< `call_options::operation`

[[nodiscard]] constexpr std::string_view to_text(key_part p) noexcept {
    constexpr std::string_view texts[] = {"tenant", "target", "operation"};
    return p <= key_part::operation ? texts[static_cast<std::uint8_t>(p)] : "unknown";
}

/// What a function may give for a key: a text that is still there when the function has returned.
template <class Text>
concept outlives_its_function =
    std::is_lvalue_reference_v<Text> || std::same_as<std::remove_cvref_t<Text>, std::string_view> ||
    std::is_pointer_v<std::remove_cvref_t<Text>>;

/// Where the key of a call is: one of the parts above, or where a function of one's own finds it: a `std::string_view`, a
/// `const char*`, or a reference to a text that outlives the call. A `std::string` of the function's own would be gone when it is
/// read, and does not compile. The text is read at once and not kept. What the function throws fails the call.
class key_source {
public:
    using function = std::function<std::string_view(const call_context&)>;

    explicit(false) key_source(key_part part) noexcept : part_{part} {}
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, key_source> && std::constructible_from<function, F>)
    explicit(false) key_source(F&& own) : own_{std::forward<F>(own)}, is_own_{true} {
        static_assert(
            outlives_its_function<std::invoke_result_t<std::decay_t<F>&, const call_context&>>,
            "cutwater::keyed: what `by` gives is gone before it is read; give a std::string_view, a const char* or a "
            "reference, to a text that outlives the call");
    }

    [[nodiscard]] std::string_view operator()(const call_context& call) const {
        if (is_own_) [[unlikely]]
            return own_(call);
        switch (part_) {
            case key_part::tenant: return call.said().tenant;
            case key_part::target: return call.said().target;
            case key_part::operation: break;
        }
        return call.operation().view();
    }

    /// Whether there is one to ask.
    [[nodiscard]] bool is_set() const noexcept {
        return is_own_ ? static_cast<bool>(own_) : part_ <= key_part::operation;
    }
    [[nodiscard]] std::string_view text() const noexcept { return is_own_ ? "a function" : to_text(part_); }

private:
    function own_{};
    key_part part_{};
    bool is_own_ = false;
};

[[nodiscard]] inline std::string_view to_text(const key_source& s) noexcept { return s.text(); }

/// For `key_source`, as `range` is for numbers.
struct any_key_source {
    [[nodiscard]] static bool holds(const key_source& s) noexcept { return s.is_set(); }
    [[nodiscard]] static std::string text() { return "by_tenant, by_target, by_operation, or a function"; }
};

/// What becomes of a call without a key, or of one whose key there is no room for.
enum class unkeyed : std::uint8_t {
    shares,   ///< all of them have one policy together, which has its place from the start
    passes,   ///< it goes through unguarded
    refused,  ///< `errc::refused` without a key, `errc::too_many_keys` without room for it
};

[[nodiscard]] constexpr std::string_view to_text(unkeyed u) noexcept {
    constexpr std::string_view texts[] = {"shares", "passes", "refused"};
    return u <= unkeyed::refused ? texts[static_cast<std::uint8_t>(u)] : "unknown";
}

/// For `unkeyed`, as `range` is for numbers: this one, and those after it.
struct unkeyed_from {
    unkeyed first;

    [[nodiscard]] constexpr bool holds(unkeyed u) const noexcept { return u >= first && u <= unkeyed::refused; }
    [[nodiscard]] std::string text() const {
        return first == unkeyed::shares ? "shares, passes or refused" : "passes or refused";
    }
};

struct keyed_options {
    key_source by = by_tenant;
    unsigned max_keys = 10'000;
    unkeyed without_key = unkeyed::shares;
    unkeyed when_full = unkeyed::refused;
    bool tell_keys = false;

    static void fields(auto& self, auto&& visit) {
        visit("by", self.by, any_key_source{}, "where the key of a call is");
        visit(
            "max_keys", self.max_keys, within(1U, 100'000'000U),
            "keys that there is room for at once, beside the calls without one; cells have room for two to four times "
            "as many, and for 64 at least; memory is bounded by it");
        visit("without_key", self.without_key, unkeyed_from{unkeyed::shares},
              "a call whose key is empty: has one policy with all such calls (shares), goes unguarded (passes), or is "
              "refused");
        visit("when_full", self.when_full, unkeyed_from{unkeyed::passes},
              "a call with a new key that there is no room for: goes unguarded (passes), or is refused");
        visit("tell_keys", self.tell_keys, any_value,
              "whether each event about a key is followed by one that says by its mark which it was");
    }
};

}  // namespace cutwater
