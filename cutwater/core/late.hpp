// An object that is made when it is first needed, if ever. As `std::optional`, but its empty state costs one byte written,
// not the whole object: what a call may need but usually does not must not be paid for by every call.
#pragma once

#include <memory>
#include <new>
#include <utility>

namespace cutwater {

template <class T>
class late {
public:
    late() noexcept {}  // not defaulted: the storage stays as it is
    late(const late&) = delete;
    late& operator=(const late&) = delete;
    ~late() { reset(); }

    template <class... Args>
    T& emplace(Args&&... args) {
        reset();
        std::construct_at(&value_, std::forward<Args>(args)...);
        made_ = true;
        return value_;
    }

    /// Makes it where it stays of what `make` returns, without a move.
    template <class Make>
    T& emplace_from(Make&& make) {
        reset();
        ::new (static_cast<void*>(&value_)) T(make());
        made_ = true;
        return value_;
    }

    void reset() noexcept {
        if (std::exchange(made_, false)) std::destroy_at(&value_);
    }

    [[nodiscard]] explicit operator bool() const noexcept { return made_; }
    [[nodiscard]] T& operator*() noexcept { return value_; }
    [[nodiscard]] T* operator->() noexcept { return &value_; }

private:
    union {
        T value_;
    };
    bool made_ = false;
};

}  // namespace cutwater
