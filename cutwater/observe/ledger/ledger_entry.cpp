#include "cutwater/observe/ledger/ledger_entry.hpp"

#include <algorithm>

namespace cutwater {

namespace {

/// Not amid a character: the bytes that continue one are left out with it.
std::string_view shortened(std::string_view text, std::size_t most) noexcept {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U) --most;
    return text.substr(0, most);
}

class keeping final : public field_visitor {
public:
    keeping(std::vector<ledger_field>& into, std::size_t max_text) : into_{&into}, max_text_{max_text} {}

    void on_text(std::string_view field, std::string_view value) override {
        keep(field, std::string{shortened(value, max_text_)});
    }
    void on_integer(std::string_view field, std::int64_t value) override { keep(field, value); }
    void on_number(std::string_view field, double value) override { keep(field, value); }
    void on_flag(std::string_view field, bool value) override { keep(field, value); }
    void on_duration(std::string_view field, duration value) override { keep(field, value); }

private:
    void keep(std::string_view field, ledger_value value) {
        into_->push_back({std::string{shortened(field, max_text_)}, std::move(value)});
    }

    std::vector<ledger_field>* into_;
    std::size_t max_text_;
};

}  // namespace

const ledger_value* ledger_entry::find(std::string_view field) const noexcept {
    const auto found = std::ranges::find(fields, field, &ledger_field::field);
    return found == fields.end() ? nullptr : &found->value;
}

std::string_view ledger_entry::text(std::string_view field) const noexcept {
    const ledger_value* const value = find(field);
    const auto* const text = value != nullptr ? std::get_if<std::string>(value) : nullptr;
    return text != nullptr ? std::string_view{*text} : std::string_view{};
}

std::optional<duration> ledger_entry::time(std::string_view field) const noexcept {
    const ledger_value* const value = find(field);
    const auto* const time = value != nullptr ? std::get_if<duration>(value) : nullptr;
    return time != nullptr ? std::optional{*time} : std::nullopt;
}

std::optional<double> ledger_entry::number(std::string_view field) const noexcept {
    const ledger_value* const value = find(field);
    if (value == nullptr) return {};
    if (const auto* const whole = std::get_if<std::int64_t>(value)) return static_cast<double>(*whole);
    const auto* const number = std::get_if<double>(value);
    return number != nullptr ? std::optional{*number} : std::nullopt;
}

bool ledger_entry::is_set(std::string_view field) const noexcept {
    const ledger_value* const value = find(field);
    const auto* const flag = value != nullptr ? std::get_if<bool>(value) : nullptr;
    return flag != nullptr && *flag;
}

ledger_entry to_entry(const event& e, instant began, std::size_t max_text) {
    const event_origin& from = e.origin();
    ledger_entry made{.at = between(began, from.at),
                      .level = e.kind().level,
                      .event = std::string{e.kind().name},
                      .layer = std::string{from.layer.view()},
                      .operation = std::string{from.operation.view()},
                      .call_id = std::string{shortened(from.call_id, max_text)},
                      .attempt = from.attempt};
    keeping fields{made.fields, max_text};
    e.visit(fields);
    return made;
}

}  // namespace cutwater
