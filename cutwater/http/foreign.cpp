// The sources of Boost.Asio's TLS and of Boost.URL, compiled once for everybody who links this room.
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/url/src.hpp>
