// `cutwater demo`: a dependency fails by a script, and the same traffic meets it unguarded and guarded.
#pragma once

#include <cstdio>

#include "apps/cutwater/demo/screen.hpp"

namespace cutwater::demo {

struct options {
    double scale = 1.0;   ///< of the usual 20 seconds
    unsigned users = 24;  ///< on each side
};

enum class report_form : std::uint8_t { table, json };

struct ending {
    std::string report;
    bool interrupted = false;  ///< by Ctrl-C; the report is of what there was
};

/// Runs the demo and gives what to print at its end. Throws where loopback cannot be listened on.
[[nodiscard]] ending run(const options& chosen, screen& shows, report_form form);

}  // namespace cutwater::demo
