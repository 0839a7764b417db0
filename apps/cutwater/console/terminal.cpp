#include "apps/cutwater/console/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace cutwater::app {

bool is_terminal(std::FILE* out) noexcept { return ::isatty(::fileno(out)) == 1; }

bool can_redraw(std::FILE* out) noexcept {
    const char* const kind = std::getenv("TERM");
    return is_terminal(out) && (kind == nullptr || std::string_view{kind} != "dumb");
}

bool wants_colours(std::FILE* out) noexcept {
    const char* const refused = std::getenv("NO_COLOR");
    return can_redraw(out) && (refused == nullptr || *refused == '\0');
}

unsigned columns_of(std::FILE* out) noexcept {
    constexpr unsigned usual = 80;
    winsize size{};
    if (::ioctl(::fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
    return size.ws_col;
}

void try_to_write(std::FILE* out, std::string_view text) noexcept {
    if (std::fwrite(text.data(), 1, text.size(), out) == text.size()) (void)std::fflush(out);
}

void complain(std::string_view who, std::string_view what) noexcept {
    for (const std::string_view part : {who, std::string_view{": "}, what, std::string_view{"\n"}})
        try_to_write(stderr, part);
}

void hold_standard_streams() noexcept {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(stream, F_GETFD) == -1) (void)::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

exit_code write_all(std::FILE* out, std::string_view text, std::string_view where) {
    errno = 0;
    if (std::fwrite(text.data(), 1, text.size(), out) == text.size() && std::fflush(out) == 0) return succeeded;
    const int why = errno;
    if (why == EPIPE) return nobody_reads;
    complain("cutwater", "cannot write " + std::string{where} + ": " + std::generic_category().message(why));
    return failed;
}

}  // namespace cutwater::app
