// What policies are like now, judged: an open circuit, a gate that is full for long, a shedder that sheds.
//
//     cw::bulkhead payments{{.name = "payments"}};
//     cw::gauge_judge judge{{.full_for = 10s}};
//     const cw::check_result seen = judge.judge(now, [&](cw::gauge_visitor& v) { cw::visit_gauges(payments, now, v); });
//
// It knows metrics and no policy: a policy that says what it is like in the standard metrics is judged by them, whoever wrote it.
//
// | what is seen | is worth a word |
// |---|---|
// | `circuit_state` | open, or half open |
// | `calls_in_flight` at its `concurrency_limit` | at each look for `full_for` |
// | `shedding` | 1 |
// | `rejection`, of any importance | from `rejecting` on |
// | `endpoints` | some ejected; said differently where none is left |
//
// Several policies may have one name: the worst of them counts. Each `concurrency_limit` begins a gate, and the first `calls_in_flight` and
// `queue_length` after it are that gate's.
//
// Thread safety: none; it remembers since when each gate is full.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "cutwater/core/metric.hpp"
#include "cutwater/health/check.hpp"
#include "cutwater/health/options.hpp"

namespace cutwater {

class gauge_judge {
public:
    explicit gauge_judge(watch_options rules = {}) : rules_{std::move(rules)} {}

    /// `visit` hands it to whatever has gauges. Degraded where something is worth a word, else healthy.
    [[nodiscard]] check_result judge(instant now, const std::function<void(gauge_visitor&)>& visit);

private:
    watch_options rules_;
    std::map<std::pair<std::string, std::size_t>, instant> full_since_;  // by layer, and which of its gates
};

}  // namespace cutwater
