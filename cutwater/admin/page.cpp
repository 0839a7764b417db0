#include "cutwater/admin/page.hpp"

#include <algorithm>

namespace cutwater {

bool page_request::has(std::string_view flag) const noexcept {
    for (std::string_view left = query; !left.empty();) {
        const std::string_view one = left.substr(0, left.find('&'));
        left.remove_prefix(std::min(left.size(), one.size() + 1));
        if (one == flag) return true;
        if (one.starts_with(flag) && one.substr(flag.size()).starts_with('='))
            return one.substr(flag.size() + 1) != "0" && one.substr(flag.size() + 1) != "false";
    }
    return false;
}

}  // namespace cutwater
