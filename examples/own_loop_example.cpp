// A loop of one's own: asks for the result of a job until the job is done.
//
// A loop has a session for each call. After each attempt the session says: that was it, I give up, or again at an instant.
// It never sleeps; the driver does.

#include <cstdlib>
#include <iostream>

#include "cutwater/cutwater.hpp"
#include "cutwater/testing/mock_dependency.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

struct poll_options {
    std::string name = "poll";
    cw::duration every = 2s;
    unsigned at_most = 10;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, cw::any_value, "the layer's name in errors and events");
        visit("every", self.every, cw::within<cw::duration>(1ms, 1h), "from one question to the next");
        visit("at_most", self.at_most, cw::at_least(1U), "questions in all");
    }
};

class poll {
public:
    static constexpr std::string_view kind = "poll";

    explicit poll(poll_options options) : options_{cw::validated(kind, std::move(options))}, layer_{options_.name} {}

    [[nodiscard]] cw::name layer_name() const noexcept { return layer_; }
    [[nodiscard]] const poll_options& options() const noexcept { return options_; }

    class session {
    public:
        session(const poll_options& options, cw::instant now) : options_{&options}, due_{now} {}

        /// Keeps to its own beat, however long an answer takes. What is not transient is no answer to wait for.
        [[nodiscard]] cw::loop_step after(const cw::observation& seen, cw::call_context& call, cw::instant now) {
            if (seen.meaning() != cw::verdict::transient) return cw::loop_step::finish();
            due_ = std::max(now, cw::add(due_, options_->every));
            if (++asked_ == options_->at_most || due_ >= call.deadline) return cw::loop_step::give_up();
            return cw::loop_step::again(due_);
        }

    private:
        const poll_options* options_;
        cw::instant due_;
        unsigned asked_ = 0;
    };

    [[nodiscard]] session begin(cw::call_context&, cw::instant now) const { return {options_, now}; }

private:
    poll_options options_;
    cw::name layer_;
};
static_assert(cw::loop<poll>);

struct job {
    unsigned percent = 0;
};

int main() {
    cw::testing::virtual_time time;
    cw::testing::mock_dependency<job> reports{time};
    reports.returns({10}, 300ms).returns({60}, 300ms).returns({100}, 300ms);

    const auto is_going_on = [](const job& j) { return j.percent < 100; };
    cw::pipeline until_done{cw::timeout{1min}, poll{{.every = 5s}}, cw::timeout{1s},
                            cw::classify{cw::transient(cw::value(is_going_on))}};
    std::cout << until_done.describe() << '\n';

    const auto done = time.run(until_done, {.operation = "report"}, reports.blocking());
    std::cout << "done to " << done->percent << " % after " << reports.calls() << " questions and "
              << cw::to_text(time.elapsed()) << '\n';
    return reports.calls() == 3 && time.elapsed() == 10300ms ? EXIT_SUCCESS : EXIT_FAILURE;
}
