#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <iostream>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <nlohmann/json.hpp>

#include "apps/cutwater/call/client.hpp"
#include "apps/cutwater/call/endpoint_tally.hpp"
#include "apps/cutwater/call/outcome.hpp"
#include "apps/cutwater/call/run.hpp"
#include "apps/cutwater/call/tally.hpp"
#include "apps/cutwater/console/interrupt.hpp"
#include "apps/cutwater/console/pass_on.hpp"
#include "apps/cutwater/console/terminal.hpp"
#include "apps/cutwater/console/units.hpp"
#include "cutwater/observe/log/json_log.hpp"

namespace cutwater::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// One line on a terminal, ten times a second, gone when the work is.
class progress_line {
public:
    progress_line(asio::io_context& context, const call_tally& counted, const call_endpoint_tally& each,
                  std::uint64_t of)
        : ticks_{context}, counted_{&counted}, each_{&each}, of_{of}, columns_{columns_of(stderr)} {
        tick();
    }
    progress_line(const progress_line&) = delete;
    progress_line& operator=(const progress_line&) = delete;
    ~progress_line() { try_to_write(stderr, "\r\x1b[K"); }

private:
    void tick() {
        ticks_.expires_after(100ms);
        ticks_.async_wait([this](const boost::system::error_code& stopped) {
            if (stopped) return;
            std::string line = fmt::format("{} of {} calls, {} failed", counted_->calls(), of_, counted_->failed());
            if (each_->ejected() > 0)
                line += fmt::format(", {} of {} endpoints ejected", each_->ejected(), each_->count());
            try_to_write(stderr, fmt::format("\r{}\x1b[K", line.substr(0, columns_ - 1)));
            tick();
        });
    }

    asio::steady_timer ticks_;
    const call_tally* counted_;
    const call_endpoint_tally* each_;
    std::uint64_t of_;
    std::size_t columns_;
};

/// The calls of one run, and those who make them.
class many_calls {
public:
    many_calls(asio::io_context& context, const call_settings& settings, const http_request& request, audience& hears)
        : context_{context}, settings_{settings}, each_{settings.at},
          client_{settings, request, with(hears, counted_, each_)}, stop_{context},
          seen_{[this](const attempt_seen& attempt) {
              counted_.on_attempt(attempt);
              each_.on_attempt(attempt);
          }} {}

    void run() {
        const auto workers = std::min<std::uint64_t>(settings_.concurrency, calls_);
        at_work_ = workers;
        for (std::uint64_t i = 0; i < workers; ++i)
            asio::co_spawn(context_, work(), asio::bind_cancellation_slot(stop_.slot(), pass_on_what_is_thrown));
        std::optional<progress_line> progress;
        if (!settings_.silent && can_redraw(stderr)) progress.emplace(context_, counted_, each_, calls_);
        while (at_work_ > 0) context_.run_one();
        stop_.disarm();
        if (settings_.hedge) context_.poll();  // what has lost ends, and is counted
    }

    [[nodiscard]] const call_tally& counted() const noexcept { return counted_; }
    [[nodiscard]] const call_endpoint_tally& each() const noexcept { return each_; }
    [[nodiscard]] const interrupt& stopped() const noexcept { return stop_; }

private:
    static listener& with(audience& hears, call_tally& counted, call_endpoint_tally& each) {
        hears.add(counted);
        hears.add(each);
        return hears;
    }

    /// One call after the other, as long as there are any left.
    asio::awaitable<void> work() {
        co_await asio::this_coro::throw_if_cancelled(false);
        while (!stop_.came() && begun_ < calls_) {
            ++begun_;
            const instant began = now();
            const auto got = co_await client_.send(seen_);
            counted_.on_call(got, between(began, now()));
        }
        --at_work_;
    }

    asio::io_context& context_;
    const call_settings& settings_;
    call_tally counted_;
    call_endpoint_tally each_;
    call_client client_;
    interrupt stop_;
    call_client::watcher seen_;
    std::uint64_t calls_ = settings_.repeat.value_or(1);
    std::uint64_t begun_ = 0;
    std::uint64_t at_work_ = 0;
};

std::string title_of(const call_settings& settings, const http_request& request, const call_tally& counted,
                     duration elapsed) {
    const double seconds = std::chrono::duration<double>{elapsed}.count();
    const std::string what = settings.has_choice() ? fmt::format("{} at {} endpoints", settings.url, settings.at.size())
                                                   : request.url.text();
    return fmt::format("{} {}\n{} of {} calls, {} at once, in {}: {:.0f} a second\n\n", request.method, what,
                       counted.calls(), settings.repeat.value_or(1), settings.concurrency, short_text(elapsed),
                       static_cast<double>(counted.calls()) / std::max(seconds, 1e-9));
}

std::string text_of(const many_calls& all, const call_settings& settings, const http_request& request, instant began,
                    instant ended) {
    const duration elapsed = between(began, ended);
    const page shown{.columns = columns_of(stdout), .colours = wants_colours(stdout)};
    return title_of(settings, request, all.counted(), elapsed) + all.counted().text(elapsed, ended, shown) +
           all.each().text(began, ended, shown);
}

/// `url`: of several endpoints what is put behind each.
std::string json_of(const many_calls& all, const call_settings& settings, const http_request& request, duration elapsed,
                    instant ended) {
    nlohmann::ordered_json summary{{"method", request.method},
                                   {"url", settings.has_choice() ? settings.url : request.url.text()}};
    summary.update(all.counted().json(elapsed, ended));
    summary["endpoints"] = all.each().json(ended);
    return summary.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

/// Each attempt takes a connection: as many as the system lets us have.
void raise_file_limit() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int call_many(const call_settings& settings, const http_request& request) {
    raise_file_limit();
    static auto* const context = new asio::io_context{1};  // never destroyed: see call_once
    const std::optional<severity> level = shown_events(settings);
    json_log log{std::cerr, {.min_level = level.value_or(severity::error)}};
    audience hears;
    if (level) hears.add(log);
    many_calls all{*context, settings, request, hears};
    const instant began = now();
    all.run();
    const instant ended = now();
    const duration elapsed = between(began, ended);
    const exit_code written = write_all(stdout, settings.json ? json_of(all, settings, request, elapsed, ended)
                                                              : text_of(all, settings, request, began, ended));
    if (written != succeeded) return written;
    if (all.stopped().came()) return all.stopped().exit_code();
    return all.counted().failed() == 0 ? static_cast<int>(succeeded) : some_failed;
}

}  // namespace cutwater::app
