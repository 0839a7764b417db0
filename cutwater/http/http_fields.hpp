// The header fields of a message, in their order.
//
//     cw::http_fields fields{{"accept", "application/json"}};
//     fields.add("x-tenant", "blue");
//     if (const auto type = fields.find("Accept")) ...       // names are told apart without case
//
// Thread safety: as a value. Lifetime: what `find` gives lives as long as the field.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cutwater {

struct http_field {
    std::string name;
    std::string value;

    friend bool operator==(const http_field&, const http_field&) = default;
};

/// Whether two names mean the same field: ASCII letters are equal in both cases.
[[nodiscard]] constexpr bool same_field(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

class http_fields {
public:
    http_fields() = default;
    http_fields(std::initializer_list<http_field> fields) : fields_{fields} {}

    void add(std::string field, std::string value) { fields_.push_back({std::move(field), std::move(value)}); }

    /// In place of all fields of that name, where the first of them stands.
    void set(std::string_view called, std::string value) {
        const auto is_it = [&](const http_field& f) { return same_field(f.name, called); };
        const auto first = std::ranges::find_if(fields_, is_it);
        if (first == fields_.end()) return add(std::string{called}, std::move(value));
        first->value = std::move(value);
        fields_.erase(std::remove_if(std::next(first), fields_.end(), is_it), fields_.end());
    }

    /// All fields of that name go.
    void remove(std::string_view called) {
        std::erase_if(fields_, [&](const http_field& f) { return same_field(f.name, called); });
    }

    /// The value of the first field of that name.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view called) const noexcept {
        for (const http_field& f : fields_)
            if (same_field(f.name, called)) return f.value;
        return {};
    }

    [[nodiscard]] auto begin() const noexcept { return fields_.begin(); }
    [[nodiscard]] auto end() const noexcept { return fields_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
    /// What it owns, for a cache.
    [[nodiscard]] std::size_t heap_bytes() const noexcept {
        std::size_t bytes = fields_.capacity() * sizeof(http_field);
        for (const http_field& f : fields_) bytes += f.name.capacity() + f.value.capacity();
        return bytes;
    }

    friend bool operator==(const http_fields&, const http_fields&) = default;

private:
    std::vector<http_field> fields_;
};

}  // namespace cutwater
