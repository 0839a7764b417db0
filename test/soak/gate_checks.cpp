#include "test/soak/gate_checks.hpp"

#include <map>
#include <vector>

#include "test/soak/drawn_options.hpp"
#include "test/soak/windows.hpp"

namespace cutwater::soak {

namespace {

void check_is_empty(const auto& gate, std::string_view where, findings& found) {
    found.expect_same(gate.in_use(), 0U, where, "the number of permits in use");
    if constexpr (requires { gate.queued(); })
        found.expect_same(gate.queued(), 0U, where, "the number of those in line");
}

/// What the gate gave, by the key that each was for.
std::map<std::string_view, std::vector<grant>> grants_of(const evidence& seen) {
    std::map<std::string_view, std::vector<grant>> by_key;
    for (const call_entry& call : seen.book.entries())
        for (const grant& g : call.grants)
            if (g.of == seen.gate) by_key[g.key].push_back(g);
    return by_key;
}

/// Those that a window of the dependency's answers counts.
std::uint64_t judged(const ledger& counted) {
    return counted.settled_as(verdict::success) + counted.settled_as(verdict::transient) +
           counted.settled_as(verdict::permanent);
}

/// Where it begins no other epoch, and its window forgets nothing, a breaker counts all that it is told.
bool counts_everything(const circuit_breaker_options& o) {
    const bool remembers = (o.window == breaker_window::time && o.window_time == unforgetting) ||
                           (o.window == breaker_window::count && o.window_calls == unforgetting_calls);
    return remembers && o.mode == breaker_mode::forced_closed && o.caller_deadline == deadline_blame::nobody;
}

}  // namespace

void check_at_the_end(bulkhead& gate, const bulkhead_options& o, const evidence& seen, findings& found) {
    const auto where = gate.layer_name().view();
    check_is_empty(gate, where, found);
    found.expect(gate.is_fresh(seen.now), where, "it is not as new");
    found.expect(seen.counted.most_inside() <= o.max_concurrent, where, "more were inside at once than its limit");
}

void check_at_the_end(fair_bulkhead& gate, const fair_bulkhead_options& o, const evidence& seen, findings& found) {
    const auto where = gate.layer_name().view();
    check_is_empty(gate, where, found);
    for (const std::string_view tenant : {"acme", "bolt", "another"})
        found.expect_same(gate.in_use(tenant), 0U, where, "the number of permits that a tenant has");
    found.expect(seen.counted.most_inside() <= o.max_concurrent, where, "more were inside at once than its limit");
}

void check_at_the_end(rate_limiter& gate, const rate_limiter_options& o, const evidence& seen, findings& found) {
    const auto where = gate.layer_name().view();
    for (const auto& [key, given] : grants_of(seen)) check_windows(given, o, where, found);  // there is one key
    found.expect_same(gate.queued(), 0U, where, "the number of those in line");
    const rate_reading later = gate.read(add(seen.now, gate.read(seen.now).reset));
    found.expect(later.reset == duration::zero() && later.remaining == later.limit, where,
                 "it has not all its permits when it says that it has");
}

void check_at_the_end(concurrency_limiter& gate, const concurrency_limiter_options& o, const evidence&,
                      findings& found) {
    const auto where = gate.layer_name().view();
    check_is_empty(gate, where, found);
    found.expect(gate.limit() >= o.min_limit && gate.limit() <= o.max_limit, where,
                 "its limit is not from min_limit to max_limit");
}

void check_at_the_end(load_shedder& gate, const load_shedder_options&, const evidence&, findings& found) {
    check_is_empty(gate, gate.layer_name().view(), found);
}

void check_at_the_end(throttle& gate, const throttle_options& o, const evidence& seen, findings& found) {
    if (o.window != unforgetting) return;
    throttle_counts counts = gate.read(seen.now).counts;
    if (o.windows == throttle_windows::by_criticality)
        for (const auto other : {criticality::critical, criticality::sheddable, criticality::best_effort})
            counts += gate.read(seen.now, other).counts;
    const auto where = gate.layer_name().view();
    const std::uint64_t failed = seen.counted.settled_as(verdict::transient);
    found.expect_same(counts.requests, judged(seen.counted) + seen.counted.refusals(), where,
                      "the number of requests in its window");
    found.expect_same(counts.accepts, judged(seen.counted) - failed, where, "the number of accepts in its window");
}

void check_at_the_end(circuit_breaker& gate, const circuit_breaker_options& o, const evidence& seen, findings& found) {
    if (!counts_everything(o)) return;
    const auto where = gate.layer_name().view();
    const window_counts counts = gate.counts(seen.now);
    const std::uint64_t failed =
        seen.counted.settled_as(verdict::transient) + seen.counted.settled_as(verdict::permanent);
    found.expect_same(counts.calls, judged(seen.counted), where, "the number of calls in its window");
    found.expect_same(counts.failures, failed, where, "the number of failures in its window");
}

void check_at_the_end(keyed<rate_limiter>& gate, const rate_limiter_options& o, const evidence& seen, findings& found) {
    for (const auto& [key, given] : grants_of(seen)) check_windows(given, o, gate.layer_name().view(), found);
}

void check_at_the_end(keyed<bulkhead>& gate, const bulkhead_options&, const evidence& seen, findings& found) {
    unsigned left = 0;
    gate.visit(seen.now, [&](std::uint64_t, const bulkhead&) { ++left; });
    found.expect_same(left, 0U, gate.layer_name().view(), "the number of keys whose bulkhead is not as new");
}

/// Calls that passed unguarded were judged, too, and counted nowhere; where the caller's deadline is blamed on the dependency,
/// more are counted than were judged.
void check_at_the_end(keyed<circuit_breaker>& gate, const circuit_breaker_options& o, const evidence& seen,
                      findings& found) {
    std::uint64_t counted = 0;
    gate.visit(seen.now, [&](std::uint64_t, const circuit_breaker& one) { counted += one.counts(seen.now).calls; });
    if (o.caller_deadline != deadline_blame::nobody) return;
    const keyed_options& keys = gate.options();
    const bool guards_all = keys.without_key == unkeyed::shares && keys.when_full == unkeyed::refused;
    const auto where = gate.layer_name().view();
    found.expect(counted <= judged(seen.counted), where, "its windows count more calls than there were");
    if (guards_all && counts_everything(o))
        found.expect_same(counted, judged(seen.counted), where, "the number of calls in all its windows");
}

}  // namespace cutwater::soak
