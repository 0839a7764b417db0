#include "cutwater/pipeline/any_pipeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "cutwater/pipeline/own_policies_test.hpp"
#include "cutwater/testing/matchers.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::fails_with;
using testing::has_value;
using ::testing::HasSubstr;

int seven() { return 7; }

/// What it says when `f` is refused.
template <class F>
std::string complaint_of(F&& f) {
    try {
        f();
    } catch (const std::logic_error& e) {
        return e.what();
    }
    return "nothing";
}

TEST(any_pipeline, without_layers_runs_the_callable) {
    any_pipeline<int> bare;
    EXPECT_THAT(bare.run(seven), has_value(7));
    EXPECT_EQ(bare.describe(), "call\n");
    EXPECT_FALSE(bare.bounds_time());
}

TEST(any_pipeline, is_put_together_layer_by_layer) {
    testing::virtual_time time;
    testing::mock_dependency<int> flaky{time};
    flaky.fails(std::errc::connection_reset).returns(7);
    any_pipeline<int> guarded;
    guarded.add(timeout{2s}).add(retry{{.base_delay = 1ms}});
    EXPECT_THAT(time.run(guarded, flaky.blocking()), has_value(7));
    EXPECT_TRUE(guarded.bounds_time());
}

TEST(any_pipeline, takes_references_as_a_pipeline_does) {
    own::ledger book;
    own::door gate{"door", book, 1};
    any_pipeline<int> reads{ref(gate)};
    any_pipeline<int> writes{ref(gate)};
    EXPECT_THAT(reads.run(seven), has_value(7));
    EXPECT_THAT(writes.run(seven), fails_with(errc::refused));
}

TEST(any_pipeline, refuses_a_layer_after_the_rules) {
    any_pipeline<int> guarded{retry{}, classify{}};
    const std::string said = "cutwater::any_pipeline: a layer is added after the rules; rules are the innermost layer";
    EXPECT_EQ(complaint_of([&] { guarded.add(timeout{1s}); }), said);
    EXPECT_EQ(complaint_of([&] { guarded.add(classify{}); }), said) << "all rules belong into one";
    EXPECT_EQ(guarded.describe(), any_pipeline<int>{retry{}}.describe()) << "and stays as it was";
}

TEST(any_pipeline, refuses_a_second_layer_with_threads_of_its_own) {
    any_pipeline<int> guarded{worker_pool{{.threads = 1}}};
    EXPECT_EQ(complaint_of([&] { guarded.add(worker_pool{{.threads = 1}}); }),
              "cutwater::any_pipeline: two layers have threads of their own; a call runs on one");
}

TEST(any_pipeline, judges_by_its_rules) {
    testing::virtual_time time;
    any_pipeline<int> guarded{retry{{.base_delay = 1ms}}, classify{transient(value([](int i) { return i < 0; }))}};
    int calls = 0;
    EXPECT_THAT(time.run(guarded, [&] { return ++calls < 3 ? -1 : 7; }), has_value(7));
    EXPECT_EQ(calls, 3);
}

TEST(any_pipeline, of_nothing_and_of_what_can_only_be_moved) {
    any_pipeline<void> nothing{retry{}};
    EXPECT_TRUE(nothing.run([] {}));
    EXPECT_TRUE(nothing.run([]() -> std::expected<void, std::errc> { return {}; }));
    any_pipeline<std::unique_ptr<int>> moved{retry{}};
    EXPECT_EQ(**moved.run([] { return std::make_unique<int>(7); }), 7);
}

TEST(any_pipeline, can_be_moved_with_what_it_owns) {
    any_pipeline<int> first{retry{{.name = "r"}}, bulkhead{}};
    const std::string tree = first.describe();
    any_pipeline<int> second{std::move(first)};
    EXPECT_EQ(second.describe(), tree);
    EXPECT_THAT(second.run(seven), has_value(7));
    any_pipeline<int> third;
    third = std::move(second);
    EXPECT_EQ(third.describe(), tree);
    EXPECT_THAT(third.run(seven), has_value(7));
    std::vector<any_pipeline<int>> several;
    several.push_back(std::move(third));
    several.emplace_back(timeout{1s});
    EXPECT_THAT(several.front().run(seven), has_value(7));
}

// ---- state that does not fit into the usual memory ----

/// A watchman who remembers a great deal, and notices when it is not what he remembered.
class elephant {
public:
    explicit elephant(int& wrong) : wrong_{&wrong} {}
    [[nodiscard]] name layer_name() const { return "elephant"; }

    using memory = std::array<std::uintptr_t, 64>;
    [[nodiscard]] memory before(call_context& call) const {
        memory m{};
        m.fill(mark(call));
        return m;
    }
    void after(const memory& m, const observation&, call_context& call) const {
        if (m.front() != mark(call) || m.back() != mark(call)) ++*wrong_;
    }

private:
    [[nodiscard]] std::uintptr_t mark(call_context& call) const {
        return reinterpret_cast<std::uintptr_t>(this) ^ reinterpret_cast<std::uintptr_t>(&call);  // NOLINT
    }
    int* wrong_;
};

TEST(any_pipeline, keeps_large_states_apart) {
    int wrong = 0;
    any_pipeline<int> guarded;
    for (int i = 0; i < 6; ++i) guarded.add(elephant{wrong});
    guarded.add(own::persistence{3, 1ms});
    for (int i = 0; i < 6; ++i) guarded.add(elephant{wrong});
    testing::virtual_time time;
    testing::virtual_asio loop{time};
    testing::mock_dependency<int> flaky{time};
    flaky.fails(std::errc::connection_reset).fails(std::errc::connection_reset).returns(7);
    EXPECT_THAT(time.run(guarded, flaky.blocking()), has_value(7));
    EXPECT_THAT(loop.run(guarded, loop.coroutine(flaky)), has_value(7));
    EXPECT_EQ(wrong, 0);
}

/// A watchman whose memory asks for the strictest alignment that there is for free.
struct aligned_frame {
    struct alignas(std::max_align_t) memory {
        const void* self = nullptr;
    };
    int* misplaced;
    [[nodiscard]] name layer_name() const { return "aligned"; }
    [[nodiscard]] memory before(call_context&) const { return {}; }
    void after(const memory& m, const observation&, call_context&) const {
        *misplaced += reinterpret_cast<std::uintptr_t>(&m) % alignof(std::max_align_t) == 0 ? 0 : 1;  // NOLINT
    }
};

TEST(any_pipeline, aligns_what_layers_remember) {
    int misplaced = 0;
    any_pipeline<int> guarded{aligned_frame{&misplaced}, retry{}, aligned_frame{&misplaced}, bulkhead{},
                              aligned_frame{&misplaced}};
    EXPECT_THAT(guarded.run(seven), has_value(7));
    EXPECT_EQ(misplaced, 0);
}

TEST(any_pipeline, ends_what_layers_remember_where_a_call_is_left_early) {
    struct remembers {
        explicit remembers(int& alive) : alive_{&alive} { ++*alive_; }
        remembers(remembers&& other) noexcept : alive_{std::exchange(other.alive_, nullptr)} {}
        remembers& operator=(remembers&&) = delete;
        remembers(const remembers&) = delete;
        remembers& operator=(const remembers&) = delete;
        ~remembers() {
            if (alive_ != nullptr) --*alive_;
        }

    private:
        int* alive_;
    };
    struct counted_frame {
        int* alive;
        [[nodiscard]] name layer_name() const { return "counted"; }
        [[nodiscard]] remembers before(call_context&) const { return remembers{*alive}; }
        void after(const remembers&, const observation&, call_context&) const {}
    };
    int alive = 0;
    own::ledger book;
    any_pipeline<int> guarded{counted_frame{&alive}, counted_frame{&alive}, own::door{"door", book, 0},
                              counted_frame{&alive}};
    EXPECT_THAT(guarded.run(seven), fails_with(errc::refused));
    EXPECT_EQ(alive, 0);
}

TEST(any_pipeline, gives_the_value_or_throws_as_a_pipeline_does) {
    any_pipeline<int> guarded{retry{}};
    EXPECT_EQ(guarded.run_or_throw(seven), 7);
    EXPECT_THROW(guarded.run_or_throw([]() -> int { throw std::out_of_range{"no"}; }), std::out_of_range);
    const auto io_error = []() -> std::expected<int, std::errc> { return std::unexpected{std::errc::io_error}; };
    EXPECT_THROW(guarded.run_or_throw({.operation = "get"}, io_error), call_error);
}

}  // namespace
}  // namespace cutwater
