// Boost.Asio's own code, compiled once for everybody who links this room.
#include <boost/asio/impl/src.hpp>
