#include "cutwater/core/coded_exception.hpp"

#include <atomic>

namespace cutwater::detail {

namespace {

constinit std::atomic<const code_reader*> newest = nullptr;

}  // namespace

code_reader::code_reader(function reads) noexcept : read_{reads}, next_{newest.load(std::memory_order_relaxed)} {
    while (!newest.compare_exchange_weak(next_, this, std::memory_order_release, std::memory_order_relaxed)) {}
}

std::optional<std::error_code> code_reader::read(const std::exception_ptr& thrown) {
    for (const code_reader* one = newest.load(std::memory_order_acquire); one != nullptr; one = one->next_)
        if (const auto code = one->read_(thrown)) return code;
    return {};
}

}  // namespace cutwater::detail
