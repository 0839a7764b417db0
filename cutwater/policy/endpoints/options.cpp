#include "cutwater/policy/endpoints/options.hpp"

#include <unordered_set>

namespace cutwater {

std::string to_text(const endpoint_list& list) {
    return std::to_string(list.size()) + (list.size() == 1 ? " endpoint" : " endpoints");
}

void check(const endpoint_list& list, option_problems& problems) {
    constexpr double most = 1e6;
    std::unordered_set<std::string_view> seen;
    for (const endpoint& e : list) {
        const std::string which = "each[" + std::to_string(&e - list.data()) + "]";
        if (e.address.empty()) problems.push_back({which + ".address", "empty", "what the callable connects to"});
        if (!e.address.empty() && !seen.insert(e.address).second)
            problems.push_back({which + ".address", '"' + e.address + '"', "each address once; give it more weight"});
        const bool has_weight = e.weight > 0 && e.weight <= most;  // false for NaN
        if (!has_weight)
            problems.push_back({which + ".weight", std::string{to_text(e.weight)}, "more than 0 and at most 1000000"});
    }
}

}  // namespace cutwater
