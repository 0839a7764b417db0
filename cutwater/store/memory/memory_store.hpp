// Cells in this process's memory: for one process, and for tests.
//
//     cw::memory_store cells{{.name = "reservations", .max_cells = 10'000}};
//     const auto reply = cw::ask(cells, {cw::swap_cell{.key = "job/7", .value = "taken", .time_to_live = 30s}});
//
// Contract: as of every store (cell.hpp); nothing outlasts the process. Answers at once, in the thread that asks. A new cell takes the place of one
// that has expired; where `max_cells` have not, it is refused with `std::errc::not_enough_memory`. Thread safety: every member, from any
// thread; one lock. Cost: a tree's search.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "cutwater/core/options.hpp"
#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/store/cell_store.hpp"

namespace cutwater {

struct memory_store_options {
    std::string name = "memory";
    std::size_t max_cells = 100'000;

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the store's name in errors and events");
        visit("max_cells", self.max_cells, at_least(std::size_t{1}), "room for so many cells at once");
    }
};

class memory_store final : public cell_store {
public:
    static constexpr std::string_view kind = "memory_store";

    /// Throws `invalid_options`. `lent` tells the time: tests lend their own.
    explicit memory_store(memory_store_options options = {}, environment& lent = this_machine)
        : options_{validated(kind, std::move(options))}, name_{options_.name}, lent_{lent} {}

    [[nodiscard]] name store_name() const noexcept override { return name_; }
    [[nodiscard]] const memory_store_options& options() const noexcept { return options_; }
    [[nodiscard]] std::size_t size() const;

    void begin(cell_request asked, cell_completion done) noexcept override;

    /// As if it had just been made: what a restart does.
    void clear();

private:
    struct kept {
        std::string value;
        cell_version version = 0;
        instant written{};
        instant expires = never;
    };
    using cells = std::map<std::string, kept, std::less<>>;
    using expiries = std::set<std::pair<instant, std::string>>;

    [[nodiscard]] cell_result reply_to(const read_cell& asked);
    [[nodiscard]] cell_result reply_to(swap_cell& asked);
    [[nodiscard]] cell_result reply_to(const erase_cell& asked);
    [[nodiscard]] cell_result reply_to(const list_cells& asked);

    [[nodiscard]] cells::iterator alive(const std::string& key, instant now);
    void forget(cells::iterator which);
    [[nodiscard]] static cell state_of(const kept& k, instant now);
    [[nodiscard]] cell_result not_made(cells::iterator which, instant now) const;

    memory_store_options options_;
    name name_;
    environment& lent_;
    mutable std::mutex lock_;
    cells cells_;
    expiries expiries_;  // of those that end
    cell_version last_ = 0;
};

}  // namespace cutwater
