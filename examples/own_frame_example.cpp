// A frame of one's own: the last good answer, for as long as it is fresh enough.
//
// A frame surrounds what is inside: it may bound its time, watch it, or put something in the outcome's place. This one
// looks at every outcome: it keeps a good one, and stands in for a bad one.

#include <cstdlib>
#include <iostream>
#include <mutex>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

template <class T>
class last_good {
public:
    static constexpr std::string_view kind = "last_good";

    explicit last_good(cw::duration max_age) : max_age_{max_age}, layer_{kind} {}
    last_good(last_good&& other) noexcept : max_age_{other.max_age_}, layer_{other.layer_} {}

    [[nodiscard]] cw::name layer_name() const noexcept { return layer_; }
    [[nodiscard]] std::string describe() const { return "last_good {max_age = " + cw::to_text(max_age_) + "}"; }

    /// Which outcomes are handed to `substitute`: all but those that nobody waits for.
    [[nodiscard]] bool handles(const cw::observation& seen) const { return seen.meaning() != cw::verdict::cancelled; }

    void substitute(cw::outcome<T>& out, cw::call_context& call) {
        const std::scoped_lock lock{mutex_};  // pipelines are shared by threads, and so are their policies
        if (out.meaning() == cw::verdict::success) {
            kept_ = *out.result();
            kept_at_ = call.now;
        } else if (kept_ && cw::between(kept_at_, call.now) <= max_age_) {
            out = cw::outcome<T>{std::in_place, *kept_};
            out.mark_degraded(layer_);
        }
    }

private:
    cw::duration max_age_;
    cw::name layer_;
    std::mutex mutex_;
    std::optional<T> kept_;
    cw::instant kept_at_{};
};
static_assert(cw::frame<last_good<int>>);

int main() {
    cw::testing::virtual_time time;
    cw::testing::mock_dependency<int> stock{time};
    stock.returns(7).fails(std::errc::connection_refused);  // and from then on for ever
    cw::pipeline guarded{last_good<int>{5min}, cw::timeout{1s}};
    std::cout << guarded.describe() << '\n';

    std::string story;
    for (int call = 0; call < 4; ++call, time.pass(2min)) {
        const auto pieces = time.run(guarded, {.operation = "get_stock"}, stock.blocking());
        story += !pieces ? "error " : pieces.is_degraded() ? "stale " : "live ";
        std::cout << "after " << cw::to_text(time.elapsed()) << ": "
                  << (pieces ? std::to_string(*pieces) : pieces.error().message())
                  << (pieces.is_degraded() ? ", from " + std::string{pieces.source().view()} : "") << '\n';
    }
    return story == "live stale stale error " ? EXIT_SUCCESS : EXIT_FAILURE;
}
