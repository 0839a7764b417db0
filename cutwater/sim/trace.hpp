// What went on in a world, as a table with a row for each so much time: for golden files, and for pictures.
//
//     cw::sim::trace seen{world, 1s};
//     seen.column("limit", [&] { return limiter.limit(); });
//     seen.begin();
//     world.run_for(60s);
//     seen.csv()                       // seconds,limit\n1,20\n2,23\n ...
//     seen.values("limit").back()
//
// Thread safety: none, as the world's. Lifetime: outlives the world's events. Errors: a column that comes after `begin`, a second `begin`
// and a part of the time that ends before it begins throw `std::invalid_argument`, which says what to do instead; a column that
// there is none of, `std::out_of_range`.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cutwater/sim/world.hpp"

namespace cutwater::sim {

class trace {
public:
    /// A row every `period`, which is above 0; else it throws `std::invalid_argument`.
    trace(world& in, duration period);
    trace(const trace&) = delete;
    trace& operator=(const trace&) = delete;
    ~trace() = default;

    /// One more column, whose value is asked for at the end of each period; before `begin`.
    void column(std::string name, std::function<double()> value);
    /// From now on; once.
    void begin();

    [[nodiscard]] const std::vector<double>& values(std::string_view column) const;
    /// The mean of a column over the rows that lie in this part of the time, 0 where none does; `to` is `from` or more.
    [[nodiscard]] double mean(std::string_view column, duration from, duration to) const;
    [[nodiscard]] std::string csv() const;

private:
    struct series {
        std::string name;
        std::function<double()> value;
        std::vector<double> rows;
    };
    void await_row();
    void take_row();

    world& world_;
    duration period_;
    std::vector<series> columns_;
    std::size_t rows_ = 0;
    bool has_begun_ = false;
};

}  // namespace cutwater::sim
