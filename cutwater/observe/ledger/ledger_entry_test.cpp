#include "cutwater/observe/ledger/ledger_entry.hpp"

#include <gtest/gtest.h>

namespace cutwater {
namespace {

using namespace std::chrono_literals;

struct sample {
    static constexpr event_kind kind{"sample", severity::warning, "in these tests"};
    static void fields(auto&, auto&& visit) {
        visit("text", std::string_view{"caf\xc3\xa9 au lait"}, "");
        visit("count", 7U, "");
        visit("share", 0.5, "");
        visit("is_on", true, "");
        visit("wait", duration{250ms}, "");
    }
};

const event_origin somewhere{
    .layer = "retry", .operation = "get", .call_id = "order-1", .attempt = 2, .at = instant{9s}};

TEST(ledger_entry, keeps_what_an_event_says_and_its_time_since_the_beginning) {
    const ledger_entry kept = to_entry(event{somewhere, sample{}}, instant{7s}, 100);
    EXPECT_EQ(kept, (ledger_entry{.at = 2s,
                                  .level = severity::warning,
                                  .event = "sample",
                                  .layer = "retry",
                                  .operation = "get",
                                  .call_id = "order-1",
                                  .attempt = 2,
                                  .fields = {{"text", std::string{"caf\xc3\xa9 au lait"}},
                                             {"count", std::int64_t{7}},
                                             {"share", 0.5},
                                             {"is_on", true},
                                             {"wait", duration{250ms}}}}));
}

TEST(ledger_entry, gives_a_field_by_name_and_type) {
    const ledger_entry kept = to_entry(event{somewhere, sample{}}, instant{7s}, 100);
    EXPECT_EQ(kept.text("text"), "caf\xc3\xa9 au lait");
    EXPECT_EQ(kept.number("count"), 7);
    EXPECT_EQ(kept.number("share"), 0.5);
    EXPECT_EQ(kept.time("wait"), 250ms);
    EXPECT_TRUE(kept.is_set("is_on"));

    EXPECT_EQ(kept.text("count"), "");
    EXPECT_EQ(kept.number("text"), std::nullopt);
    EXPECT_EQ(kept.number("nothing"), std::nullopt);
    EXPECT_EQ(kept.time("count"), std::nullopt);
    EXPECT_FALSE(kept.is_set("count"));
    EXPECT_EQ(kept.find("nothing"), nullptr);
}

TEST(ledger_entry, cuts_long_texts_between_characters) {
    EXPECT_EQ(to_entry(event{somewhere, sample{}}, instant{7s}, 5).text("text"), "caf\xc3\xa9");
    EXPECT_EQ(to_entry(event{somewhere, sample{}}, instant{7s}, 4).text("text"), "caf");
    EXPECT_EQ(to_entry(event{somewhere, sample{}}, instant{7s}, 4).call_id, "orde");
}

}  // namespace
}  // namespace cutwater
