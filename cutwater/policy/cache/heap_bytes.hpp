// How much memory a value owns outside of itself: what a cache counts of it towards `max_bytes`.
//
//     struct shelf {
//         std::string name;
//         std::vector<std::string> titles;
//         std::size_t heap_bytes() const { return cw::heap_bytes(name, titles); }                     // of a type of your own
//     };
//     static_assert(cw::tells_heap_bytes<std::map<int, shelf>>);                                      // all of it is counted
//     const std::size_t bytes = cw::heap_bytes(std::vector<std::string>{"a text that is not within its string"});
//
// Of somebody else's type a specialisation of `heap_size` tells, by a static `of(const T&)`.
//
// Contract. Counted are texts, the standard library's containers, pairs, tuples, optionals, variants, expected values and owning pointers, and
// whatever is in them; of others' containers, what their elements take, and of Boost.Beast's messages fields and body. What is destroyed trivially (numbers, views, plain pointers) owns nothing. A
// class that says nothing of itself counts only what its `size()` says, if it has one, and does not `tells_heap_bytes`.
//
// Approximate: what is asked of the heap, without what the heap itself needs; for nodes and blocks what common libraries ask. What is shared
// (`std::shared_ptr`) is counted by each who shares it; of what is derived from the type pointed to, that type is counted. Cost: nothing for
// elements that own nothing, else a look at each.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <deque>
#include <expected>
#include <forward_list>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace cutwater {

/// How it is found; a specialisation has `of`, and may have `is_known`: whether that is all.
template <class T>
struct heap_size;

namespace detail {

template <class T>
[[nodiscard]] constexpr bool is_heap_known() {
    using size = heap_size<std::remove_cv_t<T>>;
    if constexpr (requires { size::is_known; })
        return size::is_known;
    else
        return true;
}

/// It says so itself.
template <class T>
concept knows_its_heap = requires(const T& value) {
    { value.heap_bytes() } -> std::convertible_to<std::size_t>;
};
template <class T>
concept has_elements = std::ranges::sized_range<const T> && !std::same_as<std::ranges::range_value_t<const T>, T>;

}  // namespace detail

/// Whether all that a `T` owns is counted.
template <class T>
concept tells_heap_bytes = detail::is_heap_known<T>();

template <class... T>
[[nodiscard]] std::size_t heap_bytes(const T&... values) {
    return (std::size_t{0} + ... + heap_size<T>::of(values));
}

namespace detail {

/// A message as Boost.Beast has them: fields to walk through, and a body.
template <class T>
concept has_fields_and_body = requires(const T& message) {
    message.body();
    { message.begin()->name_string().size() } -> std::convertible_to<std::size_t>;
    { message.begin()->value().size() } -> std::convertible_to<std::size_t>;
    message.begin() != message.end();
};
template <has_fields_and_body T>
[[nodiscard]] std::size_t heap_of_message(const T& message) {
    std::size_t bytes = heap_bytes(message.body());
    for (const auto& field : message) bytes += sizeof field + field.name_string().size() + field.value().size();
    return bytes;
}

/// Of what is in a range.
template <std::ranges::input_range Range>
[[nodiscard]] std::size_t heap_within(const Range& values) {
    using value = std::ranges::range_value_t<const Range>;
    std::size_t bytes = 0;
    if constexpr (!std::is_trivially_destructible_v<value> || knows_its_heap<value>)
        for (const value& each : values) bytes += heap_bytes(each);
    return bytes;
}

/// A container whose elements are each in a piece of memory of their own, beside so many pointers.
template <std::size_t Pointers, class Container>
struct heap_of_nodes {
    using value = typename Container::value_type;
    static constexpr bool is_known = is_heap_known<value>();
    static std::size_t of(const Container& all) {
        const auto nodes = static_cast<std::size_t>(std::ranges::distance(all));
        return nodes * (sizeof(value) + Pointers * sizeof(void*)) + heap_within(all);
    }
};
template <class Container>
struct heap_of_table : heap_of_nodes<2, Container> {
    static std::size_t of(const Container& all) {
        return heap_of_nodes<2, Container>::of(all) + all.bucket_count() * sizeof(void*);
    }
};

/// What is pointed to, and what is beside it.
template <class Pointer, class T, std::size_t Beside>
struct heap_of_pointee {
    static constexpr bool is_known =
        (!std::is_polymorphic_v<T> || std::is_final_v<T>) && is_heap_known<std::remove_cv_t<T>>();
    static std::size_t of(const Pointer& to) {
        return to == nullptr ? 0 : sizeof(T) + Beside + heap_bytes<std::remove_cv_t<T>>(*to);
    }
};

}  // namespace detail

template <class T>
struct heap_size {
    static constexpr bool is_known = [] {
        if constexpr (detail::knows_its_heap<T> || std::is_trivially_destructible_v<T>)
            return true;
        else if constexpr (detail::has_elements<T>)
            return detail::is_heap_known<std::ranges::range_value_t<const T>>();
        else
            return detail::has_fields_and_body<T>;
    }();
    static std::size_t of(const T& value) {
        constexpr bool may_have_some = !std::is_trivially_destructible_v<T>;
        if constexpr (detail::knows_its_heap<T>)
            return value.heap_bytes();
        else if constexpr (may_have_some && detail::has_elements<T>)
            return std::ranges::size(value) * sizeof(std::ranges::range_value_t<const T>) + detail::heap_within(value);
        else if constexpr (may_have_some && detail::has_fields_and_body<T>)
            return detail::heap_of_message(value);
        else if constexpr (may_have_some && requires {
                               { value.size() } -> std::convertible_to<std::size_t>;
                           })
            return value.size();
        else
            return 0;
    }
};

template <class Char, class Traits, class Allocator>
struct heap_size<std::basic_string<Char, Traits, Allocator>> {
    static std::size_t of(const std::basic_string<Char, Traits, Allocator>& text) {
        const auto begin = reinterpret_cast<std::uintptr_t>(&text);
        const auto at = reinterpret_cast<std::uintptr_t>(text.data());
        const bool is_within = at >= begin && at < begin + sizeof text;  // short ones
        return is_within ? 0 : (text.capacity() + 1) * sizeof(Char);
    }
};

template <class T, class Allocator>
struct heap_size<std::vector<T, Allocator>> {
    static constexpr bool is_known = detail::is_heap_known<T>();
    static std::size_t of(const std::vector<T, Allocator>& all) {
        if constexpr (std::same_as<T, bool>)
            return all.capacity() / 8;
        else
            return all.capacity() * sizeof(T) + detail::heap_within(all);
    }
};
template <class T, class Allocator>
struct heap_size<std::deque<T, Allocator>> {
    static constexpr bool is_known = detail::is_heap_known<T>();
    static std::size_t of(const std::deque<T, Allocator>& all) {
        constexpr std::size_t block = 512;  // one at least, and a table of them
        return all.size() * sizeof(T) + 2 * block + detail::heap_within(all);
    }
};
template <class T, std::size_t Size>
struct heap_size<std::array<T, Size>> {
    static constexpr bool is_known = detail::is_heap_known<T>();
    static std::size_t of(const std::array<T, Size>& all) { return detail::heap_within(all); }
};
template <class T, std::size_t Size>
struct heap_size<T[Size]> {
    static constexpr bool is_known = detail::is_heap_known<T>();
    static std::size_t of(const T (&all)[Size]) { return detail::heap_within(all); }
};

template <class... T>
struct heap_size<std::list<T...>> : detail::heap_of_nodes<2, std::list<T...>> {};
template <class... T>
struct heap_size<std::forward_list<T...>> : detail::heap_of_nodes<1, std::forward_list<T...>> {};
template <class... T>
struct heap_size<std::set<T...>> : detail::heap_of_nodes<4, std::set<T...>> {};
template <class... T>
struct heap_size<std::multiset<T...>> : detail::heap_of_nodes<4, std::multiset<T...>> {};
template <class... T>
struct heap_size<std::map<T...>> : detail::heap_of_nodes<4, std::map<T...>> {};
template <class... T>
struct heap_size<std::multimap<T...>> : detail::heap_of_nodes<4, std::multimap<T...>> {};
template <class... T>
struct heap_size<std::unordered_set<T...>> : detail::heap_of_table<std::unordered_set<T...>> {};
template <class... T>
struct heap_size<std::unordered_multiset<T...>> : detail::heap_of_table<std::unordered_multiset<T...>> {};
template <class... T>
struct heap_size<std::unordered_map<T...>> : detail::heap_of_table<std::unordered_map<T...>> {};
template <class... T>
struct heap_size<std::unordered_multimap<T...>> : detail::heap_of_table<std::unordered_multimap<T...>> {};

template <class First, class Second>
struct heap_size<std::pair<First, Second>> {
    static constexpr bool is_known = detail::is_heap_known<First>() && detail::is_heap_known<Second>();
    static std::size_t of(const std::pair<First, Second>& both) { return heap_bytes(both.first, both.second); }
};
template <class... T>
struct heap_size<std::tuple<T...>> {
    static constexpr bool is_known = (true && ... && detail::is_heap_known<T>());
    static std::size_t of(const std::tuple<T...>& all) {
        return std::apply([](const auto&... each) { return heap_bytes(each...); }, all);
    }
};
template <class T>
struct heap_size<std::optional<T>> {
    static constexpr bool is_known = detail::is_heap_known<T>();
    static std::size_t of(const std::optional<T>& value) { return value ? heap_bytes(*value) : 0; }
};
template <class... T>
struct heap_size<std::variant<T...>> {
    static constexpr bool is_known = (true && ... && detail::is_heap_known<T>());
    static std::size_t of(const std::variant<T...>& one) {
        if (one.valueless_by_exception()) return 0;
        return std::visit([](const auto& value) { return heap_bytes(value); }, one);
    }
};
template <class T, class Error>
struct heap_size<std::expected<T, Error>> {
    static constexpr bool is_known =
        (std::is_void_v<T> || detail::is_heap_known<T>()) && detail::is_heap_known<Error>();
    static std::size_t of(const std::expected<T, Error>& value) {
        if (!value) return heap_bytes(value.error());
        if constexpr (std::is_void_v<T>)
            return 0;
        else
            return heap_bytes(*value);
    }
};
template <class T, class Deleter>
    requires(!std::is_array_v<T> && !std::is_void_v<T> && requires { sizeof(T); })
struct heap_size<std::unique_ptr<T, Deleter>> : detail::heap_of_pointee<std::unique_ptr<T, Deleter>, T, 0> {};
template <class T>
    requires(!std::is_array_v<T> && !std::is_void_v<T> && requires { sizeof(T); })
struct heap_size<std::shared_ptr<T>> : detail::heap_of_pointee<std::shared_ptr<T>, T, 2 * sizeof(void*)> {};

}  // namespace cutwater
