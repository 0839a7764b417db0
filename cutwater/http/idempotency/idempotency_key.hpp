// A request's `Idempotency-Key`, as it stands in its fields.
//
//     const auto key = cw::read_idempotency_key(cw::http_fields{{"Idempotency-Key", "\"8e03978e-40d5\""}}, {});
//     if (!key) std::puts(key.error().c_str());                        // what is wrong with it, in words
//     if (key && key->empty()) std::puts("there is none");
//
// It is a string in quotes; without quotes it is taken where the options say so. A key that stands in several fields, is empty, longer
// than `max_key` or neither of the two forms is malformed: it must not be mistaken for none, or the operation would be executed without.
//
// Sources: draft-ietf-httpapi-idempotency-key-header-07 §2.1; RFC 9651 §3.3.3, §4.2. Parameters after the string, of which the draft defines
// none, are malformed. Thread safety: a function of its arguments. Throws `std::bad_alloc`.
#pragma once

#include <expected>
#include <string>

#include "cutwater/http/http_fields.hpp"
#include "cutwater/http/idempotency/options.hpp"

namespace cutwater {

/// The key without its quotes; empty where there is none. Else what is wrong with it.
[[nodiscard]] std::expected<std::string, std::string> read_idempotency_key(const http_fields& fields,
                                                                           const idempotent_edge_options& options);

}  // namespace cutwater
