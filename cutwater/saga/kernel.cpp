#include "cutwater/saga/kernel.hpp"

#include <algorithm>

namespace cutwater {

namespace {

constexpr unsigned most_tries = 2;    // of one question whose reply does not come
constexpr unsigned most_rounds = 16;  // against others who begin and end the same saga all the time
constexpr unsigned most_lapses = 3;

std::string listed(const std::vector<std::string>& steps) {
    std::string text;
    for (const std::string& each : steps) text.append(text.empty() ? "" : ", ").append(each);
    return text;
}

}  // namespace

saga_kernel::saga_kernel(const saga_plan& plan, saga_entry entry, std::string id, std::uint64_t holder,
                         std::string context)
    : plan_{&plan}, entry_{entry}, id_{std::move(id)}, cell_{saga_cell(plan.options.name, id_)}, holder_{holder},
      given_{std::move(context)} {
    const std::size_t most = plan.options.max_context;
    if (const std::string why = what_is_wrong(); !why.empty())
        refuse(errc::key_missing, why);
    else if (given_.size() > most)
        refuse(errc::refused, "nothing was done: the context has " + std::to_string(given_.size()) +
                                  " bytes; max_context is " + std::to_string(most));
    else if (entry_ == saga_entry::run)
        begin_anew();
}

std::string saga_kernel::what_is_wrong() const {
    if (id_.empty()) return "the id of the saga is empty";
    if (cell_.contains('\0')) return "the id of the saga has a zero byte";
    if (cell_.size() > max_cell_key)
        return "the id of the saga has " + std::to_string(id_.size()) + " bytes; allowed are " +
               std::to_string(max_cell_key - (cell_.size() - id_.size())) + ". Use a hash of what is longer";
    return {};
}

void saga_kernel::begin_anew() {
    record_ = {.steps = plan_->steps, .context = given_};
    is_found_ = false;
    was_begun_ = false;
    version_ = 0;
    write();
}

void saga_kernel::write() {
    record_.holder = holder_;
    ++record_.sequence;
    record_.lease = plan_->options.lease;
    bytes_ = record_.encoded();
    tries_ = 0;
    next_ = task::ask;
}

cell_request saga_kernel::request() const {
    const duration limit = plan_->options.store_limit;
    if (bytes_.empty()) return {read_cell{cell_}, limit};
    const duration lives = record_.is_over() ? plan_->options.kept_for : forever;
    return {swap_cell{.key = cell_, .expected = version_, .value = bytes_, .time_to_live = lives}, limit};
}

std::size_t saga_kernel::step() const noexcept {
    return record_.phase == saga_phase::undoing ? record_.to_undo.front() : record_.step;
}

std::string_view saga_kernel::step_name(std::uint64_t step) const noexcept {
    return step < record_.steps.size() ? std::string_view{record_.steps[step]} : std::string_view{};
}

void saga_kernel::heard(cell_result said) {
    if (!said) return unheard(said.error());
    tries_ = 0;
    if (bytes_.empty()) return said->found ? found(*said->found) : absent();
    if (said->done) return written(said->version);
    if (said->found && said->found->value == bytes_) return written(said->found->version);
    if (is_ours_) return lost(*said);
    if (++rounds_ > most_rounds)
        return refuse(errc::key_in_use, "others write the journal of the saga all the time; nothing was done here");
    return said->found ? found(*said->found) : absent();
}

void saga_kernel::unheard(const error& why) {
    if (++tries_ < most_tries) return;
    if (!is_ours_)
        return refuse(errc::store_unavailable,
                      "nothing was done here: the journal cannot be asked (" + why.message() + ")");
    news_.push_back(saga_news::lost);
    refuse(errc::in_doubt, "the saga goes no further here, and is to be resumed: its journal cannot be written (" +
                               why.message() + ")");
}

void saga_kernel::written(cell_version made) {
    version_ = made;
    tries_ = 0;
    if (!std::exchange(is_ours_, true) && is_found_ && entry_ != saga_entry::set_right)
        news_.push_back(saga_news::resumed);
    if (std::exchange(told_, record_.phase) != record_.phase) {
        if (record_.phase == saga_phase::undoing) news_.push_back(saga_news::undoing);
        if (record_.phase == saga_phase::undone) news_.push_back(saga_news::undone);
        if (record_.phase == saga_phase::stuck) news_.push_back(saga_news::stuck);
    }
    next_ = record_.phase == saga_phase::forward   ? task::invoke
            : record_.phase == saga_phase::undoing ? task::undo
                                                   : task::finish;
}

// --- what is there ---------------------------------------------------------------------------------------------------------

void saga_kernel::absent() {
    if (entry_ == saga_entry::run) return begin_anew();
    refuse(errc::key_missing, "there is no journal of it: it was never begun, or ended longer ago than kept_for");
}

void saga_kernel::found(const cell& there) {
    auto record = saga_record::decoded(there.value);
    if (!record || (plan_->reads != nullptr && !plan_->reads(record->context)))
        return refuse(errc::in_doubt, "nothing was done: what is stored under " + in_quotes(cell_) +
                                          " cannot be read by this version of the program");
    judge(*std::move(record), there);
}

void saga_kernel::judge(saga_record there, const cell& in) {
    if (there.steps != plan_->steps)
        return refuse(errc::key_reused, "nothing was done: it was begun as a saga of the steps " + listed(there.steps) +
                                            "; this one has " + listed(plan_->steps));
    found_age_ = in.age;
    if (entry_ == saga_entry::set_right && !there.is_held()) return set_right(std::move(there), in.version);
    if (there.is_over() || (there.phase == saga_phase::stuck && entry_ == saga_entry::run))
        return replay(std::move(there));
    if (there.is_held() && in.age < there.lease) {
        refuse(errc::key_in_use, "it is under way, and was last heard of " + to_text(in.age) + " ago");
        refused_->with_retry_after(std::max(there.lease - in.age, duration{1ms}));
        return;
    }
    if (entry_ == saga_entry::set_right)
        return refuse(errc::key_in_use, "it is not stuck, but " + std::string{to_text(there.phase)} + ": resume it");
    take_over(std::move(there), in);
}

void saga_kernel::replay(saga_record there) {
    record_ = std::move(there);
    is_found_ = true;
    is_replay_ = true;
    next_ = task::finish;
}

void saga_kernel::set_right(saga_record there, cell_version version) {
    if (there.is_over()) return replay(std::move(there));
    record_ = std::move(there);
    record_.phase = saga_phase::undone;
    told_ = saga_phase::stuck;
    is_found_ = true;
    version_ = version;
    write();
}

/// What the journal says is found again after every crash: whatever is to be undone is in it.
void saga_kernel::take_over(saga_record there, const cell& in) {
    record_ = std::move(there);
    is_found_ = true;
    version_ = in.version;
    ++record_.takeovers;
    cause_.reset();
    told_ = record_.phase;
    if (record_.phase == saga_phase::stuck) {
        told_ = saga_phase::undoing;
        record_.phase = saga_phase::undoing;
        for (const saga_failure& each : std::exchange(record_.not_undone, {})) record_.to_undo.push_back(each.step);
        std::ranges::sort(record_.to_undo, std::greater{});
        settle_undo();
    } else if (record_.phase == saga_phase::forward && plan_->options.after_crash == after_crash::undo) {
        error gone{errc::in_doubt, plan_->layer, {}};
        gone.with_text("whoever did the step \"" + std::string{step_name(record_.step)} + "\" has gone in its midst");
        record_.cause = saga_failure::of(record_.step, gone);
        undo_from(record_.step + 1);
    } else if (record_.phase == saga_phase::undoing) {
        settle_undo();  // the last step may have lost its undo since
    } else {
        was_begun_ = true;
    }
    write();
}

// --- what was done ---------------------------------------------------------------------------------------------------------

void saga_kernel::done(std::string context) {
    acted_on_ = step();
    record_.context = std::move(context);
    lapses_ = 0;
    was_begun_ = false;
    if (record_.phase == saga_phase::forward) {
        if (++record_.step == record_.steps.size()) record_.phase = saga_phase::completed;
    } else {
        record_.to_undo.erase(record_.to_undo.begin());
        settle_undo();
    }
    write();
}

void saga_kernel::failed(const error& why, std::optional<std::string> context) {
    acted_on_ = step();
    if (context) record_.context = *std::move(context);
    lapses_ = 0;
    if (record_.phase == saga_phase::forward) {
        cause_ = why;
        record_.cause = saga_failure::of(record_.step, why);
        const bool is_without_effect = why.executed() == effect::none && !was_begun_;
        undo_from(is_without_effect ? record_.step : record_.step + 1);
    } else if (++undo_tries_ >= plan_->options.undo_attempts) {
        record_.not_undone.push_back(saga_failure::of(record_.to_undo.front(), why));
        record_.to_undo.erase(record_.to_undo.begin());
        settle_undo();
    }
    write();
}

void saga_kernel::lapsed() {
    acted_on_ = step();
    if (++lapses_ <= most_lapses) return write();
    news_.push_back(saga_news::lost);
    refuse(errc::in_doubt,
           "the saga goes no further here, and is to be resumed: to write its journal takes longer than its lease, " +
               to_text(plan_->options.lease));
}

/// The first `count` steps, the last of them first.
void saga_kernel::undo_from(std::uint64_t count) {
    record_.phase = saga_phase::undoing;
    record_.to_undo.clear();
    for (std::uint64_t i = count; i-- > 0;) record_.to_undo.push_back(i);
    settle_undo();
}

/// What is next to be undone, or how it ended.
void saga_kernel::settle_undo() {
    undo_tries_ = 0;
    const std::uint64_t last = record_.steps.size() - 1;
    if (!plan_->last_has_undo && std::erase(record_.to_undo, last) > 0) {
        error none{errc::in_doubt, plan_->layer, {}};
        record_.not_undone.push_back(
            saga_failure::of(last, none.with_text("the step may have been done, and has no undo")));
    }
    if (!record_.to_undo.empty()) return;
    record_.phase = record_.not_undone.empty() ? saga_phase::undone : saga_phase::stuck;
}

void saga_kernel::lost(const cell_reply& said) {
    news_.push_back(saga_news::lost);
    if (said.found)
        return refuse(errc::key_in_use,
                      "the saga goes no further here: its lease was over, and another has taken it over");
    refuse(errc::in_doubt, "the saga goes no further here: its journal has gone from the store");
}

void saga_kernel::refuse(errc why, std::string text) {
    refused_.emplace(why, plan_->layer, name{});
    refused_->with_text(std::move(text));
    if (!id_.empty()) refused_->with_call_id(id_);
    next_ = task::finish;
}

std::optional<error> saga_kernel::cause() const {
    if (cause_) return cause_;
    return record_.cause ? std::optional{record_.cause->as_error()} : std::nullopt;
}

}  // namespace cutwater
