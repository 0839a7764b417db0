// A store for tests in virtual time: in memory, and as slow and as unreliable as they say.
//
//     late_store cells{time};
//     cells.takes = 5ms;                       // each question
//     cells.loses_reply(1);                    // of the next: done, and nobody hears of it
//     cells.fails(std::errc::connection_refused, 2);     // the next two: nothing was done
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "cutwater/store/memory/memory_store.hpp"
#include "cutwater/testing/virtual_time.hpp"

namespace cutwater::testing {

class late_store final : public cell_store {
public:
    explicit late_store(virtual_time& time) : time_{time}, kept_{{.name = "cells"}, time} {}

    duration takes{};
    unsigned asked = 0;  ///< so many questions

    void fails(std::errc code, unsigned times = 1) { ill_.insert(ill_.end(), times, {code, manner::before}); }
    void loses_reply(unsigned times = 1) {
        ill_.insert(ill_.end(), times, {std::errc::connection_reset, manner::after});
    }
    /// The next is never answered, though it is done.
    void is_silent(unsigned times = 1) { ill_.insert(ill_.end(), times, {std::errc::timed_out, manner::silent}); }
    void answers_next(unsigned times = 1) { ill_.insert(ill_.end(), times, {std::errc{}, manner::well}); }

    [[nodiscard]] memory_store& kept() noexcept { return kept_; }
    [[nodiscard]] name store_name() const noexcept override { return kept_.store_name(); }

    void begin(cell_request what, cell_completion done) noexcept override {
        ++asked;
        const auto [code, how] = ill_.empty() ? illness{} : ill_.front();
        if (!ill_.empty()) ill_.pop_front();
        const auto answer = std::make_shared<cell_completion>(std::move(done));
        auto play = [this, code, how, answer, what = std::move(what)]() mutable {
            if (how == manner::before) return (*answer)(failure(code));
            if (how == manner::well) return kept_.begin(std::move(what), std::move(*answer));
            kept_.begin(std::move(what), [](const cell_result&) noexcept {});
            if (how == manner::after) (*answer)(failure(code));
        };
        if (takes == duration::zero()) return std::move(play)();
        time_.after(takes, std::function<void()>{std::move(play)});
    }

private:
    enum class manner : std::uint8_t { well, before, after, silent };
    struct illness {
        std::errc code{};
        manner how = manner::well;
    };
    [[nodiscard]] cell_result failure(std::errc code) const {
        return std::unexpected{error{std::make_error_code(code), store_name(), {}}};
    }

    virtual_time& time_;
    memory_store kept_;
    std::deque<illness> ill_;
};

}  // namespace cutwater::testing
