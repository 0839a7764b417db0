// Exceptions that carry a code and are no `std::system_error`: a pipeline reads it.
//
//     struct lost_line : std::runtime_error {
//         using std::runtime_error::runtime_error;
//         [[nodiscard]] std::error_code code() const noexcept { return std::make_error_code(std::errc::connection_reset); }
//     };
//     const cw::coded_exception<lost_line> lost_line_has_a_code;   // at namespace scope; `inline` in a header
//
// From then on a `lost_line` that a callable throws, or what derives from it, is an error with that code in every pipeline, blocking
// or not, and judged by it. What derives from `std::system_error` needs none of this. `boost::system::system_error` is said by
// `cutwater/asio.hpp`; without that header, this line of your own says it.
//
// Lifetime: static; it stays until the program ends. Thread safety: one may be made while calls are under way. Allocates and throws nothing.
#pragma once

#include <concepts>
#include <exception>
#include <optional>
#include <system_error>

#include "cutwater/core/exception_cast.hpp"

namespace cutwater {

namespace detail {

class code_reader {
public:
    using function = std::optional<std::error_code> (*)(const std::exception_ptr&);

    /// From now on asked about what was thrown.
    explicit code_reader(function reads) noexcept;
    code_reader(const code_reader&) = delete;
    code_reader& operator=(const code_reader&) = delete;

    /// What the first that knows `thrown` says.
    [[nodiscard]] static std::optional<std::error_code> read(const std::exception_ptr& thrown);

protected:
    ~code_reader() = default;

private:
    function read_;
    const code_reader* next_ = nullptr;
};

}  // namespace detail

/// `Exception` has a `code()` that is, or converts to, an `std::error_code`.
template <class Exception>
    requires requires(const Exception& e) {
        { e.code() } -> std::convertible_to<std::error_code>;
    }
class coded_exception : public detail::code_reader {
public:
    coded_exception() noexcept : code_reader{&code_in} {}

private:
    static std::optional<std::error_code> code_in(const std::exception_ptr& thrown) {
        const auto* const e = exception_cast<Exception>(thrown);
        return e == nullptr ? std::nullopt : std::optional<std::error_code>{e->code()};
    }
};

}  // namespace cutwater
