#include "cutwater/core/name.hpp"

#include <deque>
#include <mutex>
#include <ostream>
#include <string>
#include <unordered_map>

namespace cutwater {

namespace {

/// Every name there is. Entries are never removed and never move.
class name_table {
public:
    const std::string_view* intern(std::string_view text) {
        const std::scoped_lock lock{mutex_};
        if (const auto found = index_.find(text); found != index_.end()) return found->second;
        const std::string& kept = texts_.emplace_back(text);
        const std::string_view& view = views_.emplace_back(kept);
        index_.emplace(view, &view);
        return &view;
    }

private:
    std::mutex mutex_;
    std::deque<std::string> texts_;
    std::deque<std::string_view> views_;
    std::unordered_map<std::string_view, const std::string_view*> index_;
};

name_table& names() {
    static auto* const table = new name_table;  // never destroyed: errors may be printed after main
    return *table;
}

}  // namespace

name::name(std::string_view text) : text_{text.empty() ? nullptr : names().intern(text)} {}

std::ostream& operator<<(std::ostream& out, name n) { return out << n.view(); }

}  // namespace cutwater
