// What a doctor knows of calls, whatever they end as. The rule is in the table of `rules.hpp`.
#pragma once

#include <vector>

#include "apps/cutwater/doctor/rules.hpp"

namespace cutwater::app {

void failing_calls(const doctor_view& at, std::vector<finding>& found);

}  // namespace cutwater::app
