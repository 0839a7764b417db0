// Error categories by their names, so that a code that was written down is the same one when it is read again.
//
//     const cw::known_category codes{std::iostream_category()};     // beside the category, at namespace scope
//
// What keeps failures (an idempotency guard, a saga) keeps a code as its number and its category's name. The library's own categories are known, and so are the
// generic and the system's; one of yours when you say so, in each process that reads what was kept. Of a code of any other it is kept
// whether it is a timeout, the network's, or a refusal: the first of these, where it is several. `never_sent` is kept of the network's alone.
//
// A name is one word, and no two categories have the same. Thread safety: all of it, from any thread. Lifetime: the category outlives this, and is known for
// as long as this lives. Throws nothing.
#pragma once

#include <string_view>
#include <system_error>

namespace cutwater {

class known_category {
public:
    explicit known_category(const std::error_category& category) noexcept;
    known_category(const known_category&) = delete;
    known_category& operator=(const known_category&) = delete;
    ~known_category();

    /// Null where nobody has made it known.
    [[nodiscard]] static const std::error_category* find(std::string_view name) noexcept;

private:
    const std::error_category& category_;
    std::string_view name_;
    known_category* next_ = nullptr;
};

namespace detail {

/// The code itself, where its category is known; else one that is a timeout, the network's or a refusal where that is: a generic one, or ours.
[[nodiscard]] std::error_code code_to_keep(const std::error_code& code) noexcept;
/// What was kept; `errc::failed` where nobody here knows its category.
[[nodiscard]] std::error_code kept_code(int value, std::string_view category) noexcept;

}  // namespace detail

}  // namespace cutwater
