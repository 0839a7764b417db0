// What an SQLSTATE means to a pipeline: whether another try may help, and whether the work can have had an effect.
//
//     struct query_failed : std::runtime_error { std::string state; };
//     cw::classify rules{cw::judging<query_failed>([](const query_failed& e) {
//         return cw::sqlstate_judgement(e.state);
//     })};
//
// The pipeline goes round whatever is repeated: a whole transaction, begun anew in each attempt, or one statement that is a
// transaction by itself. What the server answers with an error it has rolled back, so that nothing was done; in doubt is what
// broke amid it, and a COMMIT that was not answered above all. Who knows that no COMMIT had been sent says so, and learns that
// nothing was done either: a server rolls back what its client leaves open.
//
//     cw::sqlstate_judgement("08006")                                    // unknown: it may have been committed
//     cw::sqlstate_judgement("08006", cw::sql_point::before_commit)      // none
//
// A state that is in no row has its class's; one of no class that is known is permanent, and its effect unknown. A database
// that commits by other rules (MySQL's DDL; its lock wait timeout, which rolls back the statement alone) needs rules in front.
//
// Sources: PostgreSQL 17, Appendix A "PostgreSQL Error Codes", and 13.5 "Serialization Failure Handling"; ISO/IEC 9075-2,
// 24.1 SQLSTATE. Thread safety: functions of their arguments; the first call makes the reasons' names, and throws
// `std::bad_alloc` there.
#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "cutwater/core/outcome.hpp"

namespace cutwater {

struct sqlstate_row {
    std::string_view state;  ///< five characters, or two: a class
    verdict meaning;
    effect executed;       ///< of a transaction whose COMMIT may have been sent, a lone statement's among them
    effect before_commit;  ///< of one whose COMMIT was not sent
    std::string_view note;
};

inline constexpr std::array sqlstate_rows{
    sqlstate_row{"00", verdict::success, effect::certain, effect::certain, "done"},
    sqlstate_row{"01", verdict::success, effect::certain, effect::certain, "done, with a warning"},
    sqlstate_row{"02", verdict::success, effect::certain, effect::certain, "done; there was no data"},
    sqlstate_row{"08", verdict::transient, effect::unknown, effect::none, "the connection failed"},
    sqlstate_row{"08001", verdict::transient, effect::none, effect::none, "no connection could be made"},
    sqlstate_row{"08004", verdict::transient, effect::none, effect::none, "the server took no connection"},
    sqlstate_row{"08P01", verdict::permanent, effect::unknown, effect::none, "the protocol was violated"},
    sqlstate_row{"0A", verdict::ignored, effect::none, effect::none, "a feature that there is not"},
    sqlstate_row{"21", verdict::ignored, effect::none, effect::none, "the caller's statement"},
    sqlstate_row{"22", verdict::ignored, effect::none, effect::none, "the caller's data"},
    sqlstate_row{"23", verdict::ignored, effect::none, effect::none,
                 "a constraint; at COMMIT, too, where it is deferred"},
    sqlstate_row{"25", verdict::permanent, effect::none, effect::none, "not in this state of the transaction"},
    sqlstate_row{"25006", verdict::transient, effect::none, effect::none,
                 "read only: a standby, as after a failover; on another connection"},
    sqlstate_row{"25P03", verdict::transient, effect::none, effect::none, "the transaction was idle for too long"},
    sqlstate_row{"25P04", verdict::transient, effect::none, effect::none, "the transaction took too long"},
    sqlstate_row{"26", verdict::ignored, effect::none, effect::none, "no such prepared statement on this connection"},
    sqlstate_row{"28", verdict::permanent, effect::none, effect::none, "not let in"},
    sqlstate_row{"38", verdict::permanent, effect::unknown, effect::unknown, "a function outside of the database"},
    sqlstate_row{"39", verdict::permanent, effect::unknown, effect::unknown, "a function outside of the database"},
    sqlstate_row{"3D", verdict::permanent, effect::none, effect::none, "no such database"},
    sqlstate_row{"40", verdict::transient, effect::none, effect::none, "rolled back"},
    sqlstate_row{"40001", verdict::transient, effect::none, effect::none,
                 "serialization failure: the whole transaction anew"},
    sqlstate_row{"40P01", verdict::transient, effect::none, effect::none, "deadlock: the whole transaction anew"},
    sqlstate_row{"40002", verdict::ignored, effect::none, effect::none, "a constraint, found at COMMIT"},
    sqlstate_row{"40003", verdict::transient, effect::unknown, effect::none, "whether it completed is not known"},
    sqlstate_row{"42", verdict::ignored, effect::none, effect::none, "the caller's statement, or its rights"},
    sqlstate_row{"53", verdict::transient, effect::none, effect::none, "not enough of something: memory, connections"},
    sqlstate_row{"53100", verdict::permanent, effect::none, effect::none, "the disk is full"},
    sqlstate_row{"53400", verdict::permanent, effect::none, effect::none, "a configured limit"},
    sqlstate_row{"54", verdict::ignored, effect::none, effect::none, "too large or too complex"},
    sqlstate_row{"55", verdict::permanent, effect::none, effect::none, "not in this state of the object"},
    sqlstate_row{"55006", verdict::transient, effect::none, effect::none, "the object is in use"},
    sqlstate_row{"55P03", verdict::transient, effect::none, effect::none, "the lock is not to be had now"},
    sqlstate_row{"57", verdict::transient, effect::unknown, effect::none, "an operator has intervened"},
    sqlstate_row{"57014", verdict::transient, effect::none, effect::none, "cancelled, as by statement_timeout"},
    sqlstate_row{"57P01", verdict::transient, effect::unknown, effect::none,
                 "shut down; where COMMIT waited for a standby, it is committed here"},
    sqlstate_row{"57P02", verdict::transient, effect::unknown, effect::none, "another process of the server crashed"},
    sqlstate_row{"57P03", verdict::transient, effect::none, effect::none, "starting, stopping or recovering"},
    sqlstate_row{"57P04", verdict::permanent, effect::unknown, effect::none, "the database was dropped"},
    sqlstate_row{"57P05", verdict::transient, effect::none, effect::none, "the session was idle for too long"},
    sqlstate_row{"58", verdict::permanent, effect::unknown, effect::none, "the server's system failed"},
    sqlstate_row{"F0", verdict::permanent, effect::unknown, effect::none, "the server's configuration"},
    sqlstate_row{"HV", verdict::permanent, effect::unknown, effect::unknown, "another database, behind this one"},
    sqlstate_row{"P0", verdict::ignored, effect::none, effect::none, "raised by a function of the caller's own"},
    sqlstate_row{"XX", verdict::permanent, effect::unknown, effect::none, "a bug, or corrupted data"},
};

/// How far a transaction had come.
enum class sql_point : std::uint8_t {
    perhaps_committed,  ///< COMMIT was sent, or may have been; a statement without BEGIN commits by itself
    before_commit,      ///< between BEGIN and COMMIT
    connecting,         ///< nothing was sent
};

/// The row of the state, else of its class; null where there is neither.
[[nodiscard]] constexpr const sqlstate_row* sqlstate_row_of(std::string_view state) noexcept {
    constexpr std::size_t all = 5;
    constexpr std::size_t of_class = 2;
    if (state.size() != all) return nullptr;
    const auto* row = std::ranges::find(sqlstate_rows, state, &sqlstate_row::state);
    if (row == sqlstate_rows.end())
        row = std::ranges::find(sqlstate_rows, state.substr(0, of_class), &sqlstate_row::state);
    return row == sqlstate_rows.end() ? nullptr : row;
}

namespace detail {

inline name sqlstate_reason(const sqlstate_row* row) {
    static const auto names = [] {
        std::array<name, sqlstate_rows.size()> made;
        for (std::size_t i = 0; i < made.size(); ++i) made[i] = name{"SQLSTATE " + std::string{sqlstate_rows[i].state}};
        return made;
    }();
    static const name no_row{"SQLSTATE unknown"};
    return row == nullptr ? no_row : names[static_cast<std::size_t>(row - sqlstate_rows.data())];
}

}  // namespace detail

[[nodiscard]] inline judgement sqlstate_judgement(std::string_view state, sql_point at = sql_point::perhaps_committed) {
    const sqlstate_row* const row = sqlstate_row_of(state);
    judgement j{.meaning = row == nullptr ? verdict::permanent : row->meaning,
                .executed = row == nullptr ? effect::unknown : row->executed,
                .reason = detail::sqlstate_reason(row)};
    if (at == sql_point::connecting && j.meaning != verdict::success) j.executed = effect::none;
    if (at == sql_point::before_commit && row != nullptr) j.executed = row->before_commit;
    return j;
}

}  // namespace cutwater
