// says: cutwater::run: the callable is a coroutine; use async_run
#include "cutwater/asio.hpp"

namespace a_coroutine_that_is_run_blocking {

namespace cw = cutwater;

#ifdef RIGHT
inline int answer() { return 7; }
#else
inline boost::asio::awaitable<int> answer() { co_return 7; }
#endif

cw::pipeline guarded{cw::retry{}};
const auto ran = guarded.run(answer);

}  // namespace a_coroutine_that_is_run_blocking
