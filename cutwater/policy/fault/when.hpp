// Which of the attempts that a rule sees have its fault.
//
//     cw::fault_when::always();
//     cw::fault_when::share(0.1);  // one of ten, by chance
//     cw::fault_when::first(2);  // the first two
//     cw::fault_when::every(3);  // the third, the sixth, …
//     cw::fault_when::steps({cw::fault_step::pass, cw::fault_step::inject, cw::fault_step::inject}, cw::fault_repeat::cycle);
//
// A value, and a function of the attempt's number (1 is the first that the rule sees) and of a chance.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cutwater {

enum class fault_step : std::uint8_t { pass, inject };

/// What comes after a script's last step.
enum class fault_repeat : std::uint8_t {
    once,   ///< nothing more is injected
    cycle,  ///< the first step again
};

class fault_when {
public:
    fault_when() = default;  ///< always

    [[nodiscard]] static fault_when always() { return {}; }
    [[nodiscard]] static fault_when share(double of_one) { return {way::share, of_one, 0}; }
    [[nodiscard]] static fault_when first(std::uint64_t n) { return {way::first, 1.0, n}; }
    [[nodiscard]] static fault_when every(std::uint64_t n) { return {way::every, 1.0, n}; }
    [[nodiscard]] static fault_when steps(std::vector<fault_step> script, fault_repeat then = fault_repeat::once) {
        fault_when made{way::steps, 1.0, 0};
        made.steps_ = std::move(script);
        made.then_ = then;
        return made;
    }

    /// `chance` is in [0, 1).
    [[nodiscard]] bool fires(std::uint64_t nth, double chance) const noexcept;
    /// What is wrong with it: what is allowed; empty where nothing is.
    [[nodiscard]] std::string problem() const;
    /// `share 0.1`, `first 2`, `every 3`, `steps .xx repeated`
    [[nodiscard]] std::string text() const;

private:
    enum class way : std::uint8_t { share, first, every, steps };
    fault_when(way w, double share, std::uint64_t n) noexcept : way_{w}, share_{share}, n_{n} {}

    way way_ = way::share;
    double share_ = 1.0;
    std::uint64_t n_ = 0;
    std::vector<fault_step> steps_;
    fault_repeat then_ = fault_repeat::once;
};

}  // namespace cutwater
