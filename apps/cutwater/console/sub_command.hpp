// What a sub-command of `cutwater` is: it adds itself to the command line, and says what to do when it is the one chosen.
#pragma once

#include <functional>

namespace cutwater::app {

/// What the process exits with. A sub-command's own codes begin at 3, and stand in its help.
enum exit_code : int { succeeded = 0, failed = 1, misused = 2, interrupted = 130, nobody_reads = 141 };

/// Runs the chosen sub-command; gives the exit code.
using action = std::function<int()>;

}  // namespace cutwater::app
