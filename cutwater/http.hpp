// Cutwater with an HTTP client, what its answers mean, and what a call says of itself on the wire.
#pragma once

#include "cutwater/asio.hpp"
#include "cutwater/http/asio_errors.hpp"
#include "cutwater/http/call_metadata.hpp"
#include "cutwater/http/http_client.hpp"
#include "cutwater/http/http_error.hpp"
#include "cutwater/http/http_rules.hpp"
#include "cutwater/http/http_status.hpp"
#include "cutwater/http/method.hpp"
#include "cutwater/http/retry_after.hpp"
