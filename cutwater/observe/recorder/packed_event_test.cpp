#include "cutwater/observe/recorder/packed_event.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <string>

namespace cutwater {
namespace {

using namespace std::chrono_literals;

struct sample {
    std::string text = "half_open";
    static constexpr event_kind kind{"sample", severity::warning, "in these tests"};
    static void fields(auto& self, auto&& visit) {
        visit("text", self.text, "");
        visit("count", -7, "");
        visit("share", 0.5, "");
        visit("is_on", true, "");
        visit("wait", duration{250ms}, "");
        visit("nothing", std::string_view{}, "");
    }
};

const event_origin somewhere{
    .layer = "retry", .operation = "get", .call_id = "order-1", .attempt = 2, .at = instant{9s}};

TEST(packed_event, says_what_the_event_said) {
    const sample body;
    const event e{somewhere, body};
    const packed_event kept{e};
    EXPECT_EQ(kept.unpacked(instant{7s}), to_entry(e, instant{7s}, 1'000));
    EXPECT_FALSE(kept.is_cut());
    EXPECT_FALSE(kept.is_empty());
    EXPECT_EQ(kept.at(), instant{9s});
    EXPECT_TRUE(packed_event{}.is_empty());
}

TEST(packed_event, does_not_need_the_event_any_more) {
    packed_event kept;
    {
        const std::string id = "an id that is gone";
        const sample body{.text = "a text that is gone"};
        kept = packed_event{event{{.layer = "retry", .operation = {}, .call_id = id, .at = {}}, body}};
    }
    EXPECT_EQ(kept.unpacked({}).text("text"), "a text that is gone");
    EXPECT_EQ(kept.unpacked({}).call_id, "an id that is gone");
}

TEST(packed_event, cuts_a_long_text_between_characters_and_keeps_the_numbers_behind_it) {
    const sample body{.text = std::string(packed_event::max_text - 1, 'x') + "\xc3\xa9 and more"};
    const ledger_entry kept = packed_event{event{somewhere, body}}.unpacked({});
    EXPECT_EQ(kept.text("text"), std::string(packed_event::max_text - 1, 'x'));
    EXPECT_EQ(kept.number("count"), -7);
    EXPECT_EQ(kept.time("wait"), 250ms);
    EXPECT_TRUE(kept.is_set("cut"));
}

TEST(packed_event, cuts_a_long_id) {
    const std::string id(200, 'i');
    const packed_event kept{event{{.layer = {}, .operation = {}, .call_id = id, .at = {}}, sample{}}};
    EXPECT_EQ(kept.unpacked({}).call_id.size(), packed_event::max_call_id);
    EXPECT_TRUE(kept.is_cut());
}

struct very_large {
    static constexpr event_kind kind{"very_large", severity::warning, "in these tests"};
    static void fields(auto&, auto&& visit) {
        for (int i = 0; i < 100; ++i) visit("number", i, "");
        visit(std::string_view{long_name}, 1, "");
    }
    static inline const std::string long_name = std::string(300, 'n');
};

TEST(packed_event, leaves_out_the_fields_that_do_not_fit) {
    const packed_event kept{event{somewhere, very_large{}}};
    EXPECT_TRUE(kept.is_cut());
    const ledger_entry told = kept.unpacked({});
    const std::size_t each = 3 + 6 + 8;
    ASSERT_EQ(told.fields.size(), packed_event::max_bytes / each + 1) << "and one that says so";
    for (std::size_t i = 0; i + 1 < told.fields.size(); ++i)
        EXPECT_EQ(told.fields[i], (ledger_field{"number", static_cast<std::int64_t>(i)}));
}

struct any_fields {
    std::vector<std::pair<std::string, ledger_value>> all;
    static constexpr event_kind kind{"any_fields", severity::info, "in these tests"};
    static void fields(auto& self, auto&& visit) {
        for (const auto& [field, value] : self.all)
            std::visit([&](const auto& plain) { visit(std::string_view{field}, plain, ""); }, value);
    }
};

RC_GTEST_PROP(packed_event, what_it_keeps_is_what_was_said_from_the_first_field_on, ()) {
    any_fields body;
    for (int i = *rc::gen::inRange(0, 30); i > 0; --i) {
        const auto field = *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
        switch (*rc::gen::inRange(0, 3)) {
            case 0: body.all.emplace_back(field, *rc::gen::arbitrary<std::int64_t>()); break;
            case 1: body.all.emplace_back(field, duration{*rc::gen::arbitrary<std::int64_t>()}); break;
            default: body.all.emplace_back(field, *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'))); break;
        }
    }
    const event e{somewhere, body};
    const packed_event kept{e};
    const packed_event copied{kept};
    const ledger_entry whole = to_entry(e, {}, 1'000);
    ledger_entry told = copied.unpacked({});
    RC_ASSERT(told == kept.unpacked({}));
    if (!kept.is_cut()) {
        RC_ASSERT(told == whole);
        return;
    }
    told.fields.pop_back();
    std::size_t at = 0;  // each is one of those that were said, in their order, whole or the beginning of a text
    for (const ledger_field& f : told.fields) {
        while (at < whole.fields.size() && whole.fields[at].field != f.field) ++at;
        RC_ASSERT(at < whole.fields.size());
        ++at;
    }
}

}  // namespace
}  // namespace cutwater
