// A bad quarter of an hour of a shop, as its objective sees it.
#include "cutwater/observe/slo/slo_tracker.hpp"

#include <cstdio>
#include <string>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// Says when alerts begin and end; a log, a pager or a metric would hear the same.
class pager final : public cw::listener {
public:
    explicit pager(const cw::testing::virtual_time& time) : time_{&time} {}

    void on_event(const cw::event& e) override {
        const double minutes = std::chrono::duration<double, std::ratio<60>>{time_->elapsed()}.count();
        if (const auto* const begun = e.get_if<cw::slo_burning>()) {
            ++told_;
            const std::string_view severity = to_text(begun->severity);
            const std::string_view over = to_text(begun->over);
            std::printf("%6.1f min  %.*s: burns %.1f times too fast over %.*s; %.0f %% of the budget is left\n",
                        minutes, static_cast<int>(severity.size()), severity.data(), begun->burn_rate,
                        static_cast<int>(over.size()), over.data(), 100 * begun->budget_left);
        } else if (const auto* const ended = e.get_if<cw::slo_recovered>()) {
            const std::string_view severity = to_text(ended->severity);
            const std::string lasted = cw::to_text(ended->lasted);
            std::printf("%6.1f min  %.*s is over, after %s\n", minutes, static_cast<int>(severity.size()),
                        severity.data(), lasted.c_str());
        }
    }
    [[nodiscard]] int told() const noexcept { return told_; }

private:
    const cw::testing::virtual_time* time_;
    int told_ = 0;
};

}  // namespace

int main() {
    cw::testing::virtual_time time;
    cw::testing::mock_dependency<int> stock{time};
    pager who_is_on_call{time};
    cw::slo_tracker objectives{{{.name = "orders", .operations = {"place_order"}, .target = 0.99, .latency = 250ms}}};
    objectives.also(who_is_on_call);
    cw::pipeline shop{cw::observe{objectives}, cw::timeout{500ms}};

    for (int call = 0; call < 3 * 3600; ++call) {
        const bool is_bad = call >= 3600 && call < 3600 + 900 && call % 3 == 0;
        if (is_bad)
            stock.fails(std::errc::connection_reset, 20ms);
        else
            stock.returns(7, 20ms);
        (void)time.run(shop, {.operation = "place_order"}, stock.blocking());
        time.pass(980ms);
    }
    const cw::slo_reading now = objectives.read(time.now()).front();
    std::printf("\n%lld of %lld calls were bad; %.0f %% of the error budget is left\n",
                static_cast<long long>(now.seen.bad), static_cast<long long>(now.seen.all()), 100 * now.budget_left);
    return who_is_on_call.told() > 0 && !now.pages ? 0 : 1;
}
