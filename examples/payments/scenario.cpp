#include "examples/payments/scenario.hpp"

#include <future>
#include <stdexcept>

#include "cutwater/drive/clock/clock.hpp"
#include "examples/payments/bank_process.hpp"
#include "examples/payments/database_trouble.hpp"
#include "test/servers/postgres_server.hpp"

namespace payments {

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// Nobody pays any more when this goes, so that who waits for them has an end.
struct closing_time {
    payers& all;

    explicit closing_time(payers& of) : all{of} {}
    closing_time(const closing_time&) = delete;
    closing_time& operator=(const closing_time&) = delete;
    ~closing_time() { all.stop(); }
};

constexpr auto outage = 2'500ms;  // longer than a client waits for an attempt
constexpr auto watched_every = 20ms;

/// What happens to the bank while all pay: kills and outages at equal distances, counted in payments.
class day {
public:
    day(const scenario& what, const payers& all, bank_process& bank, database_trouble& trouble, report& told)
        : what_{what}, all_{all}, bank_{bank}, trouble_{trouble}, told_{told} {}

    void watch(const std::future<void>& end) {
        while (end.wait_for(watched_every) != std::future_status::ready) {
            if (what_.on_progress) what_.on_progress(all_.paid());
            look_for_an_end();
            if (!bank_.runs()) {
                ++told_.deaths;
                bank_.kill_and_start();
            }
            if (is_due(told_.kills, what_.kills)) {
                bank_.kill_and_start();
                ++told_.kills;
            }
            if (is_due(told_.outages, what_.outages)) {
                trouble_.begin();
                ++told_.outages;
                pass(end);
                trouble_.end();
            }
        }
        if (what_.on_progress) what_.on_progress(all_.paid());
    }

private:
    /// Where there is no more to be paid: customers would ask again for ever.
    void look_for_an_end() const {
        if (what_.is_to_end && what_.is_to_end()) throw std::runtime_error{"ended before all had paid"};
        if (trouble_.is_for_good())
            throw std::runtime_error{"PostgreSQL has ended before all had paid. Its log: " + trouble_.log()};
    }
    /// An outage: for as long, or until the next is due, where the payments go on.
    void pass(const std::future<void>& end) const {
        const cw::instant until = cw::add(cw::now(), outage);
        while (cw::now() < until && !is_due(told_.outages, what_.outages)) {
            if (end.wait_for(watched_every) == std::future_status::ready) return;
            look_for_an_end();
        }
    }
    [[nodiscard]] bool is_due(unsigned done, unsigned of) const {
        return done < of && all_.paid() >= (done + 1) * what_.payments / (of + 1);
    }

    const scenario& what_;
    const payers& all_;
    bank_process& bank_;
    database_trouble& trouble_;
    report& told_;
};

}  // namespace

bool report::is_right() const {
    const audit wanted{.once = played.payments, .cents = played.accounts * cents_at_first};
    return books == wanted && client.other == 0 && deaths == 0;
}

report play(const scenario& what) {
    cw::testing::postgres_server postgres;
    const database shop{postgres.connection()};
    open_accounts(shop, what.accounts);
    database_trouble trouble{postgres};
    bank_process bank{what.program, what.outages > 0 ? trouble.connection() : postgres.connection()};
    const std::vector<payment> all = make_payments(what.payments, what.accounts, what.seed);

    report told{.played = what};
    const cw::instant began = cw::now();
    faulty_link link{bank.port(), {.seed = what.seed, .share = what.trouble}};
    payers customers{link.port(), all, what.users};
    const std::future<void> end = std::async(std::launch::async, [&] { customers.run(); });
    const closing_time closes{customers};
    day{what, customers, bank, trouble, told}.watch(end);
    told.took = cw::between(began, cw::now());
    told.client = customers.seen();
    for (std::size_t i = 0; i < mishaps; ++i) told.on_the_way[i] = link.happened(static_cast<mishap>(i));
    told.books = read_books(shop, all, what.accounts);
    return told;
}

}  // namespace payments
