// When a process ends: at a moment of its work that is known by name, or at the n-th of all that it comes to.
//
//     lifetime until{"before write 2"};                    // of a child
//     mortal_store cells{*store("scope"), until};          // comes to "before write 1", "after write 1", "before write 2", …
//     until.reaches("after effect");                       // what else its work comes to
//
// "After" a write the store has made it, and nobody in the process has heard. Death is SIGKILL: nothing is tidied up, and nobody is told.
#pragma once

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>
#include <utility>
#include <variant>

#include "cutwater/store/cell_store.hpp"

namespace cutwater::testing {

class lifetime {
public:
    lifetime() = default;
    explicit lifetime(std::string last) : last_{std::move(last)} {}
    explicit lifetime(int moments) : left_{moments}, counts_{true} {}
    lifetime(const lifetime&) = delete;
    lifetime& operator=(const lifetime&) = delete;

    /// Ends the process, or returns.
    void reaches(const std::string& moment) noexcept {
        if (counts_ ? left_-- > 0 : moment != last_) return;
        ::kill(::getpid(), SIGKILL);
        for (;;) ::pause();
    }

private:
    std::string last_;
    std::atomic<int> left_ = 0;
    bool counts_ = false;
};

/// Passes everything on to `real`; each swap and each erasure is a write.
class mortal_store final : public cell_store {
public:
    mortal_store(cell_store& real, lifetime& until) : real_{real}, until_{until} {}

    [[nodiscard]] name store_name() const noexcept override { return real_.store_name(); }
    void begin(cell_request asked, cell_completion done) noexcept override {
        if (std::holds_alternative<read_cell>(asked.what) || std::holds_alternative<list_cells>(asked.what))
            return real_.begin(std::move(asked), std::move(done));
        const std::string write = "write " + std::to_string(++writes_);
        until_.reaches("before " + write);
        real_.begin(std::move(asked), [this, write, done = std::move(done)](cell_result said) mutable noexcept {
            until_.reaches("after " + write);
            done(std::move(said));
        });
    }

private:
    cell_store& real_;
    lifetime& until_;
    std::atomic<int> writes_ = 0;
};

}  // namespace cutwater::testing
