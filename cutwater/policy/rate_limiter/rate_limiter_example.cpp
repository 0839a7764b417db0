// A supplier takes five requests a second from us, and a thousand an hour; whoever asks for more is locked out for the day. A
// page asks at once or not at all; a nightly job waits for its turn. In virtual time, so an hour is over at once.

#include <cstdlib>
#include <iostream>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::testing::virtual_time time;
    cw::rate_limiter hourly{{.name = "hourly", .permits = 1000, .per = 1h, .burst = 100}};
    cw::rate_limiter secondly{
        {.name = "secondly", .permits = 5, .per = 1s, .burst = 5, .max_queue = 100, .max_wait = 10s}};

    // What the one refuses costs nothing in the other: the permit goes back.
    cw::pipeline page{cw::timeout{100ms}, cw::ref(hourly), cw::ref(secondly)};
    cw::pipeline job{cw::ref(hourly), cw::ref(secondly)};
    std::cout << job.describe() << '\n';

    unsigned asked = 0;
    const auto supplier = [&] { return ++asked; };

    unsigned refused = 0;
    for (int i = 0; i < 8; ++i)
        if (const auto price = time.run(page, {.operation = "price"}, supplier); !price) {
            ++refused;
            std::cout << "a page is told: " << price.error().message() << '\n';
        }

    const cw::instant begin = time.present();
    for (int i = 0; i < 50; ++i) (void)time.run(job, {.operation = "catalogue"}, supplier);
    std::cout << "the job's 50 requests took " << cw::to_text(cw::between(begin, time.present())) << '\n';

    const cw::rate_reading hour = hourly.read(time.present());
    std::cout << "of the hour's burst " << hour.remaining << " are left, and all of it in " << cw::to_text(hour.reset)
              << '\n';

    const auto whole =
        time.run(job, {.operation = "catalogue", .weight = 6}, supplier);  // one request that counts for six
    std::cout << "a request that weighs six: " << (whole ? "sent" : whole.error().message()) << '\n';
    return asked == 55 && refused == 3 && !whole ? EXIT_SUCCESS : EXIT_FAILURE;
}
