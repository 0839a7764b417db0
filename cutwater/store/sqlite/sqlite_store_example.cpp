// An order is to be paid for once, whatever happens to the process that does it. It writes down that it begins, is killed before it
// can write down that it has ended, and its successor finds what it left: it does not pay a second time, and asks what became of
// the first. Then two processes number invoices together, and none is left out and none comes twice.

#include "cutwater/store/sqlite/sqlite_store.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

namespace cw = cutwater;
namespace fs = std::filesystem;

namespace {

/// Begins to pay where nobody has, and then dies. Each process has a store of its own, made after the fork.
int pay(const std::string& file) {
    cw::sqlite_store cells{{.name = "payments", .path = file}};
    const auto begun = cw::ask(cells, {cw::swap_cell{.key = "order/42", .expected = 0, .value = "begun"}});
    if (!begun) return std::cerr << begun.error() << '\n', EXIT_FAILURE;
    if (!begun->done) return EXIT_FAILURE;
    return std::raise(SIGKILL);
}

/// Takes so many numbers; each is what was there, and one more. Who comes between makes it look again.
int number_invoices(const std::string& file, int times) {
    cw::sqlite_store cells{{.name = "invoices", .path = file}};
    for (int taken = 0; taken < times;) {
        const auto seen = cw::ask(cells, {cw::read_cell{.key = "invoices"}});
        if (!seen) return EXIT_FAILURE;
        const int last = seen->found ? std::stoi(seen->found->value) : 0;
        const auto mine = cw::ask(cells, {cw::swap_cell{.key = "invoices",
                                                        .expected = seen->found ? seen->found->version : 0,
                                                        .value = std::to_string(last + 1)}});
        if (!mine) return EXIT_FAILURE;
        if (mine->done) ++taken;
    }
    return EXIT_SUCCESS;
}

template <class Work>
pid_t in_another_process(Work work) {
    const pid_t child = fork();
    if (child == 0) _exit(work());
    return child;
}

}  // namespace

int main() {
    const std::string file = (fs::temp_directory_path() / ("orders-" + std::to_string(getpid()) + ".db")).string();

    int status = 0;
    waitpid(in_another_process([&] { return pay(file); }), &status, 0);
    std::cout << (WIFSIGNALED(status) ? "the first was killed\n" : "the first has ended\n");

    const pid_t one = in_another_process([&] { return number_invoices(file, 50); });
    const pid_t another = in_another_process([&] { return number_invoices(file, 50); });
    waitpid(one, nullptr, 0);
    waitpid(another, nullptr, 0);

    bool is_right = false;
    {
        cw::sqlite_store cells{{.name = "payments", .path = file}};
        const auto second = cw::ask(cells, {cw::swap_cell{.key = "order/42", .expected = 0, .value = "begun"}});
        const auto invoices = cw::ask(cells, {cw::read_cell{.key = "invoices"}});
        is_right =
            second && !second->done && second->found && invoices && invoices->found && invoices->found->value == "100";
        if (is_right)
            std::cout << "the second finds that it was \"" << second->found->value << "\", and asks the bank\n"
                      << "two processes have made " << invoices->found->value << " invoices\n";
    }
    for (const char* const end : {"", "-wal", "-shm"}) fs::remove(file + end);
    return is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
