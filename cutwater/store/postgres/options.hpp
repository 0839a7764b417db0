// The knobs of cells in PostgreSQL, with the defaults in force.
//
//     cw::postgres_store_options mine{.connection = "host=db.internal dbname=shop user=shop", .table = "shop.cells", .max_connections = 4};
//
// A connection string may hold a password: nothing prints it, neither as an option nor in an error.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "cutwater/core/options.hpp"

namespace cutwater {

using namespace std::chrono_literals;

/// What libpq connects by: `key=value …`, or a `postgresql://` URI. What it leaves out comes from the environment, as for psql.
class postgres_conninfo {
public:
    postgres_conninfo() = default;
    explicit(false) postgres_conninfo(std::string text) : text_{std::move(text)} {}
    explicit(false) postgres_conninfo(const char* text) : text_{text} {}

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

[[nodiscard]] inline std::string to_text(const postgres_conninfo& c) { return c.text().empty() ? "none" : "set"; }

/// Names of tables that mean the same wherever they stand: they are quoted, so case counts.
struct postgres_table_name {
    [[nodiscard]] static bool holds(std::string_view table) noexcept;
    [[nodiscard]] static std::string text() {
        return "a name, or schema.name, of letters, digits and _, not beginning with a digit, each of at most 48";
    }
};

struct postgres_store_options {
    std::string name = "postgres";
    postgres_conninfo connection = {};
    std::string table = "cutwater_cells";
    bool create_table = true;
    unsigned max_connections = 8;
    duration timeout = 5s;
    duration connect_timeout = 2s;
    unsigned sweep = 4;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the store's name in errors and events");
        visit("connection", self.connection, any_value,
              "libpq's connection string or URI; what is not in it comes from the environment");
        visit("table", self.table, postgres_table_name{}, "the table of the cells");
        visit("create_table", self.create_table, any_value, "whether the table is made where there is none");
        visit("max_connections", self.max_connections, within(1U, 1'000U),
              "connections at once, made when they are needed; an operation takes one");
        visit("timeout", self.timeout, within<duration>(1ms, 1h),
              "for an operation in all, the wait for a connection included");
        visit("connect_timeout", self.connect_timeout, within<duration>(1ms, 1h), "for a connection to be made");
        visit("sweep", self.sweep, within(0U, 1'000U), "expired cells that a write deletes besides its own");
    }

    void cross_check(option_problems& problems) const;
};

struct postgres_transaction_options {
    std::string name = "postgres";
    std::string table = "cutwater_cells";
    duration timeout = 5s;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the store's name in errors and events");
        visit("table", self.table, postgres_table_name{}, "the table of the cells, which must be there");
        visit("timeout", self.timeout, within<duration>(1ms, 1h),
              "for an operation in all; then the connection is lost");
    }
};

}  // namespace cutwater
