// The sub-commands of `cutwater`. To add one: give it a folder, and list it here.
#pragma once

#include <array>

#include "apps/cutwater/call/command.hpp"
#include "apps/cutwater/dashboard/command.hpp"
#include "apps/cutwater/demo/command.hpp"
#include "apps/cutwater/doctor/command.hpp"
#include "apps/cutwater/explain/command.hpp"
#include "apps/cutwater/slo/command.hpp"

namespace cutwater::app {

inline constexpr std::array commands{add_call, add_dashboard, add_demo, add_doctor, add_explain, add_slo};

}  // namespace cutwater::app
