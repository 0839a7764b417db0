// Which sagas have not ended: a value that asks for the keys of their journals, and for each journal.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cutwater/saga/kernel.hpp"

namespace cutwater {

class unfinished_kernel {
public:
    explicit unfinished_kernel(const saga_plan& plan) : plan_{&plan}, prefix_{saga_cells(plan.options.name)} {}

    [[nodiscard]] bool is_over() const noexcept { return is_over_; }
    [[nodiscard]] cell_request request() const;
    void heard(cell_result said);

    /// The ids, in their order: those that go on, those whose process has gone, those that are stuck, and those that cannot be read.
    [[nodiscard]] std::expected<std::vector<std::string>, error> take();

private:
    static constexpr std::size_t page = 100;

    const saga_plan* plan_;
    std::string prefix_;
    std::string after_;
    std::deque<std::string> to_read_;
    bool is_last_page_ = false;
    bool is_over_ = false;
    unsigned tries_ = 0;
    std::vector<std::string> ids_;
    std::optional<error> why_;
};

}  // namespace cutwater
