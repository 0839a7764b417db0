// What a doctor knows of circuit breakers. The rules are in the table of `rules.hpp`.
#pragma once

#include <vector>

#include "apps/cutwater/doctor/rules.hpp"

namespace cutwater::app {

void open_circuits(const doctor_view& at, std::vector<finding>& found);
void flapping_circuits(const doctor_view& at, std::vector<finding>& found);
void failing_probes(const doctor_view& at, std::vector<finding>& found);

/// Whether some circuit has opened so often that it might flap, in a time that is too short to say so.
[[nodiscard]] bool might_flap(const doctor_view& at);

}  // namespace cutwater::app
