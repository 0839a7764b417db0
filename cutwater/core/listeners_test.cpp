#include "cutwater/core/listeners.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <concepts>
#include <stdexcept>
#include <string>
#include <vector>

namespace cutwater {
namespace {

using ::testing::ElementsAre;

struct noted {
    int number = 0;
    static constexpr event_kind kind{"noted", severity::info, "in these tests"};
    static void fields(auto& self, auto&& visit) { visit("number", self.number, ""); }
};

/// Says who heard what, and whether it was the event itself.
class hearer final : public listener {
public:
    hearer(std::vector<std::string>& said, std::string own_name) : said_{&said}, own_name_{std::move(own_name)} {}

    void on_event(const event& e) override {
        const auto* const body = e.get_if<noted>();
        said_->push_back(own_name_ + " " + (body != nullptr ? std::to_string(body->number) : "?"));
        if (is_broken) throw std::runtime_error{"the disk is full"};
    }

    bool is_broken = false;

private:
    std::vector<std::string>* said_;
    std::string own_name_;
};

class three_listeners : public ::testing::Test {
protected:
    std::vector<std::string> said;
    hearer log{said, "log"};
    hearer recorder{said, "recorder"};
    hearer ledger{said, "ledger"};
};

TEST_F(three_listeners, hear_each_event_in_their_order) {
    listeners all{log, recorder, ledger};
    all.on_event(event{{}, noted{1}});
    all.on_event(event{{}, noted{2}});
    EXPECT_THAT(said, ElementsAre("log 1", "recorder 1", "ledger 1", "log 2", "recorder 2", "ledger 2"));
}

TEST_F(three_listeners, hear_what_another_of_them_throws_at) {
    listeners all{log, recorder, ledger};
    for (hearer* const broken : {&log, &recorder, &ledger}) {
        said.clear();
        broken->is_broken = true;
        EXPECT_NO_THROW(all.on_event(event{{}, noted{1}}));
        EXPECT_THAT(said, ElementsAre("log 1", "recorder 1", "ledger 1"));
    }
}

TEST_F(three_listeners, may_be_several_themselves) {
    listeners inner{recorder, ledger};
    listeners all{log, inner};
    all.on_event(event{{}, noted{1}});
    EXPECT_THAT(said, ElementsAre("log 1", "recorder 1", "ledger 1"));

    said.clear();
    listeners round{inner};
    round.on_event(event{{}, noted{2}});
    EXPECT_THAT(said, ElementsAre("recorder 2", "ledger 2"));
}

static_assert(std::constructible_from<listeners, hearer&, listeners&>);
static_assert(!std::constructible_from<listeners, hearer>, "a temporary would be gone before the first event");
static_assert(!std::constructible_from<listeners, const hearer&>, "it could not hear");
static_assert(!std::constructible_from<listeners, int&>);
static_assert(!std::constructible_from<listeners>);

}  // namespace
}  // namespace cutwater
