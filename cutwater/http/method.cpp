#include "cutwater/http/method.hpp"

#include "cutwater/http/call_metadata.hpp"

namespace cutwater {

idempotency idempotency_of(const http_request& request) {
    const idempotency by_method = idempotency_of(std::string_view{request.method});
    if (by_method == idempotency::idempotent) return by_method;
    return extract(request.fields).key.empty() ? by_method : idempotency::idempotent;
}

call_options options_of(const http_request& request, call_options own) {
    if (own.idempotent == idempotency::unstated) own.idempotent = idempotency_of(request);
    return own;
}

}  // namespace cutwater
