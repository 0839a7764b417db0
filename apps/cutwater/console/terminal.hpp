// What stands at the other end of an output: a terminal, its width, and whether it wants colours; and writing to it.
#pragma once

#include <cstdio>
#include <string_view>

#include "apps/cutwater/console/sub_command.hpp"

namespace cutwater::app {

[[nodiscard]] bool is_terminal(std::FILE* out) noexcept;
/// A terminal on which the cursor can go back.
[[nodiscard]] bool can_redraw(std::FILE* out) noexcept;

/// A terminal that shows colours, unless `NO_COLOR` is set or `TERM` is `dumb`.
[[nodiscard]] bool wants_colours(std::FILE* out) noexcept;

/// Its columns; 80 where nobody knows.
[[nodiscard]] unsigned columns_of(std::FILE* out) noexcept;

/// Writes what can be written.
void try_to_write(std::FILE* out, std::string_view text) noexcept;

/// One line on standard error, with who says it in front. If nobody can read it, nobody can be told so.
void complain(std::string_view who, std::string_view what) noexcept;

/// Holds the places of standard input, output and error that the process was started without, so that no socket is
/// opened there: what is written to one fails.
void hold_standard_streams() noexcept;

/// Writes all of it and flushes. Where that fails it says why on standard error and gives `failed`; where the reader has
/// gone away it says nothing and gives `nobody_reads`. `where` names it.
[[nodiscard]] exit_code write_all(std::FILE* out, std::string_view text, std::string_view where = "the output");

}  // namespace cutwater::app
