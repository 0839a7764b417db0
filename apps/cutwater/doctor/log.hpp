// A log of ours as metrics: its events count what they say that they count, as a listener would have.
//
// Every kind of event that a room of the library describes is known. Lines that are no event are passed over; so are events that no room describes, and
// lines that are no JSON: notes say how many. An event that stands for others (`suppressed`)
// counts as many, and those that `events_suppressed` tells of count as the last of their kind that is in the log. Of a timeout's limit, an error budget and a
// circuit's state the latest is kept, as a gauge.
#pragma once

#include <expected>
#include <iosfwd>
#include <string>

#include "apps/cutwater/doctor/view.hpp"

namespace cutwater::app {

/// Or why it is no log to judge by: no line is a JSON object, none is an event that a rule can be told something by, or
/// successes are left out of it. What is between the first line and the last is the time that it is of.
[[nodiscard]] std::expected<doctor_view, std::string> read_log(std::istream& in);

}  // namespace cutwater::app
