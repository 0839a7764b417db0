// A shop asks three equivalent servers for prices. One of them breaks: every call is answered all the same, and soon nobody asks the broken
// one any more; when it is well again it gets its share back.

#include <iostream>
#include <map>
#include <string>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/event_recorder.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

int main() {
    cw::testing::virtual_time time;
    cw::testing::event_recorder heard;
    cw::endpoints prices{{
        .name = "prices",
        .each = {{.address = "10.0.0.1:80"}, {.address = "10.0.0.2:80"}, {.address = "10.0.0.3:80"}},
    }};
    cw::pipeline guarded{cw::observe{heard}, cw::retry{{.base_delay = 5ms}}, cw::ref(prices), cw::timeout{500ms}};

    bool is_broken = false;
    std::map<std::string, int> asked;
    const auto ask = [&](cw::attempt& a) -> std::expected<int, std::errc> {
        ++asked[std::string{a.target()}];
        if (is_broken && a.target() == "10.0.0.2:80") return std::unexpected{std::errc::connection_refused};
        return 999;
    };
    int answered = 0;
    const auto call_a_hundred_times = [&](const char* when) {
        asked.clear();
        for (int i = 0; i < 100; ++i, time.pass(1s)) answered += time.run(guarded, {.operation = "price"}, ask) ? 1 : 0;
        std::cout << when << ":\n";
        for (const auto& e : prices.read(time.present()).each)
            std::cout << "  " << e.address << "  " << to_text(e.state) << ", asked " << asked[e.address] << " times\n";
    };

    call_a_hundred_times("All are well");
    is_broken = true;
    call_a_hundred_times("One is broken");
    const int asked_the_broken_one = asked["10.0.0.2:80"];
    is_broken = false;
    for (int i = 0; i < 3; ++i) call_a_hundred_times("It is well again");
    call_a_hundred_times("And later");

    for (const auto& e : heard.all())
        if (e.name.starts_with("endpoint_")) std::cout << e.line() << "\n";
    std::cout << answered << " of 600 calls were answered\n";
    return answered == 600 && asked_the_broken_one < 10 && asked["10.0.0.2:80"] > 20 ? 0 : 1;
}
