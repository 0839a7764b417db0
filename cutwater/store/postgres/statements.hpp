// Private to the room: the statements, what they are given, and what their rows mean.
//
// Each is one statement that also gives back what is there where it did nothing. What is there is from the statement's snapshot, so a writer
// that was quicker may not be in it yet; then the rows contradict each other, and whoever asked asks again, with a new snapshot that has it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cutwater/store/cell.hpp"

struct pg_result;

namespace cutwater::detail {

enum class postgres_statement : std::uint8_t { read, write_new, write, erase, list };
inline constexpr std::array postgres_statements{postgres_statement::read, postgres_statement::write_new,
                                                postgres_statement::write, postgres_statement::erase,
                                                postgres_statement::list};

/// What a statement is prepared as.
[[nodiscard]] const char* name_of(postgres_statement which) noexcept;

/// `"schema"."table"`. The name has been validated.
[[nodiscard]] std::string quoted(std::string_view table);

/// Each write deletes up to `sweep` other cells that have expired.
[[nodiscard]] std::string sql_of(postgres_statement which, std::string_view table, unsigned sweep);
/// For PREPARE: `(bytea, bigint)`.
[[nodiscard]] std::string types_of(postgres_statement which);
[[nodiscard]] std::string sql_of_table(std::string_view table);

/// A request as a statement's parameters, in binary. It refers to the request.
class postgres_question {
public:
    explicit postgres_question(const cell_request& asked);
    postgres_question(const postgres_question&) = delete;
    postgres_question& operator=(const postgres_question&) = delete;

    [[nodiscard]] postgres_statement which() const noexcept { return which_; }
    [[nodiscard]] int size() const noexcept { return size_; }
    [[nodiscard]] const unsigned* types() const noexcept { return types_.data(); }
    [[nodiscard]] const char* const* values() const noexcept { return values_.data(); }
    [[nodiscard]] const int* lengths() const noexcept { return lengths_.data(); }
    [[nodiscard]] const int* formats() const noexcept { return formats_.data(); }

    /// Nothing: somebody was quicker, so ask again.
    [[nodiscard]] std::optional<cell_reply> reply_of(const pg_result& rows) const;

private:
    static constexpr std::size_t most = 4;

    void fill(const read_cell& asked);
    void fill(const swap_cell& asked);
    void fill(const erase_cell& asked);
    void fill(const list_cells& asked);
    void add(std::string_view bytes);
    void add(std::optional<std::int64_t> number);

    postgres_statement which_ = postgres_statement::read;
    cell_version expected_ = 0;
    int size_ = 0;
    std::array<unsigned, most> types_{};
    std::array<const char*, most> values_{};
    std::array<int, most> lengths_{};
    std::array<int, most> formats_{};
    std::array<std::array<char, sizeof(std::int64_t)>, most> numbers_{};
    std::string from_;
    std::string to_;
};

}  // namespace cutwater::detail
