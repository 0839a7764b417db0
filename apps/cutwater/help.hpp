// Help that fits the terminal.
#pragma once

#include <CLI/CLI.hpp>

namespace cutwater::app {

/// For a program and, if set before they are added, its sub-commands. In lists of sub-commands stands the first line of
/// each description. In descriptions and footers, what is indented is taken as it is, and all else is wrapped.
[[nodiscard]] std::shared_ptr<CLI::Formatter> wrapping_help(unsigned columns);

}  // namespace cutwater::app
