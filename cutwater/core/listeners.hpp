// Several listeners where there is a place for one.
//
//     #include <cutwater/observe/ledger/call_ledger.hpp>
//     #include <cutwater/observe/log/json_log.hpp>
//
//     cw::json_log log{std::clog, {.min_level = cw::severity::warning}};
//     cw::call_ledger ledger{{.only_call = "order-7"}};
//     cw::listeners all{log, ledger};
//     cw::pipeline inventory{cw::observe{all}, cw::retry{}, cw::timeout{500ms}};
//
// Each hears every event, one after the other as they are given, in the thread of the call; what is below its level it
// leaves out itself. What one of them throws is swallowed, and the others hear the event all the same.
//
// The list is made once: an event costs a call of each, and no allocation. Thread safety: `on_event` from any thread,
// as theirs; no lock is held. Lifetime: they outlive this, and this outlives the pipelines. A `listeners` may be one of
// them.
#pragma once

#include <concepts>
#include <vector>

#include "cutwater/core/events.hpp"

namespace cutwater {

class listeners final : public listener {
public:
    /// None of them a temporary, or const.
    template <class... Each>
        requires(sizeof...(Each) > 0 && (std::convertible_to<Each*, listener*> && ...))
    explicit listeners(Each&... all) : all_{static_cast<listener*>(&all)...} {}
    listeners(const listeners&) = delete;
    listeners& operator=(const listeners&) = delete;
    ~listeners() = default;

    void on_event(const event& e) noexcept override {
        for (listener* const each : all_) try {
                each->on_event(e);
            } catch (...) {  // NOLINT(bugprone-empty-catch): the others are to hear it
            }
    }

private:
    std::vector<listener*> all_;
};

}  // namespace cutwater
