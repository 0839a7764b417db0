// What the demo says at its end: what users saw, what the dependency had to bear, how long threads were stuck.
#pragma once

#include <string>

#include "apps/cutwater/demo/side.hpp"

namespace cutwater::demo {

/// A table for people.
[[nodiscard]] std::string report_text(const script& played, const side& unguarded, const side& guarded);

/// The same as one JSON document.
[[nodiscard]] std::string report_json(const script& played, const side& unguarded, const side& guarded);

}  // namespace cutwater::demo
