#include "cutwater/http/idempotency/keyed_call.hpp"

#include <utility>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "cutwater/core/text.hpp"
#include "cutwater/http/http_error.hpp"
#include "cutwater/http/structured_string.hpp"

namespace cutwater {

namespace {

http_rules_options with_conflict(http_rules_options options) {
    options.transient.add(409);
    return options;
}

}  // namespace

std::string make_idempotency_key(random_source& random) {
    return boost::uuids::to_string(boost::uuids::basic_random_generator<random_source>{random}());
}

keyed_call::keyed_call(std::string key) : key_{std::move(key)} {
    if (key_.empty() || !detail::is_structured_text(key_))
        throw call_error{error{http_errc::invalid_request}.with_text(
            "an idempotency key is printable ASCII, and not empty; this is not: " + in_quotes(key_))};
}

call_options keyed_call::options(call_options own) const& {
    own.id = key_;
    own.idempotent = idempotency::idempotent;
    return own;
}

void keyed_call::inject(http_fields& fields, const attempt& a, metadata_options options) const {
    options.key = key_on_wire::none;
    cutwater::inject(fields, a, {.importance = a.importance()}, options);
    fields.set("Idempotency-Key", detail::to_structured_string(key_));
}

keyed_rules::keyed_rules(http_rules_options options) : plain_{options}, in_use_{with_conflict(std::move(options))} {}

judgement keyed_rules::judge(const http_response& response) const {
    const bool is_in_use = response.status == 409 && response.fields.find("Retry-After").has_value();
    return (is_in_use ? in_use_ : plain_).judge(response);
}

}  // namespace cutwater
