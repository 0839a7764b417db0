// What a doctor knows of bulkheads and limiters. The rules are in the table of `rules.hpp`.
#pragma once

#include <vector>

#include "apps/cutwater/doctor/rules.hpp"

namespace cutwater::app {

void always_full_gates(const doctor_view& at, std::vector<finding>& found);
void refusing_gates(const doctor_view& at, std::vector<finding>& found);

}  // namespace cutwater::app
