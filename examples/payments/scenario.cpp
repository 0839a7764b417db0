#include "examples/payments/scenario.hpp"

#include <future>
#include <stdexcept>

#include "cutwater/drive/clock/clock.hpp"
#include "test/servers/postgres_server.hpp"

namespace payments {

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// The service as a process, which can be killed.
class bank_process {
public:
    bank_process(std::string program, std::string connection)
        : program_{std::move(program)}, connection_{std::move(connection)} {
        port_ = cw::testing::start_on_free_port([this](std::uint16_t port) { return port_ = port, start(); });
        if (port_ == 0) throw std::runtime_error{"the service does not start: " + folder_.read("log")};
    }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    void kill_and_start() {
        process_.kill();
        if (!start()) throw std::runtime_error{"the service does not start again: " + folder_.read("log")};
    }

private:
    bool start() {
        return process_.start({program_, "--serve", std::to_string(port_), "--database", connection_}, port_,
                              folder_.file("log"));
    }

    std::string program_;
    std::string connection_;
    cw::testing::scratch_folder folder_;
    std::uint16_t port_ = 0;
    cw::testing::server_process process_;
};

/// Kills at equal distances, counted in payments. How often it did.
unsigned watch(const scenario& what, const payers& all, bank_process& bank, const std::future<void>& end) {
    unsigned killed = 0;
    while (end.wait_for(20ms) != std::future_status::ready) {
        if (what.on_progress) what.on_progress(all.paid());
        if (killed == what.kills || all.paid() < (killed + 1) * what.payments / (what.kills + 1)) continue;
        bank.kill_and_start();
        ++killed;
    }
    if (what.on_progress) what.on_progress(all.paid());
    return killed;
}

}  // namespace

bool report::is_right() const {
    const audit wanted{.once = played.payments, .cents = played.accounts * cents_at_first};
    return books == wanted && client.other == 0;
}

report play(const scenario& what) {
    cw::testing::postgres_server postgres;
    const database shop{postgres.connection()};
    open_accounts(shop, what.accounts);
    bank_process bank{what.program, postgres.connection()};
    const std::vector<payment> all = make_payments(what.payments, what.accounts, what.seed);

    report told{.played = what};
    const cw::instant began = cw::now();
    faulty_link link{bank.port(), {.seed = what.seed, .share = what.trouble}};
    payers customers{link.port(), all, what.users};
    const std::future<void> end = std::async(std::launch::async, [&] { customers.run(); });
    told.kills = watch(what, customers, bank, end);
    told.took = cw::between(began, cw::now());
    told.client = customers.seen();
    for (std::size_t i = 0; i < mishaps; ++i) told.on_the_way[i] = link.happened(static_cast<mishap>(i));
    told.books = read_books(shop, all, what.accounts);
    return told;
}

}  // namespace payments
