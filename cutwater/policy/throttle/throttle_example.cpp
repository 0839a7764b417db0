// A search service does twenty requests a second, and refuses the rest with 429, which costs it nearly as much. A hundred a
// second come. Then, while users ask little, a nightly job asks for much that the service has no time for; it is told apart, so
// that it pays for itself alone. In virtual time, so the minutes are over at once.

#include <cstdlib>
#include <iostream>
#include <utility>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// Answers with a status, as a server does that counts its requests by the second and has no time for jobs.
class search_service {
public:
    explicit search_service(cw::testing::virtual_time& time) : time_{time} {}

    int ask(cw::criticality importance) {
        ++asked_;
        if (const auto now = time_.elapsed() / 1s; now != std::exchange(second_, now)) done_now_ = 0;
        return importance == cw::criticality::best_effort || ++done_now_ > 20 ? 429 : 200;
    }
    [[nodiscard]] unsigned take_asked() { return std::exchange(asked_, 0); }

private:
    cw::testing::virtual_time& time_;
    cw::duration::rep second_ = -1;
    unsigned done_now_ = 0;
    unsigned asked_ = 0;
};

}  // namespace

int main() {
    cw::testing::virtual_time time;
    search_service service{time};
    cw::throttle load{{.name = "search", .windows = cw::throttle_windows::by_criticality}};
    cw::pipeline search{cw::ref(load),
                        cw::classify{cw::transient(cw::value([](int status) { return status == 429; }))}};
    std::cout << search.describe() << '\n';

    // Of a hundred calls a second `jobs` are the job's; gives how many a second are sent.
    const auto a_minute = [&](int jobs) {
        for (int i = 0; i < 6000; ++i, time.pass(10ms)) {
            const auto importance = i % 100 < jobs ? cw::criticality::best_effort : cw::criticality::normal;
            (void)time.run(search, {.importance = importance}, [&] { return service.ask(importance); });
        }
        return service.take_asked() / 60;
    };
    const auto rejected = [&](cw::criticality importance) {
        return static_cast<int>(100 * load.read(time.present(), importance).probability);
    };

    (void)a_minute(0);  // it takes half a window to find out
    const unsigned overloaded = a_minute(0);
    std::cout << "of 100 a second " << overloaded << " are sent, and 20 are answered\n";

    (void)a_minute(90);
    (void)a_minute(90);
    std::cout << "with the job: " << rejected(cw::criticality::best_effort)
              << " % of what it asks for are rejected, and " << rejected(cw::criticality::normal)
              << " % of what users do\n";
    return overloaded >= 38 && overloaded <= 42 && rejected(cw::criticality::best_effort) == 90 &&
                   rejected(cw::criticality::normal) == 0
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
