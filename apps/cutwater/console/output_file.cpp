#include "apps/cutwater/console/output_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "apps/cutwater/console/terminal.hpp"

namespace cutwater::app {

output_file::output_file(const std::string& name)
    : name_{name == "-" ? "the output" : name}, file_{name == "-" ? stdout : std::fopen(name.c_str(), "ab")} {
    if (file_ == nullptr)
        complain("cutwater", fmt::format("cannot write {}: {}", name, std::generic_category().message(errno)));
}

output_file::~output_file() {
    if (file_ != nullptr && file_ != stdout) (void)std::fclose(file_);
}

exit_code output_file::write(std::string_view header, std::string_view body) {
    if (file_ != stdout) (void)::ftruncate(::fileno(file_), 0);  // what is no file, such as a device, cannot be emptied
    if (!header.empty())
        if (const exit_code written = write_all(file_, header, name_); written != succeeded) return written;
    return write_all(file_, body, name_);
}

}  // namespace cutwater::app
