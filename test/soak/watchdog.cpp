#include "test/soak/watchdog.hpp"

#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "cutwater/drive/sync/parker.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define CUTWATER_SOAK_SANITIZED
#endif
#endif

namespace cutwater::soak {

namespace {

std::atomic<std::uint64_t> playing_seed{0};
std::atomic<manner> playing_manner{manner::blocking};

void write_text(std::string_view text) noexcept {
    for (ssize_t written = 0; !text.empty() && written >= 0; text.remove_prefix(static_cast<std::size_t>(written)))
        written = ::write(STDERR_FILENO, text.data(), text.size());
}

/// What a dying process still may do: no memory is asked for.
void say_what_was_played() noexcept {
    char digits[24];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), playing_seed.load()).ptr;
    const std::string_view seed{std::begin(digits), static_cast<std::size_t>(end - std::begin(digits))};
    for (const std::string_view part :
         {std::string_view{"soak: seed "}, seed, std::string_view{", "}, to_text(playing_manner.load()),
          std::string_view{"; again: ./dev soak --seed "}, seed, std::string_view{"\n"}})
        write_text(part);
}

extern "C" void die_saying_it(int signal) {
    write_text("soak: the process dies\n");
    say_what_was_played();
    std::signal(signal, SIG_DFL);
    (void)std::raise(signal);
}

void say_it_before_dying() {
#ifdef CUTWATER_SOAK_SANITIZED
    __sanitizer_set_death_callback(say_what_was_played);
#else
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) (void)std::signal(signal, die_saying_it);
#endif
    (void)std::signal(SIGABRT, die_saying_it);
}

}  // namespace

std::string command_for(std::uint64_t seed, manner how) {
    const std::string number = std::to_string(seed);
    return repeats_exactly(how) ? "./dev soak --seed " + number : "./dev soak 60 --seed " + number;
}

watchdog::watchdog(duration patience)
    : thread_{[this, patience](const std::stop_token& over) { watch(over, patience); }} {
    say_it_before_dying();
}

watchdog::~watchdog() {
    thread_.request_stop();
    thread_.join();
}

void watchdog::begin(std::uint64_t seed, manner how) noexcept {
    playing_seed = seed;
    playing_manner = how;
    ++begun_;
}

void watchdog::watch(const std::stop_token& over, duration patience) const {
    parker place;
    std::uint64_t seen = begun_;
    instant until = in(patience);
    while (place.wait(std::min(until, in(std::chrono::seconds{1})), over) != wait_end::cancelled) {
        if (const std::uint64_t now_begun = begun_; now_begun != seen) {
            seen = now_begun;
            until = in(patience);
        } else if (now() >= until) {
            write_text("soak: it hangs: nothing has ended for " + cutwater::to_text(patience) + "\n");
            say_what_was_played();
            std::_Exit(EXIT_FAILURE);
        }
    }
}

}  // namespace cutwater::soak
