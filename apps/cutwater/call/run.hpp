// Runs `cutwater call`, once or many times; gives the exit code.
#pragma once

#include <optional>
#include <vector>

#include "apps/cutwater/call/settings.hpp"

namespace cutwater::app {

/// One call: the answer goes out, and afterwards, if asked for, its ledger to standard error.
[[nodiscard]] int call_once(const call_settings& settings, const http_request& request);

/// Many calls through one pipeline: progress on a terminal, and a summary at the end.
[[nodiscard]] int call_many(const call_settings& settings, const http_request& request);

/// The lowest level of events that are shown; nothing: none are.
[[nodiscard]] std::optional<severity> shown_events(const call_settings& settings);

/// Hears for several.
class audience final : public listener {
public:
    void add(listener& hears) { all_.push_back(&hears); }
    void on_event(const event& e) override {
        for (listener* const one : all_) one->on_event(e);
    }

private:
    std::vector<listener*> all_;
};

}  // namespace cutwater::app
