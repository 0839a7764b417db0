// says: cutwater::saga: a step or an undo gives a bool, an error code or an error as its value, at which nobody looks
#include <string>
#include <system_error>

#include "cutwater/saga/asio/async_step.hpp"

namespace a_saga_coroutine_whose_error_nobody_sees {

namespace asio = boost::asio;
namespace cw = cutwater;

#ifdef RIGHT
using told = int;
#else
using told = std::errc;
#endif

inline asio::awaitable<told> charged(std::string&) { co_return told{}; }

const cw::async_saga_step<std::string> charge{"charge", charged, cw::no_undo};

}  // namespace a_saga_coroutine_whose_error_nobody_sees
