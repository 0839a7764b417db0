// What a kept exception is, without throwing it again: a throw costs about a microsecond, and as much again for each
// frame with a destructor that it passes.
//
//     const std::exception_ptr cause = std::make_exception_ptr(lost_connection{});
//     if (const auto* lost = cw::exception_cast<std::runtime_error>(cause)) std::puts(lost->what());
//
// Finds what a `catch (const Exception&)` would: the type itself, or one that it publicly derives from. Not for pointers. Where the
// runtime is not the GNU one it does throw and catch. Thread safety: as for a shared object that nobody changes.
#pragma once

#include <exception>
#include <type_traits>
#include <typeinfo>

namespace cutwater {

namespace detail {

/// The object in `thrown` where a handler for `wanted` would catch it, adjusted to that type; else null.
[[nodiscard]] const void* caught_as(const std::exception_ptr& thrown, const std::type_info& wanted) noexcept;

template <class Exception>
[[nodiscard]] const Exception* throw_and_catch(const std::exception_ptr& thrown) noexcept {
    try {
        if (thrown) std::rethrow_exception(thrown);
    } catch (const Exception& e) {
        return &e;   // kept alive by `thrown`
    } catch (...) {  // something else
    }
    return nullptr;
}

}  // namespace detail

/// The exception that `thrown` keeps, if it is an `Exception`; null where it is not, and where there is none. Lives as
/// long as `thrown` and its copies.
template <class Exception>
[[nodiscard]] const Exception* exception_cast(const std::exception_ptr& thrown) noexcept {
    static_assert(std::is_class_v<Exception> || std::is_arithmetic_v<Exception> || std::is_enum_v<Exception>,
                  "cutwater::exception_cast: what is caught as a pointer is a copy; there is nothing to point to");
#ifdef __GLIBCXX__
    if constexpr (std::is_class_v<Exception>)
        return static_cast<const Exception*>(detail::caught_as(thrown, typeid(Exception)));
    else
#endif
        return detail::throw_and_catch<Exception>(thrown);
}

}  // namespace cutwater
