// `cutwater doctor`.
#pragma once

#include <CLI/CLI.hpp>

#include "apps/cutwater/console/sub_command.hpp"

namespace cutwater::app {

void add_doctor(CLI::App& program, action& chosen);

}  // namespace cutwater::app
