// A listener that remembers, as text, what it heard.
//
//     cw::testing::event_recorder heard;
//     cw::pipeline guarded{cw::observe{heard}, cw::retry{}};
//     …
//     EXPECT_THAT(heard.names(), ElementsAre("call_started", "retry_scheduled", "retry_rescued", "call_completed"));
//     EXPECT_EQ(heard.last("retry_scheduled").field("delay"), "100ms");
//
// Thread safety: all members, from any thread.
#pragma once

#include <map>
#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include "cutwater/core/events.hpp"

namespace cutwater::testing {

struct recorded_event {
    std::string name;
    severity level{};
    std::string layer;
    std::string operation;
    unsigned attempt = 0;
    instant at{};
    std::map<std::string, std::string> fields;

    /// The field as text, or `<none>`.
    [[nodiscard]] std::string field(const std::string& called) const;
    /// `layer name field=value …`, on one line.
    [[nodiscard]] std::string line() const;

    friend bool operator==(const recorded_event&, const recorded_event&) = default;
    friend std::ostream& operator<<(std::ostream& out, const recorded_event& e) { return out << e.line(); }
};

class event_recorder final : public listener {
public:
    void on_event(const event& e) override;

    [[nodiscard]] std::vector<recorded_event> all() const;
    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] std::vector<std::string> lines() const;
    /// Of one layer.
    [[nodiscard]] std::vector<std::string> lines_of(const std::string& layer) const;
    [[nodiscard]] std::size_t count(const std::string& called) const;
    /// The latest event of that name; throws `std::out_of_range` where there is none.
    [[nodiscard]] recorded_event last(const std::string& called) const;
    void clear();

private:
    mutable std::mutex mutex_;
    std::vector<recorded_event> events_;
};

}  // namespace cutwater::testing
