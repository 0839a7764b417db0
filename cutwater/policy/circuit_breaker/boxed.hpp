// A value on the heap, made when it is first needed: what most instances never need makes none of them bigger.
//
//     boxed<std::vector<int>> marks;          // a pointer
//     marks.make(8U);                         // now there is a vector
//     if (marks) marks->front() = 7;
//
// Copies and compares as the value that it holds. Thread safety: as a value.
#pragma once

#include <memory>
#include <utility>

namespace cutwater {

template <class T>
class boxed {
public:
    boxed() noexcept = default;
    boxed(const boxed& other) : held_{other.held_ ? std::make_unique<T>(*other.held_) : nullptr} {}
    boxed(boxed&&) noexcept = default;
    boxed& operator=(const boxed& other) {
        held_ = std::move(boxed{other}.held_);
        return *this;
    }
    boxed& operator=(boxed&&) noexcept = default;
    ~boxed() = default;

    template <class... Args>
    T& make(Args&&... args) {
        held_ = std::make_unique<T>(std::forward<Args>(args)...);
        return *held_;
    }
    void reset() noexcept { held_.reset(); }

    [[nodiscard]] explicit operator bool() const noexcept { return held_ != nullptr; }
    [[nodiscard]] T& operator*() noexcept { return *held_; }
    [[nodiscard]] const T& operator*() const noexcept { return *held_; }
    [[nodiscard]] T* operator->() noexcept { return held_.get(); }
    [[nodiscard]] const T* operator->() const noexcept { return held_.get(); }

    friend bool operator==(const boxed& a, const boxed& b) {
        return a.held_ && b.held_ ? *a.held_ == *b.held_ : !a.held_ && !b.held_;
    }

private:
    std::unique_ptr<T> held_;
};

}  // namespace cutwater
