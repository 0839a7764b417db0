#include "cutwater/core/known_category.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "cutwater/core/errc.hpp"

namespace cutwater {

namespace {

/// Of all that live, the latest.
constinit std::mutex lock;
constinit known_category* latest = nullptr;

}  // namespace

known_category::known_category(const std::error_category& category) noexcept
    : category_{category}, name_{category.name()} {
    const std::scoped_lock held{lock};
    next_ = std::exchange(latest, this);
}

known_category::~known_category() {
    const std::scoped_lock held{lock};
    known_category** at = &latest;
    while (*at != this) at = &(*at)->next_;
    *at = next_;
}

const std::error_category* known_category::find(std::string_view name) noexcept {
    const std::scoped_lock held{lock};
    for (const known_category* each = latest; each != nullptr; each = each->next_)
        if (each->name_ == name) return &each->category_;
    return nullptr;
}

namespace {

const std::error_category* category_named(std::string_view called) noexcept {
    if (called.empty() || called.contains(' ')) return nullptr;
    for (const std::error_category* each : {&cutwater_category(), &std::generic_category(), &std::system_category()})
        if (called == each->name()) return each;
    return known_category::find(called);
}

bool are_alike(const std::error_code& one, const std::error_code& other) noexcept {
    return std::ranges::all_of(std::array{condition::timeout, condition::network, condition::refused},
                               [&](condition each) { return (one == each) == (other == each); });
}

/// One that is as much a timeout, the network's, a refusal; of one that is several of these, the first.
std::error_code nearest_to(const std::error_code& code) noexcept {
    const std::error_condition meant = code.default_error_condition();
    const std::error_code generic{meant.value(), std::generic_category()};
    if (meant.category() == std::generic_category() && generic && are_alike(code, generic)) return generic;
    const std::errc network =
        code == condition::never_sent ? std::errc::connection_refused : std::errc::connection_reset;
    for (const std::error_code& each : {make_error_code(errc::failed), std::make_error_code(std::errc::timed_out),
                                        std::make_error_code(network), make_error_code(errc::refused)})
        if (are_alike(code, each)) return each;
    return std::make_error_code(code == condition::timeout ? std::errc::timed_out : network);  // it is several
}

}  // namespace

namespace detail {

std::error_code code_to_keep(const std::error_code& code) noexcept {
    const std::error_category* const known = category_named(code.category().name());
    return known != nullptr && *known == code.category() ? code : nearest_to(code);
}

std::error_code kept_code(int value, std::string_view category) noexcept {
    const std::error_category* const known = category_named(category);
    return known != nullptr ? std::error_code{value, *known} : make_error_code(errc::failed);
}

}  // namespace detail

}  // namespace cutwater
