// An outage of a store, as one who asks it sees it: whether there is one, when it is asked again, and what is to be told of it.
//
//     cw::store_outage outage{1s};                             // asked again every second
//     if (!outage.may_ask(now)) return;
//     outage.begin("connection refused", now);                 // it could not be asked; told once for each outage
//     outage.end(now);                                         // it has answered in time
//
// Thread safety: none; under its owner's lock.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "cutwater/core/instant.hpp"

namespace cutwater {

class store_outage {
public:
    explicit store_outage(duration retry_every) noexcept : retry_every_{retry_every} {}

    [[nodiscard]] bool is_on() const noexcept { return is_on_; }
    [[nodiscard]] bool may_ask(instant now) const noexcept { return now >= asks_again_; }
    [[nodiscard]] instant asks_again() const noexcept { return asks_again_; }

    /// True where none was on before.
    bool begin(std::string why, instant now) {
        asks_again_ = add(now, retry_every_);
        if (is_on_) return false;
        is_on_ = true;
        since_ = now;
        news_.failure = std::move(why);
        return true;
    }
    void end(instant now) noexcept {
        if (!std::exchange(is_on_, false)) return;
        asks_again_ = now;
        news_.back_after = between(since_, now);
    }

    /// What has happened since this was asked last.
    struct news {
        std::optional<std::string> failure{};
        std::optional<duration> back_after{};
    };
    [[nodiscard]] bool has_news() const noexcept { return news_.failure || news_.back_after; }
    [[nodiscard]] news take_news() { return std::exchange(news_, {}); }

private:
    duration retry_every_;
    bool is_on_ = false;
    instant since_{};
    instant asks_again_ = instant::min();
    news news_;
};

}  // namespace cutwater
