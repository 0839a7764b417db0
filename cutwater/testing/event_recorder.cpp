#include "cutwater/testing/event_recorder.hpp"

#include <algorithm>
#include <stdexcept>

#include "cutwater/core/text.hpp"

namespace cutwater::testing {

namespace {

class as_text final : public field_visitor {
public:
    explicit as_text(std::map<std::string, std::string>& into) : into_{into} {}
    void on_text(std::string_view field, std::string_view value) override { put(field, std::string{value}); }
    void on_integer(std::string_view field, std::int64_t value) override { put(field, to_text(value)); }
    void on_number(std::string_view field, double value) override { put(field, to_text(value)); }
    void on_flag(std::string_view field, bool value) override { put(field, to_text(value)); }
    void on_duration(std::string_view field, duration value) override { put(field, to_text(value)); }

private:
    void put(std::string_view field, std::string value) { into_.emplace(field, std::move(value)); }
    std::map<std::string, std::string>& into_;
};

}  // namespace

std::string recorded_event::field(const std::string& called) const {
    const auto found = fields.find(called);
    return found == fields.end() ? "<none>" : found->second;
}

std::string recorded_event::line() const {
    std::string text = layer + " " + name;
    for (const auto& [called, value] : fields) text.append(" ").append(called).append("=").append(value);
    return text;
}

void event_recorder::on_event(const event& e) {
    recorded_event kept{.name = std::string{e.kind().name},
                        .level = e.kind().level,
                        .layer = std::string{e.origin().layer.view()},
                        .operation = std::string{e.origin().operation.view()},
                        .attempt = e.origin().attempt,
                        .at = e.origin().at,
                        .fields = {}};
    as_text into{kept.fields};
    e.visit(into);
    const std::scoped_lock lock{mutex_};
    events_.push_back(std::move(kept));
}

std::vector<recorded_event> event_recorder::all() const {
    const std::scoped_lock lock{mutex_};
    return events_;
}

std::vector<std::string> event_recorder::names() const {
    std::vector<std::string> names;
    for (const recorded_event& e : all()) names.push_back(e.name);
    return names;
}

std::vector<std::string> event_recorder::lines() const {
    std::vector<std::string> lines;
    for (const recorded_event& e : all()) lines.push_back(e.line());
    return lines;
}

std::vector<std::string> event_recorder::lines_of(const std::string& layer) const {
    std::vector<std::string> lines;
    for (const recorded_event& e : all())
        if (e.layer == layer) lines.push_back(e.line());
    return lines;
}

std::size_t event_recorder::count(const std::string& called) const {
    const auto events = all();
    return static_cast<std::size_t>(std::ranges::count(events, called, &recorded_event::name));
}

recorded_event event_recorder::last(const std::string& called) const {
    const auto events = all();
    const auto found = std::ranges::find(events.rbegin(), events.rend(), called, &recorded_event::name);
    if (found == events.rend()) throw std::out_of_range{"event_recorder: nothing was heard of " + called};
    return *found;
}

void event_recorder::clear() {
    const std::scoped_lock lock{mutex_};
    events_.clear();
}

}  // namespace cutwater::testing
