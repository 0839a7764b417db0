// Columns of text, as wide as they need to be; the last one takes what is left of the line and wraps.
//
//     text_table table{{align::right, align::left}};
//     table.add({{"12ms"}, {"attempt 1", paint::good}});
//     write_all(out, table.text({.columns = columns_of(out), .colours = wants_colours(out)}));
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cutwater::app {

enum class align : std::uint8_t { left, right };
enum class paint : std::uint8_t { plain, good, bad, waiting, faint };

struct cell {
    std::string text;
    paint in = paint::plain;
};

/// Where a table is shown.
struct page {
    unsigned columns = 80;
    bool colours = false;
};

class text_table {
public:
    explicit text_table(std::vector<align> columns) : aligned_{std::move(columns)} {}

    /// As many cells as there are columns.
    void add(std::vector<cell> row);
    [[nodiscard]] std::string text(const page& shown) const;

private:
    [[nodiscard]] std::vector<std::size_t> widths() const;

    std::vector<align> aligned_;
    std::vector<std::vector<cell>> rows_;
};

/// Columns that a text takes: code points, near enough for what is printed here.
[[nodiscard]] std::size_t width_of(std::string_view text) noexcept;

/// Broken at blanks into lines of at most `columns`; words that are longer are cut.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t columns);

/// Without what a terminal would obey: controls become `?`.
[[nodiscard]] std::string printable(std::string_view text);

[[nodiscard]] std::string painted(std::string_view text, paint in, bool colours);

}  // namespace cutwater::app
