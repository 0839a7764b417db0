// `boost::system::system_error`, which Asio throws, has a code: said to every pipeline of a program that includes this.
// A connection that is reset is transient in a blocking call, then, as it is with `async_run`.
//
// Brought by `cutwater/asio.hpp`. Thread safety: none is needed. Throws nothing.
#pragma once

#include <boost/system/system_error.hpp>

#include "cutwater/core/coded_exception.hpp"

namespace cutwater::detail {

inline const coded_exception<boost::system::system_error> boost_system_errors_have_codes;

}  // namespace cutwater::detail
