#include "cutwater/http/call_metadata.hpp"

#include <algorithm>

#include "cutwater/classify/grpc/grpc_timeout.hpp"
#include "cutwater/core/text.hpp"
#include "cutwater/http/field_value.hpp"
#include "cutwater/http/http_error.hpp"
#include "cutwater/http/structured_string.hpp"

namespace cutwater {

namespace {

constexpr std::string_view request_deadline = "X-Request-Deadline";
constexpr std::string_view grpc_timeout = "grpc-timeout";
constexpr std::string_view request_attempt = "X-Request-Attempt";
constexpr std::string_view request_retries_left = "X-Request-Retries-Left";
constexpr std::string_view request_criticality = "X-Request-Criticality";
constexpr std::string_view idempotency_key = "Idempotency-Key";
constexpr std::string_view traceparent = "traceparent";
constexpr std::string_view tracestate = "tracestate";

std::optional<duration> parse_milliseconds(std::string_view text) noexcept {
    const auto count = detail::parse_digits<duration::rep>(text);
    if (!count) return {};
    constexpr duration one = 1ms;
    return *count > forever / one ? forever : one * *count;
}

std::optional<criticality> parse_criticality(std::string_view text) noexcept {
    for (const auto c : {criticality::critical, criticality::normal, criticality::sheddable, criticality::best_effort})
        if (text == to_text(c)) return c;
    return {};
}

/// An empty one is no key.
std::optional<std::string> parse_key(std::string_view text) {
    std::optional<std::string> key = detail::parse_structured_string(text);
    return key && !key->empty() ? key : std::nullopt;
}

/// Reads the fields, one after the other.
class field_reader {
public:
    void read(const http_field& field) {
        const std::string_view value = detail::without_space_round(field.value);
        if (same_field(field.name, request_deadline)) tighten(parse_milliseconds(value));
        if (same_field(field.name, grpc_timeout)) tighten(decode_grpc_timeout(value));
        if (same_field(field.name, request_attempt)) attempt_.take(at_least_one(detail::parse_digits<unsigned>(value)));
        if (same_field(field.name, request_retries_left)) retries_left_.take(detail::parse_digits<unsigned>(value));
        if (same_field(field.name, request_criticality)) importance_.take(parse_criticality(value));
        if (same_field(field.name, idempotency_key)) key_.take(parse_key(value));
        if (same_field(field.name, traceparent)) trace_.take(parse_traceparent(value));
        if (same_field(field.name, tracestate)) {
            state_.append(state_.empty() ? "" : ",").append(value);
            ++states_;
        }
    }

    [[nodiscard]] call_metadata finish() && {
        std::optional<trace_context> trace = trace_.value();
        if (trace) take_state(*trace);
        const unsigned ignored =
            attempt_.ignored() + retries_left_.ignored() + importance_.ignored() + key_.ignored() + trace_.ignored();
        return {.time_left = time_left_,
                .attempt = attempt_.value().value_or(1),
                .retries_left = retries_left_.value(),
                .importance = importance_.value(),
                .key = key_.value().value_or(std::string{}),
                .trace = std::move(trace),
                .malformed = malformed_ + ignored};
    }

private:
    /// Stands once, or says nothing.
    template <class T>
    class once {
    public:
        void take(std::optional<T> read) {
            ++seen_;
            value_ = std::move(read);
        }
        [[nodiscard]] std::optional<T> value() const { return seen_ == 1 ? value_ : std::nullopt; }
        [[nodiscard]] unsigned ignored() const { return seen_ == 1 && value_ ? 0 : seen_; }

    private:
        std::optional<T> value_;
        unsigned seen_ = 0;
    };

    static std::optional<unsigned> at_least_one(std::optional<unsigned> n) { return n == 0U ? std::nullopt : n; }

    void take_state(trace_context& of) {
        std::optional<trace_state> read = trace_state::parse(state_);
        malformed_ += read ? 0U : states_;
        if (read) of.state = std::move(*read);
    }

    void tighten(std::optional<duration> left) {
        malformed_ += left ? 0U : 1U;
        if (left) time_left_ = std::min(time_left_.value_or(forever), *left);
    }

    std::optional<duration> time_left_;
    once<unsigned> attempt_;
    once<unsigned> retries_left_;
    once<criticality> importance_;
    once<std::string> key_;
    once<trace_context> trace_;
    std::string state_;
    unsigned states_ = 0;
    unsigned malformed_ = 0;
};

duration time_to_tell(duration left, const metadata_options& options) {
    return scale(std::max(add(left, -options.margin), duration::zero()), options.share);
}

void add_deadline(http_fields& fields, duration left, const metadata_options& options) {
    if (left == forever || options.deadline == deadline_fields::none) return;
    left = std::min(time_to_tell(left, options), extract(fields).time_left.value_or(forever));
    if (options.deadline != deadline_fields::grpc_timeout)
        fields.set(request_deadline, std::to_string(std::chrono::floor<std::chrono::milliseconds>(left).count()));
    if (options.deadline != deadline_fields::request_deadline) fields.set(grpc_timeout, encode_grpc_timeout(left));
}

/// How often it has been tried, by those before us, too, and how often it may be from here on.
void add_repetition(http_fields& fields, const attempt& a) {
    fields.remove(request_attempt);
    fields.remove(request_retries_left);
    if (const unsigned earlier = a.earlier_attempts(); earlier > 0)
        fields.add(std::string{request_attempt}, std::to_string(std::uint64_t{earlier} + 1));
    if (const auto left = a.retries_left()) fields.add(std::string{request_retries_left}, std::to_string(*left));
}

/// The other end of it.
void read_repetition(const call_metadata& got, call_options& own) {
    own.earlier_attempts = std::max(own.earlier_attempts, got.attempt - 1);
    if (got.retries_left) own.retries_left = std::min(own.retries_left.value_or(*got.retries_left), *got.retries_left);
}

void add_what_is_said(http_fields& fields, criticality importance, std::string_view id,
                      const metadata_options& options) {
    fields.remove(request_criticality);
    if (importance != criticality::normal)
        fields.add(std::string{request_criticality}, std::string{to_text(importance)});
    if (options.key == key_on_wire::call_id && !id.empty() && !fields.find(idempotency_key))
        fields.set(idempotency_key, detail::to_structured_string(id));
}

/// Before anything is written.
void check(const http_fields& fields, std::string_view id, const metadata_options& options) {
    if (option_problems found = problems_of(options); !found.empty())
        throw invalid_options{"call_metadata", options.name, std::move(found)};
    if (options.key == key_on_wire::none || fields.find(idempotency_key) || detail::is_structured_text(id)) return;
    throw call_error{error{http_errc::invalid_request}.with_text(
        "the call's id cannot be sent as its Idempotency-Key: " + in_quotes(id) +
        " holds what is neither printable ASCII nor a space")};
}

/// In place of what stands there, both of them: the one says what the other belongs to.
void add_trace(http_fields& fields, const attempt& a, const metadata_options& options) {
    if (a.trace() == nullptr || options.trace == trace_fields::none) return;
    fields.set(traceparent, to_traceparent(*a.trace()));
    if (a.trace()->state.empty())
        fields.remove(tracestate);
    else
        fields.set(tracestate, std::string{a.trace()->state.text()});
}

}  // namespace

void inject(http_fields& fields, const attempt& a, const call_options& call, const metadata_options& options) {
    check(fields, call.id, options);
    add_deadline(fields, a.remaining(), options);
    add_repetition(fields, a);
    add_what_is_said(fields, call.importance, call.id, options);
    add_trace(fields, a, options);
}

void inject(http_fields& fields, const attempt& a, const metadata_options& options) {
    check(fields, a.id(), options);
    add_deadline(fields, a.remaining(), options);
    add_repetition(fields, a);
    add_what_is_said(fields, a.importance(), a.id(), options);
    add_trace(fields, a, options);
}

call_metadata extract(const http_fields& fields) {
    field_reader all;
    for (const http_field& field : fields) all.read(field);
    return std::move(all).finish();
}

call_options call_metadata::options(instant received, call_options own) const& {
    if (time_left) own.deadline = std::min(own.deadline, add(received, *time_left));
    if (importance) own.importance = *importance;
    if (!key.empty()) own.id = key;
    if (trace && own.trace == nullptr) own.trace = &*trace;
    read_repetition(*this, own);
    return own;
}

}  // namespace cutwater
