#include "cutwater/store/postgres/options.hpp"

#include <algorithm>
#include <memory>

#include <libpq-fe.h>

namespace cutwater {

namespace {

constexpr std::size_t longest_name = 48;  // so that what is called after it has room in PostgreSQL's 63

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_identifier(std::string_view word) noexcept {
    return !word.empty() && word.size() <= longest_name && is_letter(word.front()) &&
           std::ranges::all_of(word, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

/// Libpq's own words about a string that it does not understand may quote the password in it.
bool is_understood(const std::string& conninfo) {
    char* why = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed{PQconninfoParse(conninfo.c_str(), &why),
                                                                              &PQconninfoFree};
    PQfreemem(why);
    return parsed != nullptr;
}

}  // namespace

bool postgres_table_name::holds(std::string_view table) noexcept {
    const std::size_t dot = table.find('.');
    if (dot == std::string_view::npos) return is_identifier(table);
    return is_identifier(table.substr(0, dot)) && is_identifier(table.substr(dot + 1));
}

void postgres_store_options::cross_check(option_problems& problems) const {
    if (connection.text().contains('\0') || !is_understood(connection.text()))
        problems.push_back({"connection", "not shown, as it may hold a password",
                            "what libpq understands: key=value pairs, or a postgresql:// URI"});
    if (connect_timeout > timeout)
        problems.push_back(
            {"connect_timeout", to_exact_text(connect_timeout), "at most timeout, " + to_exact_text(timeout)});
}

}  // namespace cutwater
