#include "cutwater/policy/fair_bulkhead/fair_bulkhead.hpp"

namespace cutwater {

namespace {

std::vector<tenant_bounds> bounds_from(const fair_bulkhead_options& options) {
    std::vector<unsigned> weights{options.others_weight};
    for (const tenant_share& s : options.shares) weights.push_back(s.weight);
    return bounds_of(weights, options.max_concurrent, options.may_borrow);
}

}  // namespace

fair_bulkhead::fair_bulkhead(fair_bulkhead_options options)
    : options_{validated(kind, std::move(options))}, layer_{options_.name},
      shares_{
          std::make_unique<shared_shares>(bounds_from(options_), options_.max_concurrent, rules_of_queue(options_))} {
    for (const tenant_share& s : options_.shares)
        numbers_.emplace(s.tenant, static_cast<std::uint32_t>(numbers_.size() + 1));
}

admission<fair_bulkhead::ticket> fair_bulkhead::refuse(call_context& call) const {
    const std::uint32_t number = number_of(call.said().tenant);
    const tenant_bounds& its = shares_->bounds(number);
    call.emit(layer_, [&] {
        return fair_bulkhead_refused{.tenant = number == 0 ? std::string_view{"others"} : call.said().tenant,
                                     .max_concurrent = limit(),
                                     .share = its.own,
                                     .most = its.most,
                                     .in_use = shares_->in_use(number),
                                     .queued = queued()};
    });
    return admission<ticket>{std::in_place_type<refusal>, its.most == 0 ? errc::refused : errc::bulkhead_full};
}

std::uint32_t fair_bulkhead::number_of(std::string_view tenant) const noexcept {
    const auto found = numbers_.find(tenant);
    return found == numbers_.end() ? 0 : found->second;
}

}  // namespace cutwater
