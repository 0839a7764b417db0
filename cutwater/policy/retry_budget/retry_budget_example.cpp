// A search service fails for a minute. A hundred clients a second call it and retry: without a budget, with one, and with one where the
// service that they call retries as well and is told. In virtual time, so the minutes are over at once.

#include <cstdlib>
#include <iostream>
#include <utility>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// Counts how often it is asked, and fails when it is told to.
class search_service {
public:
    std::expected<int, std::error_code> ask() {
        ++asked_;
        if (fails_) return std::unexpected{std::make_error_code(std::errc::connection_reset)};
        return 7;
    }
    void set_failing(bool fails) { fails_ = fails; }
    unsigned take_asked() { return std::exchange(asked_, 0); }

private:
    unsigned asked_ = 0;
    bool fails_ = false;
};

/// Calls through `front`, and inside of that through `back`, a hundred times a second for a minute.
unsigned in_a_minute(cw::testing::virtual_time& time, cw::retry& front, cw::retry& back, search_service& service) {
    cw::pipeline outer{cw::ref(front)};
    cw::pipeline inner{cw::ref(back)};
    for (int call = 0; call < 6000; ++call) {
        (void)time.run(outer, [&](cw::attempt& a) -> std::expected<int, cw::error> {
            const cw::call_options next{.earlier_attempts = a.earlier_attempts(), .retries_left = a.retries_left()};
            auto told = time.run(inner, next, [&] { return service.ask(); });
            if (!told) return std::unexpected{std::move(told.error())};
            return *told;
        });
        time.pass(10ms);
    }
    return service.take_asked();
}

bool is_close(const char* what, unsigned asked, unsigned expected) {
    std::cout << what << ": asked " << asked << " times for 6000 calls\n";
    return asked >= expected && asked <= expected + expected / 20;
}

}  // namespace

int main() {
    cw::testing::virtual_time time;
    search_service service;
    cw::retry once{{.max_attempts = 1}};
    cw::retry plain{{.base_delay = 1ms, .max_delay = 2ms}};
    cw::retry_budget budget{{.name = "search", .ratio = 0.2, .min_per_second = 1}};
    cw::retry paid{{.base_delay = 1ms, .max_delay = 2ms, .budget = &budget}};

    bool as_expected = is_close("well, with retries", in_a_minute(time, plain, once, service), 6000);
    service.set_failing(true);
    as_expected &= is_close("failing, with retries", in_a_minute(time, plain, once, service), 18'000);
    as_expected &= is_close("failing, with a budget of a fifth", in_a_minute(time, paid, once, service), 7200);
    as_expected &=
        is_close("the same, and a service behind it that retries", in_a_minute(time, paid, plain, service), 7200);
    service.set_failing(false);
    as_expected &= is_close("well again", in_a_minute(time, paid, plain, service), 6000);
    return as_expected ? EXIT_SUCCESS : EXIT_FAILURE;
}
