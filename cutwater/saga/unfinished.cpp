#include "cutwater/saga/unfinished.hpp"

#include <iterator>

namespace cutwater {

cell_request unfinished_kernel::request() const {
    const duration limit = plan_->options.store_limit;
    if (!to_read_.empty()) return {read_cell{to_read_.front()}, limit};
    return {list_cells{.prefix = prefix_, .after = after_, .limit = page}, limit};
}

void unfinished_kernel::heard(cell_result said) {
    if (!said) {
        if (tries_++ == 0) return;
        why_.emplace(errc::store_unavailable, plan_->layer, name{});
        why_->with_text("the journals cannot be listed (" + said.error().message() + ")");
        is_over_ = true;
        return;
    }
    tries_ = 0;
    if (to_read_.empty()) {
        is_last_page_ = said->keys.size() < page;
        if (!said->keys.empty()) after_ = said->keys.back();
        to_read_.assign(std::make_move_iterator(said->keys.begin()), std::make_move_iterator(said->keys.end()));
    } else {
        if (said->found) {
            const auto there = saga_record::decoded(said->found->value);
            if (!there || !there->is_over()) ids_.push_back(to_read_.front().substr(prefix_.size()));
        }
        to_read_.pop_front();
    }
    is_over_ = to_read_.empty() && is_last_page_;
}

std::expected<std::vector<std::string>, error> unfinished_kernel::take() {
    if (why_) return std::unexpected{*std::move(why_)};
    return std::move(ids_);
}

}  // namespace cutwater
