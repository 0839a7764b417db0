#include "test/soak/gates.hpp"

#include "test/soak/audited.hpp"
#include "test/soak/drawn_options.hpp"
#include "test/soak/gate_checks.hpp"

namespace cutwater::soak {

namespace {

/// `Options`: what the gate was made with, or each of a keyed one.
template <class Gate, class Options>
class watched final : public watched_gate {
public:
    watched(Gate gate, Options drawn, call_book& book, in_step how)
        : drawn_{std::move(drawn)}, audited_{std::move(gate), book, how} {}

    void add_to(any_pipeline<int>& guarded) override { guarded.add(ref(audited_)); }
    [[nodiscard]] std::string describe() const override { return audited_.describe(); }

    void check_at_a_stop(instant now, findings& found) override {
        soak::check_at_a_stop(audited_.gate(), drawn_, audited_.layer_name().view(), found);
        if constexpr (mirror<Gate>::reflects)
            if (auto& m = audited_.reflection()) m->at_a_stop(now);
    }

    void check_at_the_end(instant now, const call_book& book, findings& found) override {
        soak::check_at_a_stop(audited_.gate(), drawn_, audited_.layer_name().view(), found);
        audited_.counted().balance(audited_.layer_name().view(), found);
        if constexpr (mirror<Gate>::reflects)
            if (auto& m = audited_.reflection()) {
                m->at_the_end(now);
                found.add(m->found());
            }
        soak::check_at_the_end(audited_.gate(), drawn_, evidence{&audited_, audited_.counted(), book, now}, found);
    }

private:
    Options drawn_;
    audited<Gate> audited_;
};

class maker {
public:
    maker(dice& d, duration unit, call_book& book, in_step how) : dice_{d}, unit_{unit}, book_{book}, how_{how} {}

    [[nodiscard]] std::unique_ptr<watched_gate> any(unsigned number) {
        switch (dice_.from(0, 10)) {
            case 0: return one<bulkhead>(any_bulkhead(dice_, unit_), number);
            case 1:
            case 2: return one<rate_limiter>(any_rate_limiter(dice_, unit_), number);
            case 3: return one<concurrency_limiter>(any_concurrency_limiter(dice_, unit_), number);
            case 4: return one<load_shedder>(any_load_shedder(dice_, unit_), number);
            case 5: return one<throttle>(any_throttle(dice_, unit_), number);
            case 6: return one<circuit_breaker>(any_circuit_breaker(dice_, unit_), number);
            case 7: return each<bulkhead>(any_bulkhead(dice_, unit_), number);
            case 9: return one<fair_bulkhead>(any_fair_bulkhead(dice_, unit_), number);
            case 8: return each<rate_limiter>(rolling(any_rate_limiter(dice_, unit_)), number);
            default: return each<circuit_breaker>(forgetting(any_circuit_breaker(dice_, unit_)), number);
        }
    }

private:
    template <class Gate, class Options>
    std::unique_ptr<watched_gate> one(Options o, unsigned number) {
        o.name.append(" ").append(std::to_string(number));
        return std::make_unique<watched<Gate, Options>>(Gate{o}, o, book_, how_);
    }
    template <class Policy, class Options>
    std::unique_ptr<watched_gate> each(Options o, unsigned number) {
        o.name.append(" of each ").append(std::to_string(number));
        return std::make_unique<watched<keyed<Policy>, Options>>(keyed<Policy>{o, any_keyed(dice_)}, o, book_, how_);
    }
    /// In a cell there is no room for what would tell one window from another.
    static rate_limiter_options rolling(rate_limiter_options o) { return o.window = rate_window::rolling, o; }
    /// With a count no key would ever be forgotten.
    static circuit_breaker_options forgetting(circuit_breaker_options o) {
        if (o.window == breaker_window::count) o.window = breaker_window::time;
        return o;
    }

    dice& dice_;
    duration unit_;
    call_book& book_;
    in_step how_;
};

}  // namespace

gate_list draw_gates(dice& d, duration unit, call_book& book, in_step how) {
    gate_list gates;
    maker makes{d, unit, book, how};
    const unsigned number = d.from(2, 6);
    for (unsigned i = 1; i <= number; ++i) gates.push_back(makes.any(i));
    return gates;
}

}  // namespace cutwater::soak
