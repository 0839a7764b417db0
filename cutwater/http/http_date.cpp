#include "cutwater/http/http_date.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace cutwater {

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> short_days{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> long_days{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                    "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> months_of_year{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Takes a text apart from the left; once something does not fit, nothing does.
class date_reader {
public:
    explicit date_reader(std::string_view text) noexcept : rest_{text} {}

    date_reader& skip(std::string_view expected) noexcept {
        if (ok_ && rest_.starts_with(expected))
            rest_.remove_prefix(expected.size());
        else
            ok_ = false;
        return *this;
    }

    /// Exactly `count` digits.
    unsigned digits(std::size_t count) noexcept {
        unsigned value = 0;
        ok_ = ok_ && rest_.size() >= count;
        for (std::size_t i = 0; ok_ && i < count; ++i) {
            ok_ = rest_[i] >= '0' && rest_[i] <= '9';
            value = value * 10 + static_cast<unsigned>(rest_[i] - '0');
        }
        if (ok_) rest_.remove_prefix(count);
        return value;
    }

    /// One of `names`, as its number from 1.
    unsigned one_of(std::span<const std::string_view> names) noexcept {
        const auto found = std::ranges::find_if(names, [&](std::string_view n) { return rest_.starts_with(n); });
        ok_ = ok_ && found != names.end();
        if (!ok_) return 0;
        rest_.remove_prefix(found->size());
        return static_cast<unsigned>(found - names.begin()) + 1;
    }

    /// The day of the month as asctime writes it: a space in place of a leading zero.
    unsigned padded_day() noexcept { return rest_.starts_with(' ') ? skip(" ").digits(1) : digits(2); }

    [[nodiscard]] bool at_end() const noexcept { return ok_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool ok_ = true;
};

std::optional<seconds> time_of_day(date_reader& in) noexcept {
    const unsigned h = in.digits(2);
    const unsigned m = in.skip(":").digits(2);
    const unsigned s = in.skip(":").digits(2);
    if (h > 23 || m > 59 || s > 60) return {};
    return hours{h} + minutes{m} + seconds{s};
}

std::optional<sys_seconds> joined(year_month_day date, std::optional<seconds> time) noexcept {
    if (!date.ok() || !time) return {};
    return sys_days{date} + *time;
}

year_month_day ymd(unsigned y, unsigned m, unsigned d) noexcept {
    return year{static_cast<int>(y)} / month{m} / day{d};
}

std::optional<sys_seconds> imf_fixdate(std::string_view text) noexcept {
    date_reader in{text};
    in.one_of(short_days);
    const unsigned d = in.skip(", ").digits(2);
    const unsigned m = in.skip(" ").one_of(months_of_year);
    const unsigned y = in.skip(" ").digits(4);
    const auto time = time_of_day(in.skip(" "));
    return in.skip(" GMT").at_end() ? joined(ymd(y, m, d), time) : std::nullopt;
}

std::optional<sys_seconds> asctime_date(std::string_view text) noexcept {
    date_reader in{text};
    in.one_of(short_days);
    const unsigned m = in.skip(" ").one_of(months_of_year);
    const unsigned d = in.skip(" ").padded_day();
    const auto time = time_of_day(in.skip(" "));
    const unsigned y = in.skip(" ").digits(4);
    return in.at_end() ? joined(ymd(y, m, d), time) : std::nullopt;
}

/// The latest year that ends in these two digits, has this day, and is not more than 50 years ahead.
std::optional<sys_seconds> in_a_century(unsigned two_digits, month_day date, seconds time, sys_seconds now) noexcept {
    const auto today = floor<days>(now);
    const year_month_day calendar{today};
    const sys_seconds latest =
        sys_days{(calendar.year() + years{50}) / calendar.month() / calendar.day()} + (now - today);
    const int this_century = static_cast<int>(calendar.year()) / 100 * 100;
    for (int century = this_century + 100; century >= this_century - 400; century -= 100) {
        const auto candidate = joined(year{century + static_cast<int>(two_digits)} / date, time);
        if (candidate && *candidate <= latest) return candidate;
    }
    return {};
}

std::optional<sys_seconds> rfc850_date(std::string_view text, sys_seconds now) noexcept {
    date_reader in{text};
    in.one_of(long_days);
    const unsigned d = in.skip(", ").digits(2);
    const unsigned m = in.skip("-").one_of(months_of_year);
    const unsigned y = in.skip("-").digits(2);
    const auto time = time_of_day(in.skip(" "));
    if (!in.skip(" GMT").at_end() || !time) return {};
    return in_a_century(y, month{m} / day{d}, *time, now);
}

}  // namespace

std::optional<sys_seconds> parse_http_date(std::string_view text, sys_seconds now) noexcept {
    if (const auto found = imf_fixdate(text)) return found;
    if (const auto found = rfc850_date(text, now)) return found;
    return asctime_date(text);
}

}  // namespace cutwater
