// A name that costs a pointer.
//
// Errors and events carry the names of layers and operations, and a refusal must neither allocate nor write to
// shared memory. So names are interned: made once, kept for the life of the process, copied as one pointer.
//
//     static const cw::name get_stock{"get_stock"};
//     pipeline.run({.operation = get_stock}, f);
//
// Use a bounded set of names (operations, policies), as for metric labels; a user's id or a URL is not a name.
// Thread safety: interning takes a lock, everything else is free. Errors: `std::bad_alloc`.
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string_view>

namespace cutwater {

class name {
public:
    constexpr name() noexcept = default;

    /// Interns `text`; equal texts give equal names.
    explicit(false) name(std::string_view text);
    explicit(false) name(const char* text) : name{std::string_view{text}} {}

    [[nodiscard]] std::string_view view() const noexcept { return text_ == nullptr ? std::string_view{} : *text_; }
    [[nodiscard]] bool empty() const noexcept { return text_ == nullptr; }

    friend bool operator==(name, name) noexcept = default;
    friend std::ostream& operator<<(std::ostream& out, name n);

private:
    const std::string_view* text_ = nullptr;  // interned: equal texts have one address
};

}  // namespace cutwater

template <>
struct std::hash<cutwater::name> {
    std::size_t operator()(cutwater::name n) const noexcept { return std::hash<const char*>{}(n.view().data()); }
};
