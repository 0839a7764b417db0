// The client's side of an idempotency key: one for each logical call, made before its first attempt.
//
//     const cw::keyed_call payment{cw::this_machine.random()};                    // a UUID; or {"order-7"}
//     cw::pipeline pay{cw::timeout{5s}, cw::retry{}, cw::timeout{1s}, cw::classify{cw::keyed_rules{}}};
//     const auto answer = pay.run(payment.options({.operation = "pay"}), [&](cw::attempt& a) {
//         cw::http_fields fields;
//         payment.inject(fields, a);
//         …
//     });
//
// Because of the key the call may be repeated, whatever its method: retries and hedges that leave alone what is not idempotent make further
// attempts, all of them with the same key. That is true where each attempt sends it, by this `inject`, and of a server that honours it; where one does not, say nothing of
// a key to it.
//
// Keep the call, or its key, for as long as its end is not known: who asks again tomorrow asks with the same.
//
// Thread safety: immutable. Lifetime: options point into their call. Throws `call_error` with `http_errc::invalid_request` where the key
// is none that a field can hold.
#pragma once

#include <string>

#include "cutwater/core/call.hpp"
#include "cutwater/core/random.hpp"
#include "cutwater/http/call_metadata.hpp"
#include "cutwater/http/http_rules.hpp"

namespace cutwater {

/// A random UUID (RFC 9562, version 4), as text. It is unique, and no secret.
[[nodiscard]] std::string make_idempotency_key(random_source& random);

class keyed_call {
public:
    explicit keyed_call(random_source& random) : keyed_call{make_idempotency_key(random)} {}
    /// A key of the user's own: that of an order, or of a call that was made before. Printable ASCII, and not empty.
    explicit keyed_call(std::string key);

    [[nodiscard]] const std::string& key() const noexcept { return key_; }

    /// `own`, with the key as its id, and idempotent because of it.
    [[nodiscard]] call_options options(call_options own = {}) const&;
    call_options options(call_options own = {}) const&& = delete;  // keep what is pointed at

    /// What an attempt at it says of itself (call_metadata.hpp), with the key, in the place of any that stands there: fields that are used again, or a caller's, hold
    /// the key of something else.
    void inject(http_fields& fields, const attempt& a, metadata_options options = {}) const;

private:
    std::string key_;
};

/// `http_rules` for requests with a key: a 409 with `Retry-After` says that the first attempt is still at work, and is transient. Any other
/// 409 is an answer, as ever; among them is that the outcome is in doubt.
class keyed_rules {
public:
    explicit keyed_rules(http_rules_options options = {});

    [[nodiscard]] judgement judge(const http_response& response) const;

    /// As a rule of `classify`.
    template <class T>
    [[nodiscard]] std::optional<judgement> operator()(const outcome<T>& out) const {
        if constexpr (std::same_as<T, http_response>)
            if (out.has_value()) return judge(*out.result());
        return {};
    }

private:
    http_rules plain_;
    http_rules in_use_;
};

}  // namespace cutwater
