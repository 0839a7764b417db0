// A name server that says nothing: before the system's resolver, for the program whose source includes this, one name takes as long as a test likes.
//
//     slow_resolver says;            // a look-up of slow.test does not come back
//     …;   says.answer();            // now it does: there is no such name
//
// To be included by one source of a program.
#pragma once

#include <dlfcn.h>
#include <netdb.h>

#include <atomic>
#include <string_view>

namespace cutwater::testing {

class slow_resolver {
public:
    slow_resolver() { hold(); }
    slow_resolver(const slow_resolver&) = delete;
    slow_resolver& operator=(const slow_resolver&) = delete;
    ~slow_resolver() { answer(); }

    void hold() {
        began = 0;
        ended = 0;
        is_slow = true;
    }
    void answer() {
        is_slow = false;
        is_slow.notify_all();
    }
    void wait_for_a_look_up() const { began.wait(0); }
    void wait_for_its_end() const { ended.wait(0); }

    /// Look-ups since `hold`.
    static inline std::atomic<int> began{0};
    static inline std::atomic<int> ended{0};
    static inline std::atomic<bool> is_slow{false};
};

}  // namespace cutwater::testing

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
    using all = cutwater::testing::slow_resolver;
    if (node != nullptr && std::string_view{node} == "slow.test") {
        ++all::began;
        all::began.notify_all();
        all::is_slow.wait(true);
        ++all::ended;
        all::ended.notify_all();
        return EAI_AGAIN;
    }
    using system_resolver = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto system = reinterpret_cast<system_resolver>(dlsym(RTLD_NEXT, "getaddrinfo"));
    return system(node, service, hints, found);
}
