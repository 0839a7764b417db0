#include "cutwater/drive/work/kernel.hpp"

#include <algorithm>

namespace cutwater {

void work_line::chain::push(work_item& w) noexcept {
    w.previous_ = last;
    w.next_ = nullptr;
    (last != nullptr ? last->next_ : first) = &w;
    last = &w;
}

void work_line::chain::remove(work_item& w) noexcept {
    (w.previous_ != nullptr ? w.previous_->next_ : first) = w.next_;
    (w.next_ != nullptr ? w.next_->previous_ : last) = w.previous_;
}

void work_line::make_room(std::size_t items) {
    back_.make_room(items);
    resting_.make_room(items);
    fresh_deadlines_.make_room(items);
    back_deadlines_.make_room(items);
}

void work_line::enter(work_item& w) noexcept {
    w.number_ = ++came_;
    wait(w, standing::fresh);
}

void work_line::rest(work_item& w, instant until) noexcept {
    w.stands_ = standing::resting;
    w.rests_until_ = until;
    resting_.push(w);
}

bool work_line::come_back(work_item& w) noexcept {
    if (w.stands_ != standing::resting) return false;
    wait(take_out(w), standing::called);
    return true;
}

void work_line::call_off(work_item& w) noexcept {
    if (w.stands_ == standing::outside || w.stands_ == standing::called_off) return;
    take_out(w).stands_ = standing::called_off;
    called_off_.push(w);
}

void work_line::call_off_all() noexcept {
    while (!resting_.empty()) call_off(resting_.any());
    while (called_.first != nullptr) call_off(*called_.first);
    while (!back_.empty()) call_off(back_.any());
    while (work_item* const w = first_fresh()) call_off(*w);
}

void work_line::let_come_back(moment& now) noexcept {
    while (!resting_.empty() && resting_.first().rests_until_ <= now.get())
        wait(take_out(resting_.first()), standing::back);
}

work_item* work_line::take_leaving(moment& now) noexcept {
    if (called_off_.first != nullptr) return &take_out(*called_off_.first);
    const instant fresh = first_deadline_of(fresh_deadlines_);
    const instant back = first_deadline_of(back_deadlines_);
    const instant first = std::min(fresh, back);
    if (first == never || first > now.get()) return nullptr;
    return &take_out(fresh <= back ? fresh_deadlines_.first() : back_deadlines_.first());
}

work_item* work_line::take_expired(instant now) noexcept {
    const instant first = next_expiry();
    return first == never || first > now ? nullptr : &take_out(fresh_deadlines_.first());
}

work_item* work_line::take() noexcept {
    if (called_.first != nullptr) return &take_out(*called_.first);
    work_item* const fresh = first_fresh();
    if (back_.empty()) return fresh == nullptr ? nullptr : &take_out(*fresh);
    work_item& returned = back_.first();
    const bool is_next = fresh == nullptr || work_item::stands_before{}(returned, *fresh);
    return &take_out(is_next ? returned : *fresh);
}

work_item* work_line::take(moment& now) noexcept {
    let_come_back(now);
    work_item* const leaves = take_leaving(now);
    return leaves != nullptr ? leaves : take();
}

work_item* work_line::take_displaced(criticality by) noexcept {
    for (std::size_t level = criticality_levels; level-- > level_of(by);)
        if (work_item* const oldest = fresh_[level].first) return &take_out(*oldest);
    return nullptr;
}

work_item* work_line::take_any() noexcept {
    if (called_off_.first != nullptr) return &take_out(*called_off_.first);
    if (!resting_.empty()) return &take_out(resting_.any());
    return take();
}

instant work_line::next_change() const noexcept {
    const instant rested = resting_.empty() ? never : resting_.first().rests_until_;
    return std::min({rested, next_expiry(), first_deadline_of(back_deadlines_)});
}

work_item* work_line::first_fresh() const noexcept {
    for (const chain& level : fresh_)
        if (level.first != nullptr) return level.first;
    return nullptr;
}

void work_line::wait(work_item& w, standing how) noexcept {
    w.stands_ = how;
    if (how == standing::fresh) chain_of(w).push(w);
    if (how == standing::back) back_.push(w);
    if (how == standing::called) called_.push(w);
    if (w.deadline_ != never) deadlines_of(w).push(w);
    ++waiting_;
}

work_item& work_line::take_out(work_item& w) noexcept {
    const bool waits = w.stands_ != standing::resting && w.stands_ != standing::called_off;
    if (w.stands_ == standing::fresh) chain_of(w).remove(w);
    if (w.stands_ == standing::back) back_.remove(w);
    if (w.stands_ == standing::called) called_.remove(w);
    if (w.stands_ == standing::resting) resting_.remove(w);
    if (w.stands_ == standing::called_off) called_off_.remove(w);
    if (waits && w.deadline_ != never) deadlines_of(w).remove(w);
    if (waits) --waiting_;
    w.stands_ = standing::outside;
    return w;
}

}  // namespace cutwater
