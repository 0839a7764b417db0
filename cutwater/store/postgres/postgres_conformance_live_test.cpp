// What every store keeps to, by the store and by a transaction of each level.

#include "cutwater/store/conformance_test.hpp"
#include "cutwater/store/postgres/postgres_live_test.hpp"
#include "cutwater/store/postgres/postgres_transaction.hpp"

namespace cutwater {
namespace {

using namespace testing;  // the server of these tests

class postgres_cells final : public stored {
public:
    cell_store& cells() override { return cells_; }
    void wait(duration d) override { std::this_thread::sleep_for(d); }

private:
    postgres_store cells_{own_options()};
};

const store_under_test postgres{"postgres", [] { return std::make_unique<postgres_cells>(); }};

/// All of a suite in one open transaction.
class transaction_cells final : public stored {
public:
    explicit transaction_cells(const std::string& level) {
        caller_.run(postgres_store::table_sql(table_));
        caller_.run("BEGIN ISOLATION LEVEL " + level);
    }
    cell_store& cells() override { return cells_; }
    void wait(duration d) override { std::this_thread::sleep_for(d); }

private:
    const std::string table_ = own_table();
    const sql_client caller_;
    postgres_transaction cells_{caller_.connection(), {.table = table_}};
};

store_under_test in_a_transaction(const std::string& name, const std::string& level) {
    return {name, [level] { return std::make_unique<transaction_cells>(level); }};
}

}  // namespace

namespace testing {
INSTANTIATE_TEST_SUITE_P(postgres, store_conformance, ::testing::Values(postgres), store_name{});
INSTANTIATE_TEST_SUITE_P(postgres_transaction, store_conformance,
                         ::testing::Values(in_a_transaction("read_committed", "READ COMMITTED"),
                                           in_a_transaction("repeatable_read", "REPEATABLE READ"),
                                           in_a_transaction("serializable", "SERIALIZABLE")),
                         store_name{});
}  // namespace testing
}  // namespace cutwater
