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
    cross_check_queue(*this, problems);
}

}  // namespace cutwater
