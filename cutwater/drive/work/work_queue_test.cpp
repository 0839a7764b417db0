#include "cutwater/drive/work/work_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <latch>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "cutwater/cutwater.hpp"
#include "cutwater/drive/work/by_hand_test.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/matchers.hpp"
#include "cutwater/testing/others.hpp"
#include "cutwater/testing/refused_options.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using enum queue_overflow;

constexpr auto seven = [] { return 7; };

class work_queue_test : public ::testing::Test {
protected:
    virtual_time time;
    event_recorder heard;
    bulkhead wide{{.max_concurrent = 1000}};
    pipeline<reference<bulkhead>> plain{ref(wide)};
    std::vector<std::string> told;

    auto tells(const std::string& called) {
        return [this, called](const auto& r) {
            told.push_back(called + (r ? "" : ": " + r.error().code().message()) + " " + to_text(time.elapsed()));
        };
    }
};

// --- waiting for a place -------------------------------------------------------------------------------------------------

TEST_F(work_queue_test, S125_who_posts_waits_for_a_place_that_comes_free) {
    by_hand queue{time, {.max_length = 1, .when_full = block, .max_wait = 1s}};
    ASSERT_TRUE(queue.post(nothing_said, ref(plain), seven, tells("a")));
    time.after(30ms, [&] { EXPECT_TRUE(queue.turn()); });
    EXPECT_TRUE(queue.post(nothing_said, ref(plain), seven, tells("b")));
    EXPECT_EQ(time.elapsed(), 30ms);
    queue.run_all();
    EXPECT_THAT(told, ElementsAre("a 30ms", "b 30ms"));
}

TEST_F(work_queue_test, T46_what_is_past_its_deadline_leaves_a_full_queue_though_every_worker_is_busy) {
    by_hand queue{time, {.max_length = 2}};
    const auto posts_two = [&] {
        EXPECT_TRUE(queue.post({.deadline = time.in(10ms)}, ref(plain), seven, tells("late")));
        time.pass(40ms);
        EXPECT_TRUE(queue.post(nothing_said, ref(plain), seven, tells("new")));
        return 7;
    };
    ASSERT_TRUE(queue.post(nothing_said, ref(plain), posts_two, tells("runs")));
    queue.run_all();
    EXPECT_THAT(told, ElementsAre("late: the deadline passed before it had begun 40ms", "runs 40ms", "new 40ms"));
}

TEST_F(work_queue_test, T46_who_posts_does_not_wait_for_a_place_that_one_past_its_deadline_has) {
    by_hand queue{time, {.max_length = 1, .when_full = block, .max_wait = 1h}};
    ASSERT_TRUE(queue.post({.deadline = time.in(10ms)}, ref(plain), seven, tells("late")));
    time.pass(10ms);
    EXPECT_TRUE(queue.post(nothing_said, ref(plain), seven, tells("new")));
    EXPECT_EQ(time.elapsed(), 10ms);
    EXPECT_EQ(queue.held(), 1U);
    queue.close();
    queue.run_all();
    EXPECT_THAT(told, ElementsAre("late: the deadline passed before it had begun 10ms", "new 10ms"));
}

TEST_F(work_queue_test, T46_who_waits_for_a_place_has_that_of_one_who_passes_its_deadline_meanwhile) {
    by_hand queue{time, {.max_length = 1, .when_full = block, .max_wait = 1h}};
    ASSERT_TRUE(queue.post({.deadline = time.in(10ms)}, ref(plain), seven, tells("late")));
    EXPECT_TRUE(queue.post(nothing_said, ref(plain), seven, tells("new")));
    EXPECT_EQ(time.elapsed(), 10ms);
    queue.run_all();
    EXPECT_THAT(told, ElementsAre("late: the deadline passed before it had begun 10ms", "new 10ms"));
}

TEST_F(work_queue_test, T46_one_who_passes_its_deadline_leaves_before_who_waits_for_its_place_has_waited_in_vain) {
    by_hand queue{time, {.max_length = 1, .when_full = block, .max_wait = 10ms}};
    ASSERT_TRUE(queue.post({.deadline = time.in(10ms)}, ref(plain), seven, tells("late")));
    EXPECT_TRUE(queue.post({.deadline = time.in(10ms)}, ref(plain), seven, tells("new")));
    queue.run_all();
    EXPECT_EQ(queue.held(), 0U);
}

TEST_F(work_queue_test, T46_who_waits_for_a_place_watches_the_deadlines_of_those_who_come_meanwhile) {
    by_hand queue{time, {.max_length = 2, .when_full = block, .max_wait = 1h}};
    for (const auto* name : {"a", "b"}) ASSERT_TRUE(queue.post(nothing_said, ref(plain), seven, tells(name)));
    time.after(5ms, [&] {
        const call_options short_lived{.deadline = time.in(15ms), .importance = criticality::critical};
        EXPECT_TRUE(queue.post(short_lived, ref(plain), seven, tells("short")));
        EXPECT_EQ(time.elapsed(), 7ms);
    });
    time.after(7ms, [&] { EXPECT_TRUE(queue.turn()); });
    EXPECT_TRUE(queue.post(nothing_said, ref(plain), seven, tells("patient")));
    EXPECT_EQ(time.elapsed(), 20ms);
    queue.run_all();
    EXPECT_THAT(told,
                ElementsAre("a 7ms", "short: the deadline passed before it had begun 20ms", "b 20ms", "patient 20ms"));
}

// --- ends that are told where others post --------------------------------------------------------------------------------

TEST_F(work_queue_test, T46_however_many_post_anew_what_is_past_its_deadline_no_stack_grows_with_them) {
    constexpr unsigned many = 50'000;
    by_hand queue{time, {.max_length = many}};
    unsigned late = 0;
    const auto posts_anew = [&](const result<int>& r) {
        late += !r && r.error().code() == errc::expired ? 1U : 0U;
        EXPECT_TRUE(queue.post(nothing_said, ref(plain), seven) || late == many);
    };
    for (unsigned i = 0; i < many; ++i)
        ASSERT_TRUE(queue.post({.deadline = time.in(10ms)}, ref(plain), seven, posts_anew));
    time.pass(10ms);
    EXPECT_TRUE(queue.post(nothing_said, ref(plain), seven));
    EXPECT_EQ(late, many);
    EXPECT_EQ(queue.held(), many) << "the last of them found it full";
}

TEST_F(work_queue_test, what_is_posted_anew_when_it_is_told_that_it_was_displaced_displaces_nobody) {
    by_hand queue{time, {.max_length = 2, .when_full = drop_oldest}};
    struct again {
        by_hand* queue;
        pipeline<reference<bulkhead>>* through;
        std::vector<errc>* refused;
        void operator()(const result<int>& r) const {
            if (r || r.error().code() != errc::displaced) return;
            const auto taken = queue->post({.importance = criticality::critical}, ref(*through), seven, *this);
            if (!taken) refused->push_back(static_cast<errc>(taken.error().code().value()));
        }
    };
    std::vector<errc> refused;
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(queue.post(nothing_said, ref(plain), seven, again{&queue, &plain, &refused}));
    EXPECT_THAT(refused, ElementsAre(errc::queue_full));
    EXPECT_EQ(queue.held(), 2U);
}

TEST_F(work_queue_test, a_place_that_comes_free_while_a_task_is_made_is_its_own) {
    by_hand queue{time, {.max_length = 1, .when_full = drop_oldest}};
    struct takes_a_turn {
        by_hand* queue;
        int moves_left;
        takes_a_turn(by_hand& on, int moves) : queue{&on}, moves_left{moves} {}
        takes_a_turn(takes_a_turn&& other) noexcept : queue{other.queue}, moves_left{other.moves_left - 1} {
            if (moves_left == 0) (void)queue->turn();
        }
        int operator()() const { return 7; }
    };
    bulkhead narrow{{.max_concurrent = 1, .max_queue = 1, .max_wait = 1h}};
    testing::others those{narrow, time};
    those.come();
    pipeline through{ref(narrow)};
    ASSERT_TRUE(queue.post(nothing_said, ref(through), seven, tells("a")));
    ASSERT_TRUE(queue.turn()) << "it has begun, and cannot be displaced";
    those.go();
    EXPECT_TRUE(queue.post(nothing_said, ref(plain), takes_a_turn{queue, 2}, tells("b")));
    queue.run_all();
    EXPECT_THAT(told, ElementsAre("a 0s", "b 0s"));
}

// --- waiting no longer than one may --------------------------------------------------------------------------------------

TEST_F(work_queue_test, S27_who_posts_waits_no_longer_than_the_queue_lets_one) {
    by_hand queue{time, {.name = "orders", .max_length = 1, .when_full = block, .max_wait = 50ms}, &heard};
    ASSERT_TRUE(queue.post(nothing_said, ref(plain), seven));
    const auto taken = queue.post({.operation = "charge", .id = "42"}, ref(plain), seven, tells("b"));
    ASSERT_FALSE(taken);
    EXPECT_THAT(taken.error(), AllOf(fails_with(errc::wait_timed_out), spoken_by("orders")));
    EXPECT_EQ(taken.error().limit(), 50ms);
    EXPECT_EQ(taken.error().operation(), name{"charge"});
    EXPECT_EQ(taken.error().call_id(), "42");
    EXPECT_EQ(time.elapsed(), 50ms);
    EXPECT_EQ(heard.count("work_refused"), 1U);
    queue.run_all();
    EXPECT_TRUE(told.empty()) << "who is refused is told by post, and by nothing else";
    EXPECT_TRUE(queue.post(nothing_said, ref(plain), seven)) << "and has left nothing behind";
}

TEST_F(work_queue_test, who_posts_waits_no_longer_than_its_own_deadline) {
    by_hand queue{time, {.max_length = 1, .when_full = block, .max_wait = 50ms}};
    ASSERT_TRUE(queue.post(nothing_said, ref(plain), seven));
    const auto taken = queue.post({.deadline = time.in(20ms)}, ref(plain), seven);
    EXPECT_THAT(taken, fails_with(errc::wait_timed_out));
    EXPECT_EQ(taken.error().limit(), std::nullopt);
    EXPECT_EQ(time.elapsed(), 20ms);
    EXPECT_THAT(queue.post({.deadline = time.present()}, ref(plain), seven), fails_with(errc::wait_timed_out));
}

TEST_F(work_queue_test, T43_a_caller_who_cancels_waits_no_longer_for_a_place) {
    by_hand queue{time, {.max_length = 1, .when_full = block, .max_wait = 1h}};
    ASSERT_TRUE(queue.post(nothing_said, ref(plain), seven));
    std::stop_source caller;
    time.after(5ms, [&] { caller.request_stop(); });
    EXPECT_THAT(queue.post({.stop = caller.get_token()}, ref(plain), seven), fails_with(errc::cancelled));
    EXPECT_EQ(time.elapsed(), 5ms);
    queue.run_all();
    EXPECT_EQ(queue.held(), 0U);
}

TEST_F(work_queue_test, who_waits_for_a_place_is_told_when_the_queue_closes) {
    by_hand queue{time, {.max_length = 1, .when_full = block, .max_wait = 1h}};
    ASSERT_TRUE(queue.post(nothing_said, ref(plain), seven, tells("a")));
    time.after(5ms, [&] { queue.close(); });
    EXPECT_THAT(queue.post(nothing_said, ref(plain), seven), fails_with(errc::queue_closed));
    EXPECT_EQ(time.elapsed(), 5ms);
    queue.run_all();
    EXPECT_THAT(told, ElementsAre("a 5ms"));
}

TEST_F(work_queue_test, a_task_that_waits_for_a_place_in_its_own_full_queue_gives_up_in_time) {
    by_hand queue{time, {.max_length = 1, .when_full = block, .max_wait = 50ms}};
    std::optional<errc> inner;
    const auto posts_more = [&] {
        const auto taken = queue.post(nothing_said, ref(plain), seven);
        if (!taken && taken.error().code() == errc::wait_timed_out) inner = errc::wait_timed_out;
    };
    ASSERT_TRUE(queue.post(nothing_said, ref(plain), posts_more, tells("a")));
    queue.run_all();
    EXPECT_EQ(inner, errc::wait_timed_out);
    EXPECT_THAT(told, ElementsAre("a 50ms"));
}

// --- what a task is --------------------------------------------------------------------------------------------------------

TEST_F(work_queue_test, texts_of_the_options_need_not_outlive_the_call_that_posts) {
    by_hand queue{time, {}};
    std::string seen;
    struct looks {
        std::string* into;
        [[nodiscard]] name layer_name() const { return "looks"; }
        int before(call_context& call) const {
            *into = std::string{call.said().id} + "/" + std::string{call.said().tenant} + "/" +
                    std::string{call.said().target};
            return 0;
        }
        void after(int, const observation&, call_context&) const {}
    };
    pipeline watched{looks{&seen}};
    {
        const std::string id(40, 'i');
        const std::string tenant(40, 't');
        ASSERT_TRUE(queue.post({.id = id, .tenant = tenant, .target = "host"}, ref(watched), seven));
    }
    queue.run_all();
    EXPECT_EQ(seen, std::string(40, 'i') + "/" + std::string(40, 't') + "/host");
}

TEST_F(work_queue_test, callable_and_done_may_be_movable_only_and_go_before_their_end_is_told) {
    by_hand queue{time, {}};
    auto owned = std::make_shared<int>(7);
    const std::weak_ptr<int> watched = owned;
    bool was_gone = false;
    int given = 0;
    ASSERT_TRUE(queue.post(
        nothing_said, ref(plain),
        [held = std::move(owned), unique = std::make_unique<int>(1)] { return *held + *unique; },
        [&, into = std::make_unique<int>()](const result<int>& r) {
            was_gone = watched.expired();
            given = *r + *into;
        }));
    queue.run_all();
    EXPECT_EQ(given, 8);
    EXPECT_TRUE(was_gone);
}

TEST_F(work_queue_test, what_whom_to_tell_owns_is_gone_when_the_place_is_free) {
    by_hand queue{time, {}};
    unsigned held_at_its_end = 0;
    struct looks {
        by_hand* queue;
        unsigned* held;
        ~looks() { *held = queue->held(); }
    };
    auto owned = std::make_shared<looks>(&queue, &held_at_its_end);
    ASSERT_TRUE(queue.post(nothing_said, ref(plain), seven, [own = std::move(owned)](const auto&) {}));
    queue.run_all();
    EXPECT_EQ(held_at_its_end, 1U);
}

TEST_F(work_queue_test, a_pipeline_that_is_posted_by_value_is_the_tasks_own) {
    by_hand queue{time, {}};
    unsigned sent = 0;
    {
        pipeline own{retry{{.max_attempts = 3, .base_delay = 1ms}}};
        const auto fails = [&sent]() -> std::expected<int, std::errc> {
            ++sent;
            return std::unexpected{std::errc::connection_reset};
        };
        ASSERT_TRUE(queue.post(nothing_said, own, fails));
    }
    queue.run_all();
    EXPECT_EQ(sent, 3U);
}

TEST_F(work_queue_test, a_pipeline_that_is_chosen_at_run_time_does_as_well) {
    by_hand queue{time, {}};
    any_pipeline<int> chosen{retry{{.max_attempts = 2, .base_delay = 10ms, .jitter = jitter::none}}, timeout{1s}};
    unsigned sent = 0;
    ASSERT_TRUE(queue.post(
        nothing_said, ref(chosen),
        [&]() -> std::expected<int, std::errc> {
            if (++sent < 2) return std::unexpected{std::errc::connection_reset};
            return 7;
        },
        tells("a")));
    queue.run_all();
    EXPECT_THAT(told, ElementsAre("a 10ms"));
}

TEST_F(work_queue_test, a_task_that_needs_no_time_reads_no_clock) {
    by_hand queue{time, {}};
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.post(nothing_said, ref(plain), seven));
    queue.run_all();
    EXPECT_EQ(time.reads(), 0U);
}

TEST_F(work_queue_test, tasks_that_go_with_their_desk_give_back_their_permits) {
    bulkhead narrow{{.max_concurrent = 1, .max_queue = 5, .max_wait = 1h}};
    pipeline holds{ref(narrow), retry{{.base_delay = 1h, .max_delay = 1h, .jitter = jitter::none}}};
    const auto fails = []() -> std::expected<int, std::errc> { return std::unexpected{std::errc::connection_reset}; };
    {
        by_hand queue{time, {}};
        ASSERT_TRUE(queue.post(nothing_said, ref(holds), fails, tells("a")));
        ASSERT_TRUE(queue.post(nothing_said, ref(holds), fails, tells("b")));
        while (queue.turn()) {}
        EXPECT_EQ(narrow.in_use(), 1U);
        EXPECT_EQ(narrow.queued(), 1U);
    }
    EXPECT_EQ(narrow.in_use(), 0U);
    EXPECT_EQ(narrow.queued(), 0U);
    EXPECT_TRUE(told.empty());
}

// --- what throws ---------------------------------------------------------------------------------------------------------

/// A value that throws when it is moved for the `fails_at`-th time.
struct fragile {
    static inline int moves = 0;
    static inline int fails_at = 0;
    fragile() = default;
    fragile(fragile&&) {
        if (++moves == fails_at) throw std::runtime_error{"it broke"};
    }
    fragile& operator=(fragile&&) = default;
    ~fragile() = default;
};

TEST_F(work_queue_test, a_value_that_cannot_be_moved_is_told_as_a_failure) {
    bool is_whole = false;
    for (int fails_at = 1; !is_whole; ++fails_at) {
        fragile::moves = 0;
        fragile::fails_at = fails_at;
        by_hand queue{time, {}, &heard};
        unsigned told_times = 0;
        const auto looks = [&](const result<fragile>& r) {
            ++told_times;
            is_whole = r.has_value();
            if (is_whole) return;
            EXPECT_THAT(r.error(), fails_with(errc::failed));
            EXPECT_EQ(r.error().message(), "get: it broke");
        };
        ASSERT_TRUE(queue.post({.operation = "get"}, ref(plain), [] { return fragile{}; }, looks));
        queue.run_all();
        EXPECT_EQ(told_times, 1U);
        EXPECT_EQ(queue.held(), 0U);
        EXPECT_EQ(wide.in_use(), 0U);
        if (!is_whole) {
            EXPECT_EQ(heard.last("work_failed").field("error_message"), "it broke");
        }
    }
}

struct breaks_when_moved {
    int* moves_left;
    explicit breaks_when_moved(int& moves) : moves_left{&moves} {}
    breaks_when_moved(breaks_when_moved&& other) : moves_left{other.moves_left} {
        if (--*moves_left == 0) throw std::runtime_error{"it broke"};
    }
    breaks_when_moved& operator=(breaks_when_moved&&) = default;
    ~breaks_when_moved() = default;
};

/// On threads, and yet here: ThreadSanitizer has a promise hang whose value throws when it is set.
TEST_F(work_queue_test, who_comes_for_a_value_that_cannot_be_moved_finds_that) {
    work_queue queue{{.workers = 1}};
    pipeline guarded{timeout{1h}};
    bool is_whole = false;
    for (int moves = 1; !is_whole; ++moves) {
        int left = moves;
        auto later = queue.submit(ref(guarded), [&] { return breaks_when_moved{left}; });
        ASSERT_TRUE(later);
        later->wait();
        left += 10;  // taking it out is its owner's
        const auto r = later->get();
        is_whole = r.has_value();
        if (!is_whole) {
            EXPECT_THAT(r, fails_with(errc::failed));
        }
    }
}

/// A pipeline whose calls cannot be made.
struct no_memory {
    template <class T>
    pipeline<timeout>::run_type<T> start_run(const call_options&, environment&, parking&) const {
        throw std::runtime_error{"no memory"};
    }
};

TEST_F(work_queue_test, a_call_that_cannot_be_made_is_told_as_a_failure) {
    by_hand queue{time, {.rate = 1, .per = 1h}, &heard};
    ASSERT_TRUE(queue.post({.operation = "get", .id = "42"}, no_memory{}, seven, tells("a")));
    ASSERT_TRUE(queue.post(nothing_said, ref(plain), seven, tells("b")));
    queue.run_all();
    EXPECT_THAT(told, ElementsAre("a: the call failed 0s", "b 0s")) << "and it has paid nothing";
    EXPECT_EQ(heard.last("work_failed").field("error_message"), "no memory");
    EXPECT_EQ(heard.last("work_failed").field("sent"), "0");
    EXPECT_EQ(queue.held(), 0U);
}

// --- listeners -----------------------------------------------------------------------------------------------------------

TEST_F(work_queue_test, T91_a_listener_may_use_the_queue_and_may_throw) {
    struct meddles final : listener {
        by_hand* queue = nullptr;
        unsigned heard = 0;
        void on_event(const event&) override {
            ++heard;
            heard += queue->held() > 1000 ? 1U : 0U;
            if (heard == 1) (void)queue->post(nothing_said, pipeline{timeout{1s}}, seven);
            throw std::runtime_error{"watching must not fail it"};
        }
    } meddler;
    by_hand queue{time, {}, &meddler};
    meddler.queue = &queue;
    ASSERT_TRUE(queue.post(nothing_said, ref(plain), seven, tells("a")));
    queue.run_all();
    EXPECT_THAT(told, ElementsAre("a 0s"));
    EXPECT_EQ(meddler.heard, 6U);
}

TEST_F(work_queue_test, a_task_is_told_as_taken_before_anybody_can_take_it) {
    struct takes_a_turn final : listener {
        by_hand* queue = nullptr;
        std::vector<std::string> names;
        void on_event(const event& e) override {
            names.emplace_back(e.kind().name);
            if (e.kind().name == "work_queued") (void)queue->turn();
        }
    } hasty;
    by_hand queue{time, {}, &hasty};
    hasty.queue = &queue;
    ASSERT_TRUE(queue.post(nothing_said, ref(plain), seven));
    queue.run_all();
    EXPECT_THAT(hasty.names, ElementsAre("work_queued", "work_started", "work_completed"));
}

TEST_F(work_queue_test, a_queue_that_is_stopped_while_a_task_is_told_as_taken_tells_its_end) {
    struct stops final : listener {
        by_hand* queue = nullptr;
        void on_event(const event& e) override {
            if (e.kind().name == "work_queued") queue->stop();
        }
    } hasty;
    by_hand queue{time, {}, &hasty};
    hasty.queue = &queue;
    EXPECT_TRUE(queue.post(nothing_said, ref(plain), seven, tells("a")));
    queue.run_all();
    EXPECT_THAT(told, ElementsAre("a: the queue takes no more 0s"));
    EXPECT_EQ(queue.held(), 0U);
}

// --- options -------------------------------------------------------------------------------------------------------------

TEST_F(work_queue_test, T57_the_options_in_force_can_be_read) {
    const work_queue queue{{.name = "orders", .workers = 2, .rate = 50}};
    EXPECT_EQ(queue.options().workers, 2U);
    EXPECT_EQ(queue.layer_name(), name{"orders"});
    EXPECT_EQ(options_text(queue.options()),
              "{workers = 2, max_length = 100, when_full = refuse, rate = 50, per = 1s, burst = 1}");
}

TEST_F(work_queue_test, T78_without_a_rate_none_is_spoken_of) {
    EXPECT_EQ(options_text(work_queue_options{}), "{workers = 4, max_length = 100, when_full = refuse, rate = 0}");
}

TEST_F(work_queue_test, options_out_of_range_are_refused) {
    const auto with = [](auto change) {
        work_queue_options options{.name = "orders", .workers = 1};
        change(options);
        return refused_with<work_queue>(std::move(options));
    };
    EXPECT_EQ(with([](auto& o) { o.workers = 0; }), "work_queue \"orders\": workers is 0, allowed is from 1 to 1024");
    EXPECT_EQ(with([](auto& o) { o.max_length = 0; }),
              "work_queue \"orders\": max_length is 0, allowed is from 1 to 1000000");
    EXPECT_EQ(with([](auto& o) { o.workers = 3, o.max_length = 2; }),
              "work_queue \"orders\": workers is 3, allowed is at most max_length, 2")
        << "one of them would never have a task";
    EXPECT_EQ(with([](auto& o) { o.workers = 2, o.max_length = 2; }), "");
    EXPECT_EQ(with([](auto& o) { o.max_wait = 0s; }),
              "work_queue \"orders\": max_wait is 0s, allowed is more than 0s and at most 24h");
    EXPECT_THAT(with([](auto& o) { o.rate = 1, o.per = 24h * 366, o.burst = 1'000'000; }), HasSubstr("burst"));
    EXPECT_EQ(with([](auto& o) { o.per = 24h * 366, o.burst = 1'000'000; }), "") << "they mean nothing without a rate";
    EXPECT_EQ(with([](auto&) {}), "");
}

// --- any history -----------------------------------------------------------------------------------------------------------

/// What is known of one task of a random history.
struct fate {
    bool was_taken = false;
    unsigned ends = 0;
    unsigned attempts = 0;
    std::stop_source caller;
};

/// Tasks come, run, are cancelled and fail, in any order; pauses hold permits that others wait for.
class random_history {
public:
    random_history() {
        const int steps = *rc::gen::inRange(1, 60);
        for (int step = 0; step < steps; ++step) {
            do_something();
            RC_ASSERT(queue_.held() <= options_.max_length);
        }
        queue_.run_all();
    }

    void check() const {
        RC_ASSERT(queue_.held() == 0U);
        for (const fate& one : all_) {
            RC_ASSERT(one.ends == (one.was_taken ? 1U : 0U));
            RC_ASSERT(one.was_taken || one.attempts == 0U);
            RC_ASSERT(one.attempts <= 3U);
        }
        RC_ASSERT(began_when_stopped_ == 0U);
        RC_ASSERT(narrow_.in_use() == 0U);
        RC_ASSERT(narrow_.queued() == 0U);
    }

private:
    void do_something() {
        switch (*rc::gen::inRange(0, 10)) {
            case 0: return cancel();
            case 1: return time_.pass(*rc::gen::element<duration>(1ms, 7ms));
            case 2:
            case 3:
            case 4: return (void)queue_.turn();
            case 5: return stop();
            default: return post();
        }
    }
    void cancel() {
        if (!all_.empty()) all_[*rc::gen::inRange<std::size_t>(0, all_.size())].caller.request_stop();
    }
    void stop() {
        if (*rc::gen::inRange(0, 8) != 0) return;
        queue_.stop();
        is_stopped_ = true;
    }
    void post() {
        fate& one = all_.emplace_back();
        const duration takes = *rc::gen::element<duration>(0ms, 1ms, 15ms);
        const call_options said{
            .deadline = *rc::gen::element(never, time_.in(8ms), time_.in(30ms)),
            .stop = *rc::gen::arbitrary<bool>() ? one.caller.get_token() : std::stop_token{},
            .importance = *rc::gen::element(criticality::critical, criticality::normal, criticality::sheddable)};
        const auto attempt_it = [this, &one, takes,
                                 fails = *rc::gen::arbitrary<bool>()]() -> std::expected<int, std::errc> {
            ++one.attempts;
            began_when_stopped_ += is_stopped_ ? 1U : 0U;
            time_.pass(takes);
            if (fails) return std::unexpected{std::errc::connection_reset};
            return 7;
        };
        const auto taken = queue_.post(said, ref(guarded_), attempt_it, [&one](const auto&) { ++one.ends; });
        one.was_taken = taken.has_value();
    }

    const work_queue_options options_{.max_length = *rc::gen::inRange(1U, 5U),
                                      .when_full = *rc::gen::element(refuse, block, drop_oldest),
                                      .max_wait = 3ms,
                                      .rate = *rc::gen::element(0U, 0U, 100U)};
    virtual_time time_;
    std::deque<fate> all_;
    unsigned began_when_stopped_ = 0;
    bool is_stopped_ = false;
    bulkhead narrow_{{.max_concurrent = 2, .max_queue = 3, .max_wait = 20ms}};
    pipeline<reference<bulkhead>, retry, timeout> guarded_{ref(narrow_), retry{{.max_attempts = 3, .base_delay = 5ms}},
                                                           timeout{10ms}};
    by_hand queue_{time_, options_};
};

RC_GTEST_PROP(work_queue_histories, each_task_ends_once_and_never_are_more_held_than_there_are_places, ()) {
    const random_history played;
    played.check();
}

RC_GTEST_PROP(work_queue_histories, one_worker_takes_first_what_matters_most_and_then_what_came_first, ()) {
    virtual_time time;
    by_hand queue{time, {.max_length = 100}};
    pipeline guarded{timeout{1s}};
    std::vector<std::pair<std::size_t, int>> expected;
    std::vector<std::pair<std::size_t, int>> order;
    const int tasks = *rc::gen::inRange(1, 30);
    for (int i = 0; i < tasks; ++i) {
        const auto importance = *rc::gen::element(criticality::critical, criticality::normal, criticality::best_effort);
        expected.emplace_back(level_of(importance), i);
        RC_ASSERT(queue
                      .post({.importance = importance}, ref(guarded),
                            [&, entry = expected.back()] { order.push_back(entry); })
                      .has_value());
    }
    queue.run_all();
    std::ranges::sort(expected);
    RC_ASSERT(order == expected);
}

}  // namespace
}  // namespace cutwater
