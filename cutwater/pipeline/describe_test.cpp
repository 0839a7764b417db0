// A composition as text.

#include "cutwater/pipeline/describe.hpp"

#include <gtest/gtest.h>

#include "cutwater/pipeline/own_policies_test.hpp"

namespace cutwater {
namespace {

using namespace std::chrono_literals;

struct says_it_himself {
    [[nodiscard]] name layer_name() const { return "unused"; }
    [[nodiscard]] std::string describe() const { return "anything at all"; }
    [[nodiscard]] int before(call_context&) const { return 0; }
    void after(int, const observation&, call_context&) const {}
};

struct has_a_kind {
    static constexpr std::string_view kind = "kindly";
    name called;
    [[nodiscard]] name layer_name() const { return called; }
    [[nodiscard]] int before(call_context&) const { return 0; }
    void after(int, const observation&, call_context&) const {}
};

TEST(describe, shows_each_layer_inside_the_one_above_it) {
    own::ledger book;
    pipeline guarded{timeout{{.name = "total", .after = 2s}}, own::persistence{3, 1ms}, own::door{"door", book},
                     timeout{500ms}};
    EXPECT_EQ(guarded.describe(),
              "timeout \"total\" {after = 2s}\n"
              "└─ persistence\n"
              "   └─ door\n"
              "      └─ timeout {after = 500ms}\n"
              "         └─ call\n");
}

TEST(describe, is_the_same_at_run_time) {
    own::ledger book;
    bulkhead shared{{.name = "shared"}};
    pipeline guarded{timeout{2s}, retry{}, ref(shared), own::door{"door", book}};
    any_pipeline<int> chosen{timeout{2s}, retry{}, ref(shared), own::door{"door", book}};
    EXPECT_EQ(chosen.describe(), guarded.describe());
}

TEST(describe, a_layer_shows_what_it_is_what_it_is_called_and_its_options) {
    EXPECT_EQ(describe_layer(bulkhead{{.name = "payments", .max_concurrent = 5}}),
              "bulkhead \"payments\" {max_concurrent = 5, max_queue = 0, max_wait = 1s, order = fifo}");
    EXPECT_EQ(describe_layer(timeout{1s}), "timeout {after = 1s}")
        << "a name that says no more than the kind is left out";
    EXPECT_EQ(describe_layer(has_a_kind{"kindly"}), "kindly");
    EXPECT_EQ(describe_layer(has_a_kind{"called otherwise"}), "kindly \"called otherwise\"");
    EXPECT_EQ(describe_layer(own::persistence{3, 1ms}), "persistence");
    EXPECT_EQ(describe_layer(says_it_himself{}), "anything at all");
}

TEST(describe, rules_are_no_layer) {
    pipeline guarded{timeout{1s}, classify{transient(code(std::errc::io_error))}};
    EXPECT_EQ(guarded.describe(), "timeout {after = 1s}\n└─ call\n");
    pipeline only_rules{classify{}};
    EXPECT_EQ(only_rules.describe(), "call\n");
}

// ---- what a pipeline knows of itself when it is compiled ----

static_assert(pipeline<timeout>::bounds_time());
static_assert(pipeline<retry, reference<timeout>>::bounds_time());
static_assert(!pipeline<retry, bulkhead>::bounds_time());
static_assert(std::same_as<policy_of<reference<bulkhead>>, bulkhead>);
static_assert(std::same_as<policy_of<bulkhead>, bulkhead>);

TEST(ref, unwraps_to_what_it_refers_to) {
    timeout t{1s};
    auto to_it = ref(t);
    EXPECT_EQ(&unwrap(to_it), &t);
    EXPECT_EQ(&unwrap(t), &t);
    EXPECT_EQ(&to_it.get(), &t);
}

TEST(describe, what_is_too_long_for_a_line_goes_on_below) {
    pipeline guarded{timeout{1s}, retry{}};
    EXPECT_EQ(guarded.describe(),
              "timeout {after = 1s}\n"
              "└─ retry {max_attempts = 3, max_total = none, base_delay = 100ms, max_delay = 10s, min_delay = 1ms,\n"
              "       growth = exponential, multiplier = 2, jitter = full, max_retry_after = 1min,\n"
              "       refusals = give_up, unstated_means = idempotent}\n"
              "   └─ call\n");
}

TEST(describe, what_has_no_place_to_break_stays_one_line) {
    pipeline guarded{timeout{{.name = std::string(120, 'n'), .after = 1s}}};
    EXPECT_EQ(guarded.describe(), "timeout \"" + std::string(120, 'n') + "\" {after = 1s}\n└─ call\n");
}

TEST(describe, breaks_between_options_and_not_in_a_name) {
    std::string tree;
    append_layer(tree, 0, "kind \"" + std::string(60, 'n') + ", \\\", " + std::string(60, 'n') + "\" {a = 1, b = 2}");
    EXPECT_EQ(tree, "kind \"" + std::string(60, 'n') + ", \\\", " + std::string(60, 'n') + "\" {a = 1,\n    b = 2}\n");
}

TEST(describe, loses_nothing_where_a_comma_ends_no_option) {
    const std::string own = "hosts {" + std::string(70, 'h') + ":8080," + std::string(40, 'e') + ":8080}";
    std::string tree;
    append_layer(tree, 0, own);
    EXPECT_EQ(tree, own + "\n");
}

TEST(describe, however_deep_a_layer_is_something_of_it_fits) {
    std::string tree;
    append_layer(tree, 40, "a, " + std::string(60, 'b') + ", c");
    EXPECT_EQ(tree, std::string(117, ' ') + "└─ a,\n" + std::string(124, ' ') + std::string(60, 'b') + ",\n" +
                        std::string(124, ' ') + "c\n");
}

TEST(describe, keeps_a_name_on_its_line) {
    pipeline guarded{timeout{{.name = "two\nlines \"\x1b[31m", .after = 2s}}};
    EXPECT_EQ(guarded.describe(),
              "timeout \"two\\nlines \\\"\\x1b[31m\" {after = 2s}\n"
              "└─ call\n");
}

}  // namespace
}  // namespace cutwater
