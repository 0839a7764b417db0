// The options of `cutwater call` on the command line.
#pragma once

#include <CLI/CLI.hpp>

#include "apps/cutwater/call/settings.hpp"

namespace cutwater::app {

/// Into `settings`, which outlives `command`.
void add_call_options(CLI::App& command, call_settings& settings);

}  // namespace cutwater::app
