#include "apps/cutwater/doctor/call_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "apps/cutwater/doctor/sighting.hpp"
#include "cutwater/core/standard_metrics.hpp"
#include "cutwater/core/verdict.hpp"

namespace cutwater::app {

namespace {

constexpr std::array failures{verdict::transient, verdict::permanent, verdict::rejected,
                              verdict::ignored,   verdict::cancelled, verdict::abandoned};

/// How calls have ended.
struct ends {
    double all = 0;
    double good = 0;
    std::array<double, failures.size()> bad{};  ///< by verdict

    ends& operator+=(const ends& more) {
        all += more.all;
        good += more.good;
        std::ranges::transform(bad, more.bad, bad.begin(), std::plus{});
        return *this;
    }
    [[nodiscard]] verdict mostly() const {
        std::size_t most = 0;
        for (std::size_t i = 1; i < bad.size(); ++i)
            if (bad[i] > bad[most]) most = i;
        return failures[most];
    }
};
using ends_by_operation = std::map<std::string, ends>;

/// But for those that nobody has said it of, and those whose verdict a full registry did not keep.
ends_by_operation ends_of(const doctor_view& at) {
    const auto ended_as = [&at](std::string_view verdict) {
        return at.growth(metrics::calls.name, {"verdict", verdict});
    };
    ends_by_operation all;
    for (const auto& [who, calls] : at.growth(metrics::calls.name)) all[who.operation].all += calls;
    for (const std::string_view not_said : {"", "other"})
        for (const auto& [who, calls] : ended_as(not_said)) all[who.operation].all -= calls;
    for (const auto& [who, calls] : ended_as(to_text(verdict::success))) all[who.operation].good += calls;
    for (std::size_t i = 0; i < failures.size(); ++i)
        for (const auto& [who, calls] : ended_as(to_text(failures[i]))) all[who.operation].bad[i] += calls;
    return all;
}

std::string evidence_of(const ends& of) {
    std::string words;
    for (std::size_t i = 0; i < failures.size(); ++i)
        if (of.bad[i] > 0)
            words += fmt::format("{}{} {}{}", words.empty() ? "; " : ", ", count_text(of.bad[i]),
                                 words.empty() ? "were " : "", to_text(failures[i]));
    return fmt::format("{} of {} calls succeeded{}", count_text(of.good), count_text(of.all), words);
}

/// By what most of them end as.
std::string advice_on(verdict most) {
    switch (most) {
        case verdict::rejected:
            return "Our own policies refuse nearly all. See which layer does, and why: where a circuit is open its "
                   "dependency is down, and a limit that leaves nothing over is too low for what comes.";
        case verdict::ignored:
            return "They end by their callers' deadlines while a dependency hangs, by a bug, or because of what was "
                   "asked; no circuit counts that. Look at their errors. Where it is deadlines, put a timeout that is "
                   "shorter than these inside, or have the circuit breaker blame the dependency (`caller_deadline`).";
        case verdict::cancelled:
        case verdict::abandoned:
            return "Callers give up before there is an answer. See what they wait for, and bound it by a timeout that "
                   "is shorter than their patience.";
        default: break;
    }
    return "The dependency is down, or what it is asked for is wrong. No policy makes a call succeed that has "
           "nowhere to go: look at their errors, and at the dependency, first.";
}

}  // namespace

/// Operations of a few calls each are judged together where none has enough.
void failing_calls(const doctor_view& at, std::vector<finding>& found) {
    constexpr double hardly_any = 0.1;
    ends_by_operation all = ends_of(at);
    const auto has_enough = [](const auto& each) { return each.second.all >= enough_calls; };
    if (std::ranges::none_of(all, has_enough)) {
        ends together;
        for (const auto& [operation, each] : all) together += each;
        all = {{std::string{}, together}};
    }
    for (const auto& [operation, each] : all)
        if (each.all >= enough_calls && each.good < hardly_any * each.all)
            found.push_back({"calls_hardly_succeed", {{}, operation}, evidence_of(each), advice_on(each.mostly())});
}

}  // namespace cutwater::app
