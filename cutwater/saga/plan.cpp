#include "cutwater/saga/plan.hpp"

#include <set>

#include "cutwater/saga/events.hpp"

namespace cutwater::detail {

namespace {

void check_steps(const std::vector<named_step>& steps, option_problems& problems) {
    if (steps.empty()) problems.push_back({"steps", "none", "at least one"});
    std::set<std::string_view> seen;
    for (const named_step& each : steps) {
        if (each.name.empty()) problems.push_back({"steps", "a step without a name", "a name for each"});
        if (!seen.insert(each.name).second)
            problems.push_back({"steps", "two called " + in_quotes(each.name), "a name of its own for each"});
        if (!each.has_undo && &each != &steps.back())
            problems.push_back({"steps", in_quotes(each.name) + " without an undo",
                                "an undo for each but the last: what comes after it may fail"});
    }
}

class teller {
public:
    teller(const saga_audience& to, saga_kernel& kernel) : to_{to}, kernel_{kernel}, record_{kernel.record()} {}

    void tell(saga_news news) const {
        switch (news) {
            case saga_news::resumed:
                return send(saga_resumed{kernel_.step_name(next_step()), to_text(record_.phase), kernel_.found_age(),
                                         static_cast<unsigned>(record_.takeovers)});
            case saga_news::undoing: return send(saga_undoing{failed_step(), words()});
            case saga_news::undone: return send(saga_undone{failed_step()});
            case saga_news::stuck:
                return send(saga_stuck{kernel_.step_name(record_.not_undone.front().step),
                                       record_.not_undone.front().words, record_.not_undone.size()});
            case saga_news::lost: return send(saga_lost{kernel_.unrecorded(), kernel_.refused()->words()});
        }
    }

private:
    template <class Body>
    void send(const Body& body) const {
        to_.hears->on_event(event{
            {.layer = kernel_.plan().layer, .operation = {}, .call_id = kernel_.id(), .at = to_.lent.now()}, body});
    }
    [[nodiscard]] std::uint64_t next_step() const {
        return record_.to_undo.empty() ? record_.step : record_.to_undo.front();
    }
    [[nodiscard]] std::string_view failed_step() const {
        return record_.cause ? kernel_.step_name(record_.cause->step) : std::string_view{};
    }
    [[nodiscard]] std::string_view words() const {
        return record_.cause ? std::string_view{record_.cause->words} : std::string_view{};
    }

    const saga_audience& to_;
    const saga_kernel& kernel_;
    const saga_record& record_;
};

}  // namespace

saga_plan plan_of(saga_options options, const std::vector<named_step>& steps) {
    option_problems found = problems_of(options);
    check_steps(steps, found);
    if (!found.empty()) throw invalid_options{"saga", options.name, std::move(found)};
    saga_plan made{.layer = name{options.name}, .last_has_undo = steps.back().has_undo};
    made.options = std::move(options);
    for (const named_step& each : steps) made.steps.push_back(each.name);
    return made;
}

void saga_audience::tell(saga_kernel& kernel) const noexcept {
    for (const saga_news each : kernel.take_news()) {
        if (hears == nullptr) continue;
        try {
            teller{*this, kernel}.tell(each);
        } catch (...) {  // NOLINT(bugprone-empty-catch): watching a saga must not fail it
        }
    }
}

}  // namespace cutwater::detail
