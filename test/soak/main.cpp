// The command line of the soak: `./dev soak [SECONDS] [--seed N]`.

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>

#include <CLI/CLI.hpp>

#include "cutwater/drive/clock/clock.hpp"
#include "test/soak/soak.hpp"
#include "test/soak/watchdog.hpp"

namespace cutwater::soak {
namespace {

constexpr auto about = R"(Random configurations of every policy, and random calls through them, seed after seed.

After each it checks that permits and tokens are conserved, that every call ended once, that nobody is left waiting, and that
what is counted is what was told. It stops at the first seed that fails, and prints the seed, its configuration, and the command
that plays it again.)";
constexpr auto examples = R"(Examples:
  ./dev soak                 ten minutes
  ./dev soak 60              a minute
  ./dev soak --seed 4711     one seed, once in each manner
  ./dev soak 60 --seed 4711  one seed, again and again

Exit codes: 0 nothing was found, 1 a seed failed, hung or crashed, 2 the command line is wrong, 130 stopped by Ctrl-C.)";

constexpr int found = 1;
constexpr int misused = 2;
constexpr int interrupted = 130;
constexpr duration longest_play = std::chrono::seconds{30};

std::atomic<bool> stopped{false};
static_assert(std::atomic<bool>::is_always_lock_free, "or a signal handler may not touch it");

extern "C" void stop(int) { stopped = true; }

/// The first Ctrl-C ends it in order, a second one ends the process.
void heed_ctrl_c() {
    struct sigaction action{};
    action.sa_handler = stop;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    (void)::sigaction(SIGINT, &action, nullptr);
    (void)::sigaction(SIGTERM, &action, nullptr);
}

/// One line, written anew; nothing where nobody watches.
class progress {
public:
    void show(const soak_summary& so_far) {
        if (!watched_ || between(shown_, now()) < std::chrono::milliseconds{200}) return;
        shown_ = now();
        std::fprintf(stderr, "\r%s\033[K", so_far.text().c_str());
    }
    void clear() const {
        if (watched_) std::fputs("\r\033[K", stderr);
    }

private:
    bool watched_ = ::isatty(STDERR_FILENO) == 1;
    instant shown_{};
};

int tell(const soak_summary& end, std::uint64_t first_seed) {
    if (end.failed) {
        std::fputs(("soak: after " + end.text() + ": " + end.failed->text()).c_str(), stderr);
        return found;
    }
    const std::string seeds = ", the first seed " + std::to_string(first_seed);
    std::puts((end.text() + seeds + (end.interrupted ? "; stopped before its end" : ": nothing found")).c_str());
    return end.interrupted ? interrupted : 0;
}

int soak(const soak_options& chosen) {
    heed_ctrl_c();
    watchdog watch{longest_play};
    progress line;
    const soak_summary end = run(chosen, {.begins = [&](std::uint64_t seed, manner how) { watch.begin(seed, how); },
                                          .goes_on = [&](const soak_summary& so_far) { line.show(so_far); },
                                          .is_stopped = [] { return stopped.load(); }});
    line.clear();
    return tell(end, chosen.first_seed);
}

int run_program(int count, const char* const* words) {
    CLI::App program{about, "./dev soak"};
    program.footer(examples);
    unsigned seconds = 600;
    soak_options chosen{.first_seed = this_machine.random()() % 1'000'000'000};
    std::vector<manner> only;
    const auto* const time =
        program.add_option("SECONDS", seconds, "how long [600]")->check(CLI::Range(1U, 1'000'000U))->option_text(" ");
    const auto* const seed = program.add_option("--seed", chosen.first_seed, "this seed alone")->type_name("N");
    const std::map<std::string, manner> manners{
        {"blocking", manner::blocking}, {"coroutines", manner::coroutines}, {"threads", manner::threads}};
    program.add_option("--manner", only, "blocking, coroutines or threads [all of them]")
        ->transform(CLI::Transformer(manners))
        ->option_text("NAME");
    try {
        program.parse(count, words);
    } catch (const CLI::ParseError& e) {
        return program.exit(e) == 0 ? 0 : misused;
    }
    chosen.time = std::chrono::seconds{seconds};
    chosen.same_seed = seed->count() > 0;
    if (chosen.same_seed && time->count() == 0) chosen.rounds = 1;
    if (!only.empty()) chosen.manners = only;
    return soak(chosen);
}

}  // namespace
}  // namespace cutwater::soak

int main(int count, char** words) {
    try {
        return cutwater::soak::run_program(count, words);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "soak: %s\n", e.what());
        return 1;
    }
}
