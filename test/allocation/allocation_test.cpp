// No blocking call through the usual layers allocates, whether it succeeds or is refused; and what a coroutine call takes
// from the heap is given back to it, or kept for the next.

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace {

thread_local std::size_t made_here = 0;
thread_local std::size_t balance_here = 0;  // of `new` and `delete`
thread_local std::size_t bytes_here = 0;

void* counted(std::size_t size, std::size_t alignment) {
    ++balance_here;
    void* const memory = std::aligned_alloc(alignment, size == 0 ? 1 : size);  // NOLINT(*-no-malloc)
    if (memory == nullptr) throw std::bad_alloc{};
    return memory;
}
void uncounted(void* memory) noexcept {
    if (memory != nullptr) --balance_here;
    std::free(memory);  // NOLINT(*-no-malloc)
}

}  // namespace

/// Asio's way to the heap, and here the one below `new` as well.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    ++made_here;
    bytes_here += size;
    void* memory = nullptr;
    return ::posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}

void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { uncounted(memory); }
void operator delete(void* memory, std::size_t) noexcept { uncounted(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { uncounted(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { uncounted(memory); }

namespace cutwater {
namespace {

using namespace std::chrono_literals;

/// Allocations of `f`, after it has run a few times.
template <class F>
std::size_t allocations_of(F&& f) {
    for (int i = 0; i < 4; ++i) f();
    const std::size_t before = made_here;
    f();
    return made_here - before;
}

TEST(allocations, the_counter_counts) {
    EXPECT_EQ(allocations_of([] { delete new int{7}; }), 1U);
    EXPECT_EQ(allocations_of([] {}), 0U);
}

/// The usual stack, with whatever can be put round it.
auto usual_stack() {
    return pipeline{fallback{tier("zero", 0)},
                    timeout{{.name = "total", .after = 2s}},
                    retry{},
                    circuit_breaker{},
                    bulkhead{{.max_queue = 5}},
                    timeout{{.name = "attempt", .after = 500ms}},
                    classify{transient(exception<std::bad_alloc>() || code(std::errc::io_error))}};
}

TEST(allocations, a_blocking_call_that_succeeds_makes_none) {
    auto guarded = usual_stack();
    int answer = 0;
    EXPECT_EQ(allocations_of([&] { answer += *guarded.run([] { return 7; }); }), 0U);
    EXPECT_EQ(allocations_of([&] { answer += *guarded.run({.operation = "get"}, [](attempt&) { return 7; }); }), 0U);
    EXPECT_EQ(answer, 70);
}

TEST(allocations, a_value_judged_a_failure_makes_none) {
    pipeline guarded{timeout{1s}, circuit_breaker{}, bulkhead{}, classify{permanent(value([](int) { return true; }))}};
    EXPECT_EQ(allocations_of([&] { (void)guarded.run([] { return 503; }); }), 0U);
}

TEST(allocations, an_error_code_that_is_returned_makes_none) {
    pipeline guarded{timeout{1s}, bulkhead{}};
    const auto broken = []() -> std::expected<int, std::error_code> {
        return std::unexpected{std::make_error_code(std::errc::broken_pipe)};
    };
    EXPECT_EQ(allocations_of([&] { (void)guarded.run(broken); }), 0U);
}

TEST(allocations, a_fallbacks_constant_makes_none) {
    bulkhead full{{.max_concurrent = 1}};
    pipeline guarded{fallback{tier("zero", 0)}, ref(full)};
    pipeline holds{ref(full)};
    (void)holds.run([&] { EXPECT_EQ(allocations_of([&] { (void)guarded.run([] { return 7; }); }), 0U); });
}

/// A gate that is closed.
struct closed {
    struct ticket {};
    [[nodiscard]] name layer_name() const { return layer; }
    admission<ticket> admit(call_context&, moment&) { return refusal{.reason = errc::refused, .retry_after = 3s}; }
    void settle(ticket&, const observation&, call_context&, moment&) {}
    void abandon(ticket&) noexcept {}
    name layer{"closed"};
};

TEST(allocations, a_refusal_makes_none) {
    pipeline guarded{timeout{2s}, retry{}, closed{}, timeout{500ms}};
    std::size_t refused = 0;
    EXPECT_EQ(allocations_of([&] { refused += guarded.run({.operation = "get"}, [] { return 7; }) ? 0U : 1U; }), 0U);
    EXPECT_EQ(refused, 5U);
}

TEST(allocations, T36_an_open_circuit_makes_none_and_throws_nothing) {
    circuit_breaker open{
        {.window = breaker_window::consecutive, .consecutive_failures = 1, .open_for = 1h, .open_max = 1h}};
    pipeline guarded{timeout{2s}, retry{{.max_attempts = 1}}, ref(open)};
    (void)guarded.run([]() -> std::expected<int, std::errc> { return std::unexpected{std::errc::connection_reset}; });
    EXPECT_EQ(allocations_of([&] { EXPECT_EQ(guarded.run([] { return 7; }).error().code(), errc::circuit_open); }), 0U);
}

TEST(allocations, a_full_bulkhead_makes_none) {
    bulkhead full{{.max_concurrent = 1}};
    pipeline guarded{timeout{2s}, ref(full)};
    (void)guarded.run([&] {
        EXPECT_EQ(allocations_of([&] { EXPECT_EQ(guarded.run([] {}).error().code(), errc::bulkhead_full); }), 0U);
    });
}

/// Time that jumps to the end of each wait and, unlike the kit's, keeps no record of it.
class jumping_time final : public environment, public blocking_environment {
public:
    [[nodiscard]] instant now() noexcept override { return now_; }
    [[nodiscard]] random_source& random() noexcept override { return random_; }
    [[nodiscard]] environment& lent() noexcept override { return *this; }
    [[nodiscard]] wait_end wait(parker&, instant until, const std::stop_token&) override {
        now_ = std::max(now_, until);
        return wait_end::time;
    }

private:
    instant now_ = testing::virtual_time::start;
    random_source random_{42};
};

TEST(allocations, a_wait_in_a_queue_makes_none) {
    jumping_time time;
    bulkhead full{{.max_concurrent = 1, .max_queue = 3, .max_wait = 1s}};
    pipeline guarded{timeout{5s}, ref(full)};
    const auto waits = [&] {
        EXPECT_EQ(run_blocking(guarded, nothing_said, [] {}, time).error().code(), errc::wait_timed_out);
    };
    (void)guarded.run([&] { EXPECT_EQ(allocations_of(waits), 0U); });
}

TEST(allocations, a_call_that_is_retried_makes_only_its_history) {
    jumping_time time;
    pipeline guarded{timeout{5s}, retry{}, circuit_breaker{}, bulkhead{}, timeout{500ms}};
    const auto flaky = [](attempt& a) -> std::expected<unsigned, std::error_code> {
        if (a.number() < 2) return std::unexpected{std::make_error_code(std::errc::connection_reset)};
        return a.number();
    };
    const std::size_t made = allocations_of([&] { EXPECT_EQ(*run_blocking(guarded, nothing_said, flaky, time), 2U); });
    EXPECT_LE(made, 3U) << "its owner, and a record of each attempt";
}

TEST(allocations, a_deadline_that_has_passed_makes_none) {
    testing::virtual_time time;
    pipeline guarded{timeout{2s}, retry{}};
    EXPECT_EQ(allocations_of([&] { (void)time.run(guarded, {.deadline = time.present()}, [] {}); }), 0U);
}

TEST(allocations, at_run_time_as_well) {
    any_pipeline<int> guarded{timeout{2s}, retry{}, circuit_breaker{}, bulkhead{}, timeout{500ms}};
    EXPECT_EQ(allocations_of([&] { (void)guarded.run([] { return 7; }); }), 0U);
    any_pipeline<int> refusing{timeout{2s}, retry{}, closed{}};
    EXPECT_EQ(allocations_of([&] { (void)refusing.run([] { return 7; }); }), 0U);
}

// ---- coroutines ----

namespace asio = boost::asio;

/// Allocations of one awaited call, after a few in the same coroutine.
template <class Pipeline>
std::size_t allocations_awaiting(Pipeline& guarded) {
    asio::io_context context{1};
    std::size_t made = 0;
    const auto awaits = [&]() -> asio::awaitable<void> {
        const auto answers = [](attempt&) -> asio::awaitable<int> { co_return 7; };
        for (int i = 0; i < 4; ++i) (void)co_await guarded.async_run(answers);
        const std::size_t before = made_here;
        (void)co_await guarded.async_run(answers);
        made = made_here - before;
    };
    asio::co_spawn(context, awaits, asio::detached);
    context.run();
    return made;
}

TEST(allocations, an_idle_breaker_of_many_takes_no_more_than_256_bytes) {
    const circuit_breaker first;
    const std::size_t before = bytes_here;
    const circuit_breaker another = first.another("shop");  // its name is interned: two maps' nodes, and counted here
    EXPECT_LE(sizeof another + bytes_here - before, 256U);
}

TEST(allocations, a_coroutine_call_without_a_deadline_makes_none_once_warm) {
    pipeline guarded{retry{}, circuit_breaker{}, bulkhead{}};
    EXPECT_EQ(allocations_awaiting(guarded), 0U);
}

TEST(allocations, nor_does_one_through_many_layers) {
    const auto wide = [] { return bulkhead{{.max_queue = 5}}; };
    pipeline guarded{fallback{tier("zero", 0)}, retry{}, circuit_breaker{}, wide(), wide(), wide(), wide(), wide()};
    EXPECT_EQ(allocations_awaiting(guarded), 0U);
}

/// The coroutine thread that a deadline needs: Asio's entry frame, its cancellation state, the callable's wrapper. Our own
/// part, the call and its one frame, is in memory that is kept; another frame of ours would not fit into what Asio keeps.
TEST(allocations, a_coroutine_call_with_a_deadline_makes_those_of_one_spawn_however_many_layers) {
    auto usual = usual_stack();
    pipeline one_layer{timeout{2s}};
    EXPECT_LE(allocations_awaiting(one_layer), 3U);
    EXPECT_EQ(allocations_awaiting(usual), allocations_awaiting(one_layer));
}

TEST(allocations, what_a_coroutine_call_takes_it_gives_back) {
    auto guarded = usual_stack();
    (void)allocations_awaiting(guarded);  // what a thread and a process keep for good
    (void)allocations_awaiting(guarded);
    const std::size_t kept = balance_here;
    (void)allocations_awaiting(guarded);
    EXPECT_EQ(balance_here, kept);
}

}  // namespace
}  // namespace cutwater
