#include "cutwater/observe/recorder/packed_event.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>

namespace cutwater {

namespace {

enum class type : std::uint8_t { text, whole, number, flag, time };

/// Not amid a character.
std::string_view shortened(std::string_view text, std::size_t most) noexcept {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U) --most;
    return text.substr(0, most);
}

}  // namespace

/// Each field: type, length of its name, name, length of its value, value.
class packed_event::packing final : public field_visitor {
public:
    explicit packing(packed_event& into) noexcept : into_{&into} {}

    void on_text(std::string_view field, std::string_view value) override {
        const std::string_view kept = shortened(value, max_text);
        into_->is_cut_ = into_->is_cut_ || kept.size() < value.size();
        put(type::text, field, std::as_bytes(std::span{kept}));
    }
    void on_integer(std::string_view field, std::int64_t value) override { put_plain(type::whole, field, value); }
    void on_number(std::string_view field, double value) override { put_plain(type::number, field, value); }
    void on_flag(std::string_view field, bool value) override { put_plain(type::flag, field, value); }
    void on_duration(std::string_view field, duration value) override { put_plain(type::time, field, value.count()); }

private:
    template <class Plain>
    void put_plain(type t, std::string_view field, const Plain& value) {
        put(t, field, std::as_bytes(std::span{&value, 1}));
    }
    void put(type t, std::string_view field, std::span<const std::byte> value) {
        constexpr std::size_t around = 3;
        const std::size_t size = around + field.size() + value.size();
        if (field.size() > std::numeric_limits<std::uint8_t>::max() || into_->used_ + size > max_bytes) {
            into_->is_cut_ = true;
            return;
        }
        put_byte(static_cast<std::size_t>(t));
        put_byte(field.size());
        put_bytes(std::as_bytes(std::span{field}));
        put_byte(value.size());
        put_bytes(value);
    }
    void put_byte(std::size_t value) noexcept { into_->fields_[into_->used_++] = static_cast<std::byte>(value); }
    void put_bytes(std::span<const std::byte> bytes) noexcept {
        if (!bytes.empty()) std::memcpy(&into_->fields_[into_->used_], bytes.data(), bytes.size());
        into_->used_ = static_cast<std::uint16_t>(into_->used_ + bytes.size());
    }

    packed_event* into_;
};

class packed_event::unpacking {
public:
    explicit unpacking(const packed_event& from) noexcept : left_{std::span{from.fields_}.first(from.used_)} {}

    void into(std::vector<ledger_field>& fields) {
        while (!left_.empty()) {
            const auto t = static_cast<type>(take(1)[0]);
            const std::string_view field = take_text();
            fields.push_back({std::string{field}, take_value(t)});
        }
    }

private:
    std::span<const std::byte> take(std::size_t size) noexcept {
        const auto taken = left_.first(size);
        left_ = left_.subspan(size);
        return taken;
    }
    std::string_view take_text() noexcept {
        const auto bytes = take(static_cast<std::size_t>(take(1)[0]));
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    template <class Plain>
    Plain take_plain() noexcept {
        Plain value{};
        const std::string_view bytes = take_text();
        bytes.copy(reinterpret_cast<char*>(&value), sizeof value);
        return value;
    }
    ledger_value take_value(type t) {
        switch (t) {
            case type::text: return std::string{take_text()};
            case type::whole: return take_plain<std::int64_t>();
            case type::number: return take_plain<double>();
            case type::flag: return take_plain<bool>();
            case type::time: break;
        }
        return duration{take_plain<duration::rep>()};
    }

    std::span<const std::byte> left_;
};

packed_event::packed_event(const event& e)  // NOLINT(*-member-init): see the header
    : kind_{&e.kind()}, layer_{e.origin().layer}, operation_{e.origin().operation}, at_{e.origin().at},
      attempt_{e.origin().attempt} {
    const std::string_view id = shortened(e.origin().call_id, max_call_id);
    std::ranges::copy(id, id_.begin());
    id_used_ = static_cast<std::uint8_t>(id.size());
    is_cut_ = id.size() < e.origin().call_id.size();
    packing fields{*this};
    e.visit(fields);
}

packed_event& packed_event::operator=(const packed_event& other) noexcept {
    if (this == &other) return *this;
    kind_ = other.kind_;
    layer_ = other.layer_;
    operation_ = other.operation_;
    at_ = other.at_;
    attempt_ = other.attempt_;
    used_ = other.used_;
    id_used_ = other.id_used_;
    is_cut_ = other.is_cut_;
    std::copy_n(other.id_.begin(), id_used_, id_.begin());
    std::copy_n(other.fields_.begin(), used_, fields_.begin());
    return *this;
}

ledger_entry packed_event::unpacked(instant began) const {
    ledger_entry made{.at = between(began, at_),
                      .level = kind_->level,
                      .event = std::string{kind_->name},
                      .layer = std::string{layer_.view()},
                      .operation = std::string{operation_.view()},
                      .call_id = std::string{id_.data(), id_used_},
                      .attempt = attempt_};
    unpacking{*this}.into(made.fields);
    if (is_cut_) made.fields.push_back({"cut", true});
    return made;
}

}  // namespace cutwater
