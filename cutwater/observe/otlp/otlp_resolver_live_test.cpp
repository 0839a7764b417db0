// A name server that says nothing: the system's resolver cannot be interrupted, and keeps nobody beyond a limit.

#include <dlfcn.h>  // tidy: allow third-party because a resolver that hangs is put before the system's
#include <gtest/gtest.h>
#include <netdb.h>  // tidy: allow third-party because it is the system's resolver that is replaced

#include <atomic>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string_view>
#include <thread>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/observe/otlp/otlp_exporter.hpp"

namespace {

/// While set, a look-up of slow.test does not come back.
std::atomic<bool> slow{false};
std::atomic<int> looked_up{0};
std::atomic<int> came_back{0};

}  // namespace

/// Before the system's, for this program: one name takes as long as a test likes.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
    if (node != nullptr && std::string_view{node} == "slow.test") {
        ++looked_up;
        looked_up.notify_all();
        slow.wait(true);
        ++came_back;
        came_back.notify_all();
        return EAI_AGAIN;
    }
    using system_resolver = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto system = reinterpret_cast<system_resolver>(dlsym(RTLD_NEXT, "getaddrinfo"));
    return system(node, service, hints, found);
}

namespace cutwater {
namespace {

class otlp_with_a_silent_name_server : public ::testing::Test {
protected:
    otlp_with_a_silent_name_server() {
        slow = true;
        looked_up = 0;
    }
    ~otlp_with_a_silent_name_server() override { answer(); }
    static void answer() {
        slow = false;
        slow.notify_all();
    }
    static void wait_for_a_look_up() { looked_up.wait(0); }

    static trace_span some_span() {
        trace_span made;
        made.context = {.trace = {7, 7}, .span = {1}, .flags = trace_context::sampled};
        made.name = "some";
        return made;
    }
    otlp_options options{.url = "http://slow.test:4318/v1/traces",
                         .every = 1ms,
                         .request_limit = 1h,
                         .batch_limit = 1h,
                         .shutdown_limit = 50ms};
};

TEST_F(otlp_with_a_silent_name_server, T41_whoever_goes_is_kept_no_longer_than_the_limit) {
    auto exporter = std::make_unique<otlp_exporter>(options);
    exporter->take(some_span());
    wait_for_a_look_up();
    const instant began = now();
    exporter->shutdown(options.shutdown_limit);
    EXPECT_EQ(exporter->counts().failed, 1U);
    EXPECT_EQ(exporter->counts().pending(), 0U);
    exporter.reset();
    EXPECT_LT(between(began, now()), 10s) << "and the look-up has not come back";
}

TEST_F(otlp_with_a_silent_name_server, a_request_is_given_up_after_its_own_limit) {
    options.request_limit = 20ms;
    options.retry_delay = 1ms;
    options.max_attempts = 2;
    otlp_exporter exporter{options};
    exporter.take(some_span());
    EXPECT_TRUE(exporter.flush(10s));
    EXPECT_EQ(exporter.counts().failed, 1U);
    EXPECT_LE(looked_up, 1) << "what comes after it waits behind it, and is given up as well";
}

std::ptrdiff_t threads() {
    const std::filesystem::directory_iterator all{"/proc/self/task"};
    return std::distance(begin(all), end(all));
}

TEST_F(otlp_with_a_silent_name_server, what_was_left_behind_is_over_when_it_answers) {
    const std::ptrdiff_t before = threads();
    came_back = 0;
    for (int i = 0; i < 2; ++i) {
        looked_up = 0;
        slow = true;
        {
            otlp_exporter exporter{options};
            exporter.take(some_span());
            wait_for_a_look_up();
        }
        EXPECT_GT(threads(), before) << "the look-up goes on";
        answer();
        for (int back = came_back; back <= i; back = came_back) came_back.wait(back);
    }
    for (int tries = 0; tries < 1'000 && threads() > before; ++tries) {
        otlp_exporter{options}.shutdown(0s);  // takes what is over along
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_LE(threads(), before);
}

}  // namespace
}  // namespace cutwater
