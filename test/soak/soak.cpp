#include "test/soak/soak.hpp"

#include "cutwater/core/text.hpp"
#include "cutwater/drive/clock/clock.hpp"
#include "test/soak/watchdog.hpp"

namespace cutwater::soak {

namespace {

class soaking {
public:
    soaking(const soak_options& options, const soak_hooks& hooks) : options_{options}, hooks_{hooks}, began_{now()} {}

    soak_summary run() {
        while (is_wanted()) {
            play_round(options_.first_seed + (options_.same_seed ? 0 : told_.rounds));
            told_.took = between(began_, now());
            hooks_.goes_on(told_);
        }
        return told_;
    }

private:
    [[nodiscard]] bool is_wanted() {
        if (told_.failed) return false;
        told_.interrupted = told_.interrupted || hooks_.is_stopped();
        if (told_.interrupted) return false;
        return options_.rounds ? told_.rounds < *options_.rounds : between(began_, now()) < options_.time;
    }

    void play_round(std::uint64_t seed) {
        for (const manner how : options_.manners) {
            hooks_.begins(seed, how);
            played what = play(seed, how);
            told_.calls += what.calls;
            if (what.found.none()) continue;
            told_.failed = failure{.seed = seed, .how = how, .what = std::move(what)};
            return;
        }
        ++told_.rounds;
    }

    const soak_options& options_;
    const soak_hooks& hooks_;
    instant began_;
    soak_summary told_;
};

}  // namespace

std::string failure::text() const {
    std::string text = "seed " + std::to_string(seed) + ", " + std::string{to_text(how)} + ":\n";
    for (const std::string& one : what.found.all()) text.append("  ").append(one).append("\n");
    text.append("\nthe configuration, from the outermost layer of each pipeline:\n\n").append(what.configuration);
    if (!repeats_exactly(how))
        text.append("What is drawn is the same each time, how threads meet is not: it is played again and again.\n");
    return text.append("again: ").append(command_for(seed, how)).append("\n");
}

std::string soak_summary::text() const {
    return std::to_string(rounds) + " seeds, " + std::to_string(calls) + " calls in " +
           cutwater::to_text(duration{std::chrono::round<std::chrono::seconds>(took)});
}

soak_summary run(const soak_options& options, const soak_hooks& hooks) { return soaking{options, hooks}.run(); }

}  // namespace cutwater::soak
