#include "examples/payments/database.hpp"

namespace payments {

database::database(const std::string& connection) : link_{PQconnectdb(connection.c_str()), &PQfinish} {
    if (PQstatus(link_.get()) != CONNECTION_OK) throw database_error{PQerrorMessage(link_.get())};
    PQsetNoticeReceiver(link_.get(), [](void*, const PGresult*) {}, nullptr);
}

database::result database::ask(const std::string& sql, const std::vector<std::string>& parameters) const {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const std::string& each : parameters) values.push_back(each.c_str());
    result said{values.empty() ? PQexec(link_.get(), sql.c_str())
                               : PQexecParams(link_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                              values.data(), nullptr, nullptr, 0),
                &PQclear};
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
