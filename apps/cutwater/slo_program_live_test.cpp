// `cutwater slo`, `cutwater dashboard` and `cutwater doctor` as programs among others: promtool, and a real Prometheus.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "apps/cutwater/dashboard_panels.hpp"
#include "apps/cutwater/program_live_test.hpp"
#include "apps/cutwater/slo_rules.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/observe/metrics/event_metrics.hpp"
#include "cutwater/observe/prometheus/prometheus_metrics.hpp"
#include "cutwater/observe/slo/slo_tracker.hpp"
#include "test/servers/prometheus_server.hpp"

namespace cutwater::app {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::nginx;
using ::testing::Not;
using testing::prometheus_server;
using testing::ran;
using testing::run;
using testing::run_in_shell;

// ---- rules, by promtool ----

TEST(slo_program, promtool_finds_nothing_wrong_with_rules_and_each_alert_fires_and_clears) {
    const ran done = run_in_shell(
        "o='--objective orders:place_order:99.9%:250ms'; $program slo rules $o > rules.yml && $program slo rules $o "
        "--tests > tests.yml && "
        "promtool check rules rules.yml && promtool test rules tests.yml");
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
    EXPECT_THAT(done.out, HasSubstr("14 rules found"));
}

TEST(slo_program, a_low_target_of_every_operation_alerts_as_well) {
    const ran done = run_in_shell(
        "o='--objective all:*:90% --days 28 --min-calls 100'; $program slo rules $o > rules.yml && $program slo rules "
        "$o --tests > tests.yml && "
        "promtool check rules rules.yml && promtool test rules tests.yml");
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
}

/// Its rules, and their tests, by promtool.
ran proved(const std::string& options) {
    return run_in_shell("o='" + options +
                        "'; $program slo rules $o > rules.yml && $program slo rules $o --tests > tests.yml && "
                        "promtool check rules rules.yml && promtool test rules tests.yml");
}

TEST(slo_program, objectives_that_see_the_same_calls_have_tests_of_their_own) {
    const ran done =
        proved("--objective orders:place_order:99.9% --objective fast:place_order:99%:250ms --objective all:*:99%");
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
}

TEST(slo_program, alerts_that_ask_for_many_calls_are_tested_with_as_many) {
    const ran done = proved("--objective orders:place_order:99.9%:250ms --min-calls 1000000000");
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
}

TEST(slo_program, degraded_results_that_are_bad_are_asked_for) {
    const ran done = proved("--objective stock:get_stock,list_stock:99% --degraded-is-bad");
    EXPECT_EQ(done.exit, 0) << done.out << done.err;
    const ran unasked = run_in_shell(
        "o='--objective stock:get_stock:99%'; $program slo rules $o > rules.yml && "
        "$program slo rules $o --degraded-is-bad --tests > tests.yml && promtool test rules tests.yml");
    EXPECT_NE(unasked.exit, 0);
    EXPECT_THAT(unasked.out + unasked.err, HasSubstr("ALERTS{")) << "the tests have no degraded result";
}

TEST(slo_program, a_test_fails_where_the_recorded_budget_is_another) {
    const ran done = run_in_shell(
        "o='--objective orders:place_order:99.9%'; $program slo rules $o | sed 's:/ 0.001$:/ 0.002:' > rules.yml && "
        "grep -q '/ 0.002$' rules.yml && $program slo rules $o --tests > tests.yml && promtool test rules tests.yml");
    EXPECT_NE(done.exit, 0) << "the tests prove nothing of the budget";
    EXPECT_THAT(done.out + done.err, HasSubstr("remaining_ratio"));
}

TEST(slo_program, a_test_fails_where_an_alert_does_not_fire) {
    const ran done = run_in_shell(
        "o='--objective orders:place_order:99.9%'; $program slo rules $o | sed 's/> 0.0144/> 0.9/g' > rules.yml && "
        "$program slo rules $o --tests > tests.yml && promtool test rules tests.yml");
    EXPECT_NE(done.exit, 0) << "the tests prove nothing";
}

TEST(slo_program, what_cannot_be_asked_is_refused) {
    EXPECT_EQ(run({"slo", "rules"}).exit, 2);
    EXPECT_EQ(run({"slo"}).exit, 2);
    const ran bound = run({"slo", "rules", "--objective", "orders:place_order:99.9%:300ms"});
    EXPECT_EQ(bound.exit, 2);
    EXPECT_THAT(bound.err, HasSubstr("has no bound at 0.3s"));
    EXPECT_EQ(run({"slo", "rules", "--objective", "orders:place_order:99.9%:300ms", "--buckets", "0.1,0.3,1"}).exit, 0);
    const ran twice = run({"slo", "rules", "--objective", "orders:place_order:99.9%:250ms", "--degraded-is-bad"});
    EXPECT_EQ(twice.exit, 2);
    EXPECT_THAT(twice.err, HasSubstr("an objective of its own"));
    const ran short_one = run({"slo", "rules", "--objective", "orders:place_order"});
    EXPECT_THAT(short_one.err,
                AllOf(HasSubstr("orders:place_order:99.9%:250ms"), HasSubstr("try `cutwater slo rules --help`")));
}

TEST(slo_program, what_nobody_could_read_or_meant_is_refused_in_words) {
    const auto refused = [](const std::vector<std::string>& more) {
        std::vector<std::string> words{"slo", "rules", "--objective", "orders:place_order:99.9%"};
        words.insert(words.end(), more.begin(), more.end());
        const ran done = run(words);
        EXPECT_EQ(done.exit, 2) << more.back();
        EXPECT_EQ(done.out, "") << more.back();
        return done.err;
    };
    EXPECT_THAT(refused({"--objective", "a:caf\xE9:99%"}), HasSubstr("no UTF-8"));
    EXPECT_THAT(refused({"--tests", "--rules-file", "caf\xE9"}), HasSubstr("no UTF-8"));
    EXPECT_THAT(refused({"--min-calls=-1"}), HasSubstr("\"-1\" is no whole number"));
    EXPECT_THAT(refused({"--days", "91"}), HasSubstr("91 is not from 1 to 90"));
    EXPECT_THAT(refused({"--buckets", "0.1,0.05"}), HasSubstr("each above the one before"));
    const std::string twice = refused({"--objective", "orders:get:99%"});
    EXPECT_EQ(twice.find("two objectives are called orders"), twice.rfind("two objectives are called orders"));
}

// ---- the dashboard, by a real Prometheus ----

/// A service that shows each of its sides: retries that help, refusals, a circuit that opens, degraded results, waits.
class busy_shop {
public:
    void work() {
        for (int i = 0; i < 60; ++i) {
            int attempt = 0;
            (void)guarded_.run({.operation = "place_order", .idempotent = idempotency::idempotent}, [&]() -> int {
                if (i % 5 == 0 && attempt++ == 0)
                    throw std::system_error{std::make_error_code(std::errc::connection_reset)};
                return 7;
            });
        }
        (void)guarded_.run({.operation = "place_order"}, []() -> int {
            throw std::system_error{std::make_error_code(std::errc::permission_denied)};
        });
        for (int i = 0; i < 30; ++i)
            (void)broken_.run({.operation = "get_stock"}, []() -> int {
                throw std::system_error{std::make_error_code(std::errc::connection_refused)};
            });
        (void)late_.run({.operation = "report"}, [](const attempt& a) -> int {
            while (!a.stop_token().stop_requested() && now() < a.deadline()) std::this_thread::sleep_for(1ms);
            throw std::system_error{std::make_error_code(std::errc::timed_out)};
        });
        (void)waits();
    }
    [[nodiscard]] std::string page() const { return shown_.text(); }

private:
    /// Two calls at a gate for one.
    bool waits() {
        std::jthread first{[&] {
            (void)room_.run({.operation = "wait"}, [] {
                std::this_thread::sleep_for(50ms);
                return 1;
            });
        }};
        std::this_thread::sleep_for(10ms);
        return room_.run({.operation = "wait"}, [] { return 2; }).has_value();
    }

    metric_registry registry_;
    event_metrics counts_{registry_};
    slo_tracker objectives_{{{.name = "orders", .target = 0.99}}};
    retry_budget budget_{{.ratio = 0.1}};
    circuit_breaker health_{{.name = "inventory", .window = breaker_window::consecutive, .consecutive_failures = 5}};
    pipeline<observe, retry> guarded_{observe{objectives_.also(counts_)},
                                      retry{{.base_delay = 1ms, .budget = &budget_}}};
    static int last_known() { throw std::runtime_error{"nothing is known"}; }
    using known_or_zero = decltype(fallback{&last_known, 0});
    pipeline<observe, known_or_zero, reference<circuit_breaker>> broken_{observe{objectives_}, fallback{&last_known, 0},
                                                                         cutwater::ref(health_)};
    pipeline<observe, timeout> late_{observe{objectives_}, timeout{{.name = "attempt", .after = 20ms}}};
    pipeline<observe, bulkhead> room_{observe{objectives_},
                                      bulkhead{{.name = "room", .max_concurrent = 1, .max_queue = 1, .max_wait = 1s}}};
    metric_registry::watched watched_[5]{registry_.watch(guarded_), registry_.watch(broken_), registry_.watch(room_),
                                         registry_.watch(objectives_), registry_.watch(budget_)};
    prometheus_metrics shown_{registry_};
};

/// As Grafana would ask it.
std::string filled_in(std::string query) {
    const auto replace = [&query](const std::string& what, const std::string& by) {
        for (auto at = query.find(what); at != std::string::npos; at = query.find(what, at + by.size()))
            query.replace(at, what.size(), by);
    };
    replace("$__rate_interval", "5s");
    replace("$operation", ".*");
    replace("$layer", ".*");
    replace("offset 1h", "offset 1s");  // an hour ago the test had not begun
    return query;
}

TEST(dashboard_program, every_panel_above_the_last_row_has_data_in_a_real_prometheus) {
    busy_shop shop;
    shop.work();
    ASSERT_EQ(testing::promtool_check(shop.page()), "") << shop.page();
    const nginx shows{"location /metrics { default_type text/plain; }"};
    shows.publish("metrics", shop.page());
    const std::vector<slo_options> objectives{{.name = "orders", .operations = {"place_order"}, .target = 0.99}};
    const prometheus_server server{"127.0.0.1:" + std::to_string(shows.port()), prometheus_rules(objectives)};
    for (int i = 0; i < 200 && server.query("up == 1").find("\"value\"") == std::string::npos; ++i)
        std::this_thread::sleep_for(100ms);  // it begins to scrape some seconds after it has started
    for (int i = 0; i < 3; ++i) {            // rates need changes between scrapes
        shop.work();
        shows.publish("metrics", shop.page());
        std::this_thread::sleep_for(700ms);
    }
    const auto rows = dashboard_rows();
    for (std::size_t row = 0; row < rows.size(); ++row)
        for (const panel& each : rows[row].panels)
            for (const panel_query& query : each.queries) {
                const auto said = nlohmann::json::parse(server.query(filled_in(query.ask)));
                EXPECT_EQ(said.at("status"), "success") << each.title << ": " << said;
                const bool may_be_empty =
                    row + 1 == rows.size() || query.ask.find("budget_exhausted") != std::string::npos;
                EXPECT_TRUE(may_be_empty || !said.at("data").at("result").empty())
                    << each.title << " has no data: " << query.ask;
            }
    const panel& success = rows.front().panels.front();
    EXPECT_THAT(server.query(filled_in(success.queries.front().ask)), HasSubstr(R"("operation":"report")"))
        << "which never succeeded";
}

TEST(dashboard_program, prints_json) {
    const ran done = run({"dashboard", "--title", "Shop"});
    EXPECT_EQ(done.exit, 0);
    EXPECT_EQ(nlohmann::json::parse(done.out).at("title"), "Shop");
}

TEST(dashboard_program, a_title_that_nobody_could_read_is_refused) {
    for (const char* const option : {"--title", "--datasource"}) {
        const ran done = run({"dashboard", option, "\xFF"});
        EXPECT_EQ(done.exit, 2) << option;
        EXPECT_THAT(done.err, AllOf(HasSubstr(option), HasSubstr("no UTF-8"), Not(HasSubstr("json.exception"))));
    }
}

// ---- the doctor ----

constexpr auto retries = "cutwater_retries_total{layer=\"retry\",operation=\"get\"} ";

TEST(doctor_program, looks_twice_at_a_live_page_and_judges_what_came_between) {
    const nginx shows{"location /metrics { default_type text/plain; }"};
    shows.publish("metrics", std::string{retries} + "1000\n");
    testing::running program{{"doctor", "--for", "2s", shows.url("/metrics")}};
    ASSERT_EQ(shows.requests(1).size(), 1U);
    shows.publish("metrics", std::string{retries} + "1100\n");
    const ran done = program.end();
    EXPECT_EQ(done.exit, 3) << done.err;
    EXPECT_THAT(done.out,
                AllOf(HasSubstr("get: retry (retries_never_help)"), HasSubstr("100 retries rescued 0 calls")));
}

TEST(doctor_program, has_nothing_to_say_of_a_page_where_nothing_happens) {
    const nginx shows{"location /metrics { default_type text/plain; }"};
    shows.publish("metrics", std::string{retries} + "1000\n");
    const ran done = run({"doctor", "--for", "100ms", shows.url("/metrics")});
    EXPECT_EQ(done.exit, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("nothing is to be changed"));
}

TEST(doctor_program, asks_a_prometheus_server) {
    const nginx shows{"location /metrics { default_type text/plain; }"};
    shows.publish("metrics", "cutwater_metric_series_refused_total 7\n");
    const prometheus_server server{"127.0.0.1:" + std::to_string(shows.port())};
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
    ran done;
    ASSERT_TRUE(testing::running::comes_true([&] { return (done = run({"doctor", "--prometheus", url})).exit != 4; }))
        << done.err;
    EXPECT_EQ(done.exit, 3) << done.err;
    EXPECT_THAT(done.out, HasSubstr("series_refused"));
}

TEST(doctor_program, reads_a_file_of_metrics_or_a_log_and_prints_json) {
    const ran page =
        run_in_shell("printf 'cutwater_metric_series_refused_total 7\\n' > page; $program doctor --json page");
    EXPECT_EQ(page.exit, 3) << page.err;
    EXPECT_EQ(nlohmann::json::parse(page.out).at(0).at("finding"), "series_refused");
    const ran log = run_in_shell(
        "for i in $(seq 30); do echo '{\"event\":\"retry_scheduled\",\"layer\":\"retry\",\"operation\":\"get\"}'; done "
        "| $program doctor -");
    EXPECT_EQ(log.exit, 3) << log.err;
    EXPECT_THAT(log.out, HasSubstr("30 retries rescued 0 calls"));
}

TEST(doctor_program, says_why_there_is_nothing_to_look_at) {
    const ran nowhere = run({"doctor"});
    EXPECT_EQ(nowhere.exit, 2);
    EXPECT_THAT(nowhere.err, AllOf(HasSubstr("give a URL or a file"), HasSubstr("try `cutwater doctor --help`")));
    EXPECT_EQ(run({"doctor", "/nowhere/page"}).exit, 4);
    EXPECT_EQ(run({"doctor", "http://127.0.0.1:" + std::to_string(testing::free_port()) + "/metrics"}).exit, 4);
    const ran html = run({"doctor", "-"}, "<html>\n");
    EXPECT_EQ(html.exit, 4);
    EXPECT_THAT(html.err, HasSubstr("line 1 is no metric"));
    const nginx shows{"location /metrics { default_type text/plain; }"};
    EXPECT_THAT(run({"doctor", shows.url("/metrics")}).err, HasSubstr("404"));
}

TEST(doctor_program, a_real_prometheus_of_which_nothing_is_known_is_nothing_to_look_at) {
    const nginx shows{"location /metrics { default_type text/plain; }"};
    shows.publish("metrics", "up_since 7\n");
    const prometheus_server server{"127.0.0.1:" + std::to_string(shows.port())};
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
    const ran asked = run({"doctor", "--prometheus", url});
    EXPECT_EQ(asked.exit, 4);
    EXPECT_THAT(asked.err, HasSubstr("has no metric of cutwater's, now or 1h ago")) << "and the query is understood";
    EXPECT_EQ(run({"doctor", "--for", "0s", url + "/metrics"}).exit, 4) << "its own page";
}

TEST(doctor_program, lists_what_it_looks_for) {
    const ran done = run({"doctor", "--rules"});
    EXPECT_EQ(done.exit, 0);
    EXPECT_THAT(done.out, HasSubstr("retries_never_help"));
}

}  // namespace
}  // namespace cutwater::app
