// Where the frames of this driver's coroutines are: in blocks that each thread keeps for the next call.
//
// Asio keeps two frames for each thread, of up to 1020 bytes, and a call that is awaited a few coroutines deep finds them
// taken: every call would then go to the heap. A coroutine whose first parameter is a `frame_memory` has its frame here:
//
//     boost::asio::awaitable<int> driven(cw::frame_memory, int& guarded);
//
// A thread keeps at most four blocks of each size, in steps of 256 bytes to 4 KiB; what is larger goes to the heap. Thread
// safety: every member, from any thread; a block may go back on another thread than it was taken on. Errors:
// `std::bad_alloc`.
#pragma once

#include <coroutine>
#include <cstddef>
#include <utility>

#include <boost/asio/awaitable.hpp>

namespace cutwater {

class frame_memory {
public:
    [[nodiscard]] static void* take(std::size_t size);
    static void give_back(void* block, std::size_t size) noexcept;
};

/// The same for what lives as long as a frame.
template <class Value>
struct frame_allocator {
    using value_type = Value;

    frame_allocator() = default;
    template <class Other>
    explicit(false) frame_allocator(const frame_allocator<Other>&) noexcept {}

    [[nodiscard]] Value* allocate(std::size_t count) {
        static_assert(
            alignof(Value) <= alignof(std::max_align_t),
            "cutwater::async_run: the callable or the token is aligned more strictly than memory from new is");
        return static_cast<Value*>(frame_memory::take(count * sizeof(Value)));
    }
    void deallocate(Value* block, std::size_t count) noexcept { frame_memory::give_back(block, count * sizeof(Value)); }

    friend bool operator==(const frame_allocator&, const frame_allocator&) noexcept { return true; }
};

}  // namespace cutwater

namespace cutwater::detail {

/// Asio's own promise, allocated elsewhere. It adds no member: Asio makes handles of the part that it knows.
template <class Promise, class Executor>
struct framed_promise : Promise {
    static void* operator new(std::size_t size) { return frame_memory::take(size); }
    static void operator delete(void* block, std::size_t size) noexcept { frame_memory::give_back(block, size); }

    template <class T>
    struct awaited {
        boost::asio::awaitable<T, Executor> inner;
        [[nodiscard]] bool await_ready() const noexcept { return inner.await_ready(); }
        void await_suspend(std::coroutine_handle<framed_promise> outer) {
            static_assert(sizeof(framed_promise) == sizeof(Promise) && alignof(framed_promise) == alignof(Promise));
            inner.await_suspend(std::coroutine_handle<Promise>::from_promise(outer.promise()));
        }
        decltype(auto) await_resume() { return inner.await_resume(); }
    };

    using Promise::await_transform;
    template <class T>
    [[nodiscard]] auto await_transform(boost::asio::awaitable<T, Executor> inner) const {
        return awaited<T>{Promise::await_transform(std::move(inner))};  // throws where the caller has cancelled
    }
};

}  // namespace cutwater::detail

template <class T, class Executor, class... Rest>
struct std::coroutine_traits<boost::asio::awaitable<T, Executor>, cutwater::frame_memory, Rest...> {
    using promise_type = cutwater::detail::framed_promise<
        typename std::coroutine_traits<boost::asio::awaitable<T, Executor>, Rest...>::promise_type, Executor>;
};
