// Ten thousand payments over a network that loses requests and answers, to a bank that charges each of them once. Needs PostgreSQL, which it starts itself.
// The same program, told to `--serve`, is the bank.

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>

#include <CLI/CLI.hpp>

#include "examples/payments/payment_service.hpp"
#include "examples/payments/scenario.hpp"

namespace {

/// One line that is written over, on a terminal alone.
void show(std::size_t paid, std::size_t of) {
    static std::size_t shown = 0;
    if (paid == shown) return;
    shown = paid;
    std::cerr << "\r" << paid << " of " << of << " paid" << (paid == of ? "\n" : "") << std::flush;
}

/// The signal that has asked for an end.
std::atomic<int> ended_by{0};

void end_by(int signal) { ended_by = signal; }

/// Plays the day, and says what it has come to. What was started and written for it goes with it, also where a signal ends it.
int play(payments::scenario& what) {
    for (const int signal : {SIGINT, SIGTERM}) (void)std::signal(signal, end_by);
    what.is_to_end = [] { return ended_by != 0; };
    what.program = std::filesystem::read_symlink("/proc/self/exe").string();
    if (isatty(STDERR_FILENO) != 0) what.on_progress = [&](std::size_t paid) { show(paid, what.payments); };
    const payments::report told = payments::play(what);
    std::cout << told << std::flush;
    if (!std::cout) throw std::runtime_error{"the report cannot be written"};
    return told.is_right() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int count, char** arguments) {
    payments::scenario what;
    payments::service_options service;
    CLI::App program{"Payments over a bad network, each charged once."};
    program.add_option("--payments", what.payments, "how many are made")
        ->envname("PAYMENTS")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    program.add_option("--users", what.users, "how many pay at once")
        ->check(CLI::Range(1, 1'000))
        ->capture_default_str();
    program.add_option("--seed", what.seed, "of the payments, their keys and what happens to them")
        ->capture_default_str();
    program.add_option("--trouble", what.trouble, "share of requests that something happens to on their way")
        ->check(CLI::Range(0.0, 0.9))
        ->capture_default_str();
    program.add_option("--kills", what.kills, "how often the service is killed meanwhile, and started anew")
        ->check(CLI::Range(0, 100))
        ->capture_default_str();
    program
        .add_option("--outages", what.outages,
                    "how often the database is locked, cut off or silent meanwhile, for 2.5 seconds")
        ->check(CLI::Range(0, 100))
        ->capture_default_str();
    auto* const serves = program.add_option("--serve", service.port, "be the service, on this port of loopback");
    program.add_option("--database", service.connection, "the service's database, as libpq has it")->needs(serves);
    CLI11_PARSE(program, count, arguments);

    try {
        if (serves->count() > 0) payments::serve(service);
        return play(what);
    } catch (const std::exception& e) {
        std::cerr << "payments: " << e.what() << '\n';
        constexpr int of_signals = 128;  // as a shell has it
        return ended_by != 0 ? of_signals + ended_by : 2;
    }
}
