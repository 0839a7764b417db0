// A real Prometheus on a free port of loopback, that scrapes one target five times a second.
//
//     prometheus_server server{"127.0.0.1:9100"};
//     const nlohmann::json said = server.query("sum(up)");             // what /api/v1/query answers, when there is a result
//     prometheus_server ruled{"127.0.0.1:9100", "groups: …"};          // with what stands in a rules file
#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#define BOOST_PROCESS_USE_STD_FS  // as in server_process.hpp, whichever comes first
#include <boost/process.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include "test/servers/scratch_folder.hpp"
#include "test/servers/server_process.hpp"

namespace cutwater::testing {

/// The answer of a server on loopback, its body; an empty one where there is no such.
inline std::string http_get(std::uint16_t port, const std::string& target) {
    namespace http = boost::beast::http;
    boost::asio::io_context context;
    boost::beast::tcp_stream stream{context};
    stream.connect({boost::asio::ip::address_v4::loopback(), port});
    http::request<http::empty_body> asked{http::verb::get, target, 11};
    asked.set(http::field::host, "127.0.0.1");
    http::write(stream, asked);
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> answer;
    http::read(stream, buffer, answer);
    return std::move(answer.body());
}

/// What `promtool check metrics` says of a page: nothing where all is well.
inline std::string promtool_check(const std::string& page) {
    namespace process = boost::process;
    process::opstream in;
    process::ipstream out;
    process::child check{installed("promtool", "prometheus"), "check", "metrics",
                         process::std_in<in, (process::std_out & process::std_err)> out};
    in << page << std::flush;
    in.pipe().close();
    std::string complaints{std::istreambuf_iterator<char>{out}, {}};
    check.wait();
    return check.exit_code() == 0 ? complaints : "exit code " + std::to_string(check.exit_code()) + ": " + complaints;
}

class prometheus_server {
public:
    /// `target`: host and port of what it scrapes, at /metrics. `rules`: what stands in a rules file, if anything.
    explicit prometheus_server(std::string target, const std::string& rules = {}) : target_{std::move(target)} {
        if (!rules.empty()) folder_.write("rules.yml", rules);
        folder_.write("prometheus.yml", configuration(!rules.empty()));
        if (start_on_free_port([this](std::uint16_t port) { return port_ = port, start(); }) == 0)
            throw std::runtime_error{"prometheus does not start: " + folder_.read("log")};
    }

    bool start() {
        return process_.start(
            {installed("prometheus", "prometheus"), "--config.file=" + folder_.file("prometheus.yml"),
             "--storage.tsdb.path=" + folder_.file("data"), "--web.listen-address=127.0.0.1:" + std::to_string(port_)},
            port_, folder_.file("log"));
    }
    void stop() { process_.stop(); }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    /// What `/api/v1/query` answers, as JSON.
    [[nodiscard]] std::string query(const std::string& expression) const {
        const std::string encoded = boost::urls::encode(expression, boost::urls::unreserved_chars);
        return http_get(port_, "/api/v1/query?query=" + encoded);
    }
    [[nodiscard]] std::string get(const std::string& target) const { return http_get(port_, target); }

private:
    [[nodiscard]] std::string configuration(bool has_rules) const {
        const std::string rules = has_rules ? "rule_files: [" + folder_.file("rules.yml") + "]\n" : "";
        return "global: {scrape_interval: 200ms, evaluation_interval: 200ms}\n" + rules +
               "scrape_configs: [{job_name: cutwater, static_configs: [{targets: ['" + target_ + "']}]}]\n";
    }

    scratch_folder folder_;
    std::string target_;
    std::uint16_t port_ = 0;
    server_process process_;
};

}  // namespace cutwater::testing
