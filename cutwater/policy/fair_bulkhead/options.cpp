#include "cutwater/policy/fair_bulkhead/options.hpp"

#include <algorithm>
#include <set>

namespace cutwater {

std::string to_text(const std::vector<tenant_share>& shares) {
    std::string text;
    for (const tenant_share& s : shares)
        text += (text.empty() ? "" : ", ") + s.tenant + ": " + std::to_string(s.weight);
    return text.empty() ? "none" : text;
}

namespace {

/// What is allowed one by one, and means nothing together.
void cross_check_shares(const fair_bulkhead_options& o, option_problems& problems) {
    const auto weights = std::ranges::count_if(o.shares, [](const tenant_share& s) { return s.weight > 0; }) +
                         (o.others_weight > 0 ? 1 : 0);
    if (weights == 0 && o.may_borrow == 0)
        problems.push_back({"others_weight", "0",
                            "more than 0 where there are no shares and may_borrow is 0: it would let nobody in"});
    if (o.may_borrow < 1 && o.max_concurrent > 0 && weights > o.max_concurrent)
        problems.push_back({"max_concurrent", std::to_string(o.max_concurrent),
                            "at least " + std::to_string(weights) +
                                ", one for each weight that is more than 0, where may_borrow is less than 1: more "
                                "permits, fewer shares, or a may_borrow of 1"});
    if (!o.shares.empty() && o.max_queue == 0 && o.may_borrow == 1)
        problems.push_back({"max_queue", "0",
                            "more than 0 where there are shares and may_borrow is 1: nothing is kept and nobody is "
                            "next, so that weights would mean nothing; give a max_queue, or a may_borrow below 1"});
}

}  // namespace

void fair_bulkhead_options::cross_check(option_problems& problems) const {
    constexpr unsigned most_weight = 1'000'000;
    std::set<std::string_view> seen;
    for (const tenant_share& s : shares) {
        const std::string which = "shares[" + s.tenant + "]";
        if (s.tenant.empty())
            problems.push_back({"shares", "\"\"", "a tenant's name; those who say none are among the others"});
        if (s.weight == 0 || s.weight > most_weight)
            problems.push_back({which, std::to_string(s.weight), "from 1 to 1000000"});
        if (!seen.insert(s.tenant).second) problems.push_back({which, std::to_string(s.weight), "each tenant once"});
    }
    if (shares.size() > most_shares)
        problems.push_back({"shares", std::to_string(shares.size()) + " tenants", "at most 64"});
    cross_check_shares(*this, problems);
    cross_check_queue(*this, problems);
}

}  // namespace cutwater
