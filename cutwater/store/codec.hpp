// How a value is written into a cell, and read again.
//
//     struct stock_codec {
//         static std::string encode(const stock& s) { return std::to_string(s.pieces); }
//         static std::optional<stock> decode(std::string_view bytes) {              // nothing: these are none
//             const auto pieces = cw::cell_codec<int>::decode(bytes);
//             return pieces ? std::optional{stock{.pieces = *pieces}} : std::nullopt;
//         }
//     };
//     cw::cache<stock, stock_codec> known;
//
// A type's own is named where it is used, or is a specialisation of `cell_codec`. Texts and numbers have theirs here. What is read may have been written by another version of the program, or be broken: `decode` says so and does
// not throw for it.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace cutwater {

/// Stands for the value of a call that gives none.
struct no_value {
    friend bool operator==(no_value, no_value) = default;
};

template <class T>
struct cell_codec;

template <class T>
concept has_cell_codec = requires(const T& value, std::string_view bytes) {
    { cell_codec<T>::encode(value) } -> std::convertible_to<std::string>;
    { cell_codec<T>::decode(bytes) } -> std::same_as<std::optional<T>>;
};

template <>
struct cell_codec<std::string> {
    static std::string encode(const std::string& value) { return value; }
    static std::optional<std::string> decode(std::string_view bytes) { return std::string{bytes}; }
};

template <>
struct cell_codec<no_value> {
    static std::string encode(no_value) { return {}; }
    static std::optional<no_value> decode(std::string_view bytes) {
        return bytes.empty() ? std::optional<no_value>{no_value{}} : std::nullopt;
    }
};

template <>
struct cell_codec<bool> {
    static std::string encode(bool value) { return value ? "true" : "false"; }  // tidy: allow bool
    static std::optional<bool> decode(std::string_view bytes) {
        if (bytes == "true") return true;
        if (bytes == "false") return false;
        return std::nullopt;
    }
};

/// Whole numbers and others, as text that reads back as the same number.
template <class T>
    requires(std::is_arithmetic_v<T> && !std::same_as<T, bool>)
struct cell_codec<T> {
    static std::string encode(T value) {
        char text[64];
        const auto written = std::to_chars(std::begin(text), std::end(text), value);
        return {text, written.ptr};
    }
    static std::optional<T> decode(std::string_view bytes) {
        T value{};
        const auto read = std::from_chars(bytes.data(), bytes.data() + bytes.size(), value);
        if (read.ec != std::errc{} || read.ptr != bytes.data() + bytes.size()) return std::nullopt;
        return value;
    }
};

}  // namespace cutwater
