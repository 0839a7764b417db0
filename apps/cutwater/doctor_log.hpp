// A log of ours as metrics: its events count what they say that they count, as a listener would have.
//
// Lines that are no event, or one that nobody knows, are passed over. An event that stands for others (`suppressed`) counts as many. Of a timeout's limit the latest is kept, as
// a gauge.
#pragma once

#include <expected>
#include <iosfwd>
#include <string>

#include "apps/cutwater/doctor_view.hpp"

namespace cutwater::app {

/// Or the first line that is no JSON object. What is between the first line and the last is the time that it is of.
[[nodiscard]] std::expected<doctor_view, std::string> read_log(std::istream& in);

}  // namespace cutwater::app
