// A gate of one's own: no calls while the dependency is being maintained.
//
// A gate is asked before a call goes on, and told afterwards how it went. This one keeps no books, so its ticket is empty.

#include <cstdlib>
#include <iostream>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

struct maintenance_options {
    std::string name = "maintenance";
    cw::instant begins = cw::never;
    cw::duration lasts = 10min;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, cw::any_value, "the layer's name in errors and events");
        visit("lasts", self.lasts, cw::within<cw::duration>(1s, 24h), "how long no call passes");
    }
};

struct maintenance_refused {
    cw::duration left{};

    static constexpr cw::event_kind kind{"maintenance_refused", cw::severity::info, "a call comes during maintenance"};
    static void fields(auto& self, auto&& visit) { visit("left", self.left, "until it is over"); }
};

class maintenance {
public:
    static constexpr std::string_view kind = "maintenance";
    struct ticket {};

    explicit maintenance(maintenance_options options)
        : options_{cw::validated(kind, std::move(options))}, layer_{options_.name} {}

    [[nodiscard]] cw::name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const maintenance_options& options() const noexcept { return options_; }

    [[nodiscard]] cw::admission<ticket> admit(cw::call_context& call, cw::instant now) const {
        const cw::duration left = cw::between(now, cw::add(options_.begins, options_.lasts));
        if (now < options_.begins || left <= 0s) return ticket{};
        call.emit(layer_, [&] { return maintenance_refused{left}; });
        return cw::refusal{.reason = cw::errc::refused, .retry_after = left};
    }
    void settle(ticket&, const cw::observation&, cw::call_context&, cw::moment&) noexcept {}
    void abandon(ticket&) noexcept {}

private:
    maintenance_options options_;
    cw::name layer_;
};
static_assert(cw::gate<maintenance>);

int main() {
    cw::testing::virtual_time time;
    cw::testing::mock_dependency<int> stock{time};
    stock.returns(7);
    cw::pipeline guarded{cw::retry{}, maintenance{{.begins = time.in(1h), .lasts = 30min}}};
    std::cout << guarded.describe() << '\n';

    unsigned refused = 0;
    for (int quarter = 0; quarter < 8; ++quarter, time.pass(15min)) {
        const auto pieces = time.run(guarded, {.operation = "get_stock"}, stock.blocking());
        refused += pieces ? 0U : 1U;
        std::cout << "after " << cw::to_text(time.elapsed()) << ": "
                  << (pieces ? std::to_string(*pieces) : pieces.error().message()) << '\n';
    }
    return refused == 2 && stock.calls() == 6 ? EXIT_SUCCESS : EXIT_FAILURE;
}
