#include "cutwater/core/call_scope.hpp"

#include <algorithm>
#include <exception>

namespace cutwater {

namespace {

constinit thread_local call_scope* innermost = nullptr;

/// Its own function, for its name in a core file.
[[noreturn, gnu::noinline, gnu::cold]] void call_scope_was_not_destroyed_in_order_on_its_own_thread() {
    std::terminate();
}

call_options tightened(call_options own, const call_options& by) {
    own.deadline = std::min(own.deadline, by.deadline);
    if (own.importance == criticality::normal) own.importance = by.importance;
    if (own.id.empty()) own.id = by.id;
    if (own.tenant.empty()) own.tenant = by.tenant;
    if (own.trace == nullptr) own.trace = by.trace;
    if (!own.stop.stop_possible() || by.stop.stop_requested()) own.stop = by.stop;
    own.earlier_attempts = std::max(own.earlier_attempts, by.earlier_attempts);
    if (by.retries_left) own.retries_left = std::min(own.retries_left.value_or(*by.retries_left), *by.retries_left);
    return own;
}

call_options handed_down(const attempt& a) {
    return {.deadline = a.deadline(),
            .stop = a.stop_token(),
            .id = a.id(),
            .importance = a.importance(),
            .tenant = a.tenant(),
            .earlier_attempts = a.earlier_attempts(),
            .retries_left = a.retries_left(),
            .trace = a.trace()};
}

}  // namespace

kept_scope::content::content(const call_options& from) : trace{from.trace}, said{from} {
    texts.reserve(from.id.size() + from.tenant.size());
    texts.append(from.id).append(from.tenant);
    said.id = std::string_view{texts}.substr(0, from.id.size());
    said.tenant = std::string_view{texts}.substr(from.id.size());
    said.trace = trace.get();
    said.target = {};  // a call's own
    said.fingerprint = {};
}

kept_scope::kept_scope(const call_options& said) : content_{std::make_shared<const content>(said)} {}
kept_scope::kept_scope(const attempt& a) : kept_scope{handed_down(a)} {}

const call_options* call_scope::around() noexcept { return innermost == nullptr ? nullptr : innermost->said_; }

call_scope::call_scope(std::optional<call_options> own) noexcept
    : own_{std::move(own)}, said_{&*own_}, outer_{std::exchange(innermost, this)} {}
call_scope::call_scope(const call_options& said) : call_scope{std::optional{inherited(said)}} {}
call_scope::call_scope(const attempt& a) : call_scope{std::optional{inherited(handed_down(a))}} {}
call_scope::call_scope(instead, const attempt& a) : call_scope{std::optional{handed_down(a)}} {}
call_scope::call_scope(kept_scope in) noexcept
    : kept_{std::move(in)}, said_{kept_.said()}, outer_{std::exchange(innermost, this)} {}

call_scope::~call_scope() {
    if (innermost != this) [[unlikely]]
        call_scope_was_not_destroyed_in_order_on_its_own_thread();
    innermost = outer_;
}

kept_scope surrounding() {
    const call_options* const around = call_scope::around();
    if (around == nullptr) return {};
    return innermost->own_ ? kept_scope{*around} : innermost->kept_;
}

call_options inherited(call_options own) {
    const call_options* const around = call_scope::around();
    return around == nullptr ? own : tightened(std::move(own), *around);
}

}  // namespace cutwater
