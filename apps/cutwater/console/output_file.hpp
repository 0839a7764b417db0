// Where an answer goes: standard output, or a file that is there before the call is made, and is emptied after it.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "apps/cutwater/console/sub_command.hpp"

namespace cutwater::app {

class output_file {
public:
    /// `-`: standard output. Says on standard error why a file cannot be written.
    explicit output_file(const std::string& name);
    output_file(const output_file&) = delete;
    output_file& operator=(const output_file&) = delete;
    ~output_file();

    [[nodiscard]] bool is_open() const noexcept { return file_ != nullptr; }
    /// In place of what the file held.
    [[nodiscard]] exit_code write(std::string_view header, std::string_view body);

private:
    std::string name_;
    std::FILE* file_;
};

}  // namespace cutwater::app
