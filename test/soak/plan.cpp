#include "test/soak/plan.hpp"

#include <array>
#include <stdexcept>
#include <system_error>

namespace cutwater::soak {

namespace {

constexpr std::array<std::string_view, 5> tenants{"", "acme", "bolt", "crux", "dune"};
constexpr std::array<std::string_view, 9> targets{"", "a", "b", "c", "d", "e", "f", "g", "h"};

attempt_plan any_attempt(dice& d, duration unit) {
    attempt_plan a{.takes = d.one_of(duration::zero(), unit, d.some(unit, 1, 20), d.some(unit, 20, 120))};
    a.how = d.one_of(ending::value, ending::value, ending::value, ending::lost, ending::lost, ending::denied,
                     ending::exception, ending::bug);
    a.value = static_cast<int>(d.from(0, 100));
    a.deaf = d.chance(0.1);
    return a;
}

call_plan any_call(dice& d, const plan_size& size, std::size_t number, call_book& book) {
    call_plan c{.number = number, .pipeline = d.from(0, static_cast<unsigned>(size.pipelines - 1))};
    c.begins = d.some(size.unit, 0, 200);
    for (unsigned i = d.from(1, 4); i > 0; --i) c.attempts.push_back(any_attempt(d, size.unit));
    if (d.chance(0.6)) c.patience = d.some(size.unit, 1, 200);
    if (d.chance(0.3)) c.cancelled = d.some(size.unit, 0, 100);
    c.by_slot = d.chance(0.5);
    c.said = {.operation = "soak",
              .idempotent = d.one_of(idempotency::unstated, idempotency::idempotent, idempotency::not_idempotent),
              .id = book.at(number).id,
              .weight = d.chance(0.8) ? 1 : d.from(2, 4),
              .importance = d.one_of(criticality::critical, criticality::normal, criticality::normal,
                                     criticality::sheddable, criticality::best_effort),
              .tenant = tenants[d.from(0, tenants.size() - 1)],
              .target = targets[d.from(0, targets.size() - 1)]};
    return c;
}

}  // namespace

std::expected<int, std::error_code> attempt_plan::result() const {
    switch (how) {
        case ending::value: break;
        case ending::lost: return std::unexpected{make_error_code(std::errc::connection_reset)};
        case ending::denied: return std::unexpected{make_error_code(std::errc::permission_denied)};
        case ending::exception: throw std::runtime_error{"planned"};
        case ending::bug: throw std::logic_error{"planned"};
    }
    return value;
}

std::vector<call_plan> draw_plans(dice& d, const plan_size& size, call_book& book) {
    std::vector<call_plan> plans;
    for (unsigned i = 0; i < size.calls; ++i) plans.push_back(any_call(d, size, i, book));
    return plans;
}

}  // namespace cutwater::soak
