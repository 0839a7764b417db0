#include "cutwater/core/admission.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cutwater {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A gate that writes down what becomes of its tickets.
struct ledger_gate {
    struct ticket {
        int number = 0;
    };
    std::vector<std::string> said;

    void settle(ticket& t, const observation& seen, int about) {
        said.push_back("settled " + std::to_string(t.number) + " " + std::string{to_text(seen.meaning())} + " " +
                       std::to_string(about));
    }
    void abandon(ticket& t) noexcept { said.push_back("abandoned " + std::to_string(t.number)); }
};

using ledger_permit = permit<ledger_gate>;

static_assert(!std::is_copy_constructible_v<ledger_permit> && !std::is_copy_assignable_v<ledger_permit>);
static_assert(std::is_nothrow_move_constructible_v<ledger_permit>);

TEST(permit, that_is_dropped_is_given_back_as_abandoned_once) {
    ledger_gate gate;
    {
        ledger_permit held{gate, {1}};
        EXPECT_TRUE(held);
    }
    EXPECT_THAT(gate.said, ElementsAre("abandoned 1"));
}

TEST(permit, that_is_settled_is_settled_once) {
    ledger_gate gate;
    {
        ledger_permit held{gate, {1}};
        held.settle({.judged = {.meaning = verdict::transient}}, 7);
        EXPECT_FALSE(held);
        held.settle({}, 8);
        held.abandon();
    }
    EXPECT_THAT(gate.said, ElementsAre("settled 1 transient 7"));
}

TEST(permit, that_is_abandoned_is_settled_no_more) {
    ledger_gate gate;
    {
        ledger_permit held{gate, {1}};
        held.abandon();
        held.abandon();
        held.settle({}, 7);
    }
    EXPECT_THAT(gate.said, ElementsAre("abandoned 1"));
}

TEST(permit, that_was_moved_is_given_back_by_its_new_owner) {
    ledger_gate gate;
    {
        ledger_permit first{gate, {1}};
        {
            const ledger_permit second{std::move(first)};
            EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): empty is what a moved permit is
            EXPECT_TRUE(second);
        }
        EXPECT_THAT(gate.said, ElementsAre("abandoned 1"));
    }
    EXPECT_THAT(gate.said, ElementsAre("abandoned 1"));
}

TEST(permit, that_takes_anothers_place_gives_back_what_was_there) {
    ledger_gate gate;
    ledger_permit held{gate, {1}};
    ledger_permit next{gate, {2}};
    held = std::move(next);
    EXPECT_THAT(gate.said, ElementsAre("abandoned 1"));
    held.settle({}, 7);
    EXPECT_THAT(gate.said, ElementsAre("abandoned 1", "settled 2 success 7"));
}

TEST(permit, moved_onto_itself_stays) {
    ledger_gate gate;
    ledger_permit held{gate, {1}};
    ledger_permit& same = held;
    held = std::move(same);
    EXPECT_TRUE(held);
    EXPECT_THAT(gate.said, IsEmpty());
}

TEST(permit, of_nothing_does_nothing) {
    ledger_permit none;
    EXPECT_FALSE(none);
    none.settle({}, 7);
    none.abandon();
    const ledger_permit moved{std::move(none)};
    EXPECT_FALSE(moved);
}

TEST(permit, T19_is_given_back_when_an_exception_passes) {
    ledger_gate gate;
    try {
        const ledger_permit held{gate, {1}};
        throw 42;
    } catch (int) {
        EXPECT_THAT(gate.said, ElementsAre("abandoned 1"));
    }
}

/// A gate whose tickets are all alike.
struct plain_gate {
    struct ticket {};
    void settle(ticket&, const observation&) {}
    void abandon(ticket&) noexcept {}
};
static_assert(sizeof(permit<plain_gate>) == sizeof(void*), "an empty ticket costs nothing");

}  // namespace
}  // namespace cutwater
