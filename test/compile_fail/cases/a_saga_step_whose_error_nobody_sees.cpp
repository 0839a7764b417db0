// says: cutwater::saga: a step or an undo gives a bool, an error code or an error as its value, at which nobody looks
#include <expected>
#include <string>
#include <system_error>

#include "cutwater/saga/step.hpp"

namespace a_saga_step_whose_error_nobody_sees {

namespace cw = cutwater;

#ifdef RIGHT
using told = std::expected<void, std::error_code>;
#else
using told = std::error_code;
#endif

const cw::saga_step<std::string> charge{"charge", [](std::string&) { return told{}; }, cw::no_undo};

}  // namespace a_saga_step_whose_error_nobody_sees
