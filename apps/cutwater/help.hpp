// Help that fits the terminal.
#pragma once

#include <CLI/CLI.hpp>

namespace cutwater::app {

/// For a program and, if set before they are added, its sub-commands.
[[nodiscard]] std::shared_ptr<CLI::Formatter> wrapping_help(unsigned columns);

}  // namespace cutwater::app
