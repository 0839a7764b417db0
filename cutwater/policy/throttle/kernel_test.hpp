// What a throttle has counted, in words, for its tests.
#pragma once

#include <ostream>

#include "cutwater/policy/throttle/reading.hpp"

namespace cutwater {

inline void PrintTo(const throttle_counts& c, std::ostream* out) {
    *out << c.accepts << " of " << c.requests << " were accepted";
}
inline void PrintTo(const throttle_reading& r, std::ostream* out) {
    PrintTo(r.counts, out);
    *out << ", which gives " << r.probability;
}

}  // namespace cutwater
