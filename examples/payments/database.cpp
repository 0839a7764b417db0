#include "examples/payments/database.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "cutwater/drive/clock/clock.hpp"

namespace payments {

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

constexpr cw::duration shortest = 50ms;
constexpr cw::duration longest = 60s;

/// What the connection says itself comes last, and goes before.
PGconn* connect(const std::string& connection) {
    constexpr std::array<const char*, 3> names{"connect_timeout", "dbname", nullptr};
    const std::array<const char*, 3> values{"2", connection.c_str(), nullptr};
    return PQconnectdbParams(names.data(), values.data(), 1);
}

std::int64_t in_milliseconds(cw::duration d) { return std::chrono::ceil<std::chrono::milliseconds>(d).count(); }

}  // namespace

database::database(const std::string& connection) : link_{connect(connection), &PQfinish} {
    if (PQstatus(link_.get()) != CONNECTION_OK) throw database_error{PQerrorMessage(link_.get())};
    PQsetNoticeReceiver(link_.get(), [](void*, const PGresult*) {}, nullptr);
}

void database::begin(cw::instant deadline) {
    const cw::duration left = std::clamp(cw::between(cw::now(), deadline), shortest, longest);
    gives_up_ = cw::in(left);
    run("BEGIN; SET LOCAL statement_timeout = " + std::to_string(in_milliseconds(left * 9 / 10)));
}

void database::send(const std::string& sql, const std::vector<std::string>& parameters) const {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const std::string& each : parameters) values.push_back(each.c_str());
    const int sent = values.empty() ? PQsendQuery(link_.get(), sql.c_str())
                                    : PQsendQueryParams(link_.get(), sql.c_str(), static_cast<int>(values.size()),
                                                        nullptr, values.data(), nullptr, nullptr, 0);
    if (sent == 0) throw database_error{PQerrorMessage(link_.get())};
}

database::result database::next_result() const {
    for (;;) {
        if (PQconsumeInput(link_.get()) == 0) throw database_error{PQerrorMessage(link_.get())};
        if (PQisBusy(link_.get()) == 0) return {PQgetResult(link_.get()), &PQclear};
        const cw::duration left = cw::between(cw::now(), gives_up_);
        if (left <= cw::duration::zero()) throw database_error{"the database has not answered in time"};
        pollfd reply{.fd = PQsocket(link_.get()), .events = POLLIN, .revents = 0};
        ::poll(&reply, 1, static_cast<int>(std::min<std::int64_t>(in_milliseconds(left), 1'000)));
    }
}

/// The last of what several statements give.
database::result database::ask(const std::string& sql, const std::vector<std::string>& parameters) const {
    send(sql, parameters);
    result said{nullptr, &PQclear};
    while (result next = next_result()) said = std::move(next);
    const ExecStatusType status = PQresultStatus(said.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) throw database_error{PQerrorMessage(link_.get())};
    return said;
}

rows database::run(const std::string& sql, const std::vector<std::string>& parameters) const {
    const result said = ask(sql, parameters);
    rows found(static_cast<std::size_t>(PQntuples(said.get())));
    for (int row = 0; row < PQntuples(said.get()); ++row)
        for (int column = 0; column < PQnfields(said.get()); ++column)
            found[static_cast<std::size_t>(row)].emplace_back(PQgetvalue(said.get(), row, column));
    return found;
}

void database::commit() const {
    const result said = ask("COMMIT", {});
    if (std::string{PQcmdStatus(said.get())} != "COMMIT") throw database_error{"the transaction was rolled back"};
}

}  // namespace payments
