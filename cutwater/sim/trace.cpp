#include "cutwater/sim/trace.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <stdexcept>

#include "cutwater/core/text.hpp"
#include "cutwater/sim/given.hpp"

namespace cutwater::sim {

namespace {

/// Six significant digits: enough for a picture, and the same on every machine.
std::string number(double value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 6).ptr;
    return {text.data(), end};
}

double seconds(duration d) { return std::chrono::duration<double>{d}.count(); }

}  // namespace

trace::trace(world& in, duration period) : world_{in}, period_{period} {
    detail::require(period > duration::zero(), period,
                    {"trace", "period", "give the time from one row to the next, above 0"});
}

void trace::column(std::string name, std::function<double()> value) {
    const std::string remedy = "give it \"" + name + "\" before it begins";
    detail::require(!has_begun_, "under way", {"trace::column", "the trace", remedy});
    columns_.push_back({std::move(name), std::move(value), {}});
}

void trace::begin() {
    detail::require(!has_begun_, "under way",
                    {"trace::begin", "the trace", "begin it once, when it has all its columns"});
    has_begun_ = true;
    await_row();
}

void trace::await_row() {
    world_.after(period_, [this] {
        take_row();
        await_row();
    });
}

void trace::take_row() {
    ++rows_;
    for (series& each : columns_) each.rows.push_back(each.value());
}

const std::vector<double>& trace::values(std::string_view column) const {
    const auto found = std::ranges::find(columns_, column, &series::name);
    if (found == columns_.end()) throw std::out_of_range{"trace: there is no column \"" + std::string{column} + '"'};
    return found->rows;
}

double trace::mean(std::string_view column, duration from, duration to) const {
    const std::string remedy = "give from (" + std::string{to_text(from)} + ") or more";
    detail::require(from <= to, to, {"trace::mean", "to", remedy});
    const std::vector<double>& rows = values(column);
    const auto at = [&](duration d) {
        return rows.begin() + std::clamp(d / period_, duration::rep{0}, static_cast<duration::rep>(rows.size()));
    };
    const auto first = at(from);
    const auto last = at(to);
    return first < last ? std::accumulate(first, last, 0.0) / static_cast<double>(last - first) : 0.0;
}

std::string trace::csv() const {
    std::string text = "seconds";
    for (const series& each : columns_) text += ',' + each.name;
    text += '\n';
    for (std::size_t row = 0; row < rows_; ++row) {
        text += number(seconds(period_) * static_cast<double>(row + 1));
        for (const series& each : columns_) text += ',' + number(each.rows[row]);
        text += '\n';
    }
    return text;
}

}  // namespace cutwater::sim
