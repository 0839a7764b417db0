#include "cutwater/policy/fault/kernel.hpp"

#include <algorithm>
#include <utility>

namespace cutwater {

namespace {

constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;

constexpr std::uint64_t mixed(std::uint64_t z) noexcept {
    z += golden;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

constexpr std::uint64_t hashed(std::string_view text) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return hash;
}

bool is(const std::string& wanted, std::string_view key) noexcept { return wanted.empty() || wanted == key; }

}  // namespace

fault_plan::fault_plan(fault_rule rule, std::uint64_t seed, duration max_hang)
    : rule_{std::move(rule)}, called_{rule_.name}, stream_{mixed(mixed(seed) ^ hashed(rule_.name))},
      max_hang_{max_hang}, has_window_{rule_.from != instant::min() || rule_.until != never} {}

bool fault_plan::sees(const fault_question& asked, moment& now) const {
    const call_options& said = asked.call;
    if (!is(rule_.operation, said.operation.view()) || !is(rule_.target, asked.target) ||
        !is(rule_.tenant, said.tenant))
        return false;
    return !has_window_ || (now.get() >= rule_.from && now.get() < rule_.until);
}

std::optional<duration> fault_plan::nth(std::uint64_t n, const fault_question& asked) const {
    const bool by_call = rule_.draw == fault_draw::by_call && !asked.call.id.empty();
    const std::uint64_t key = by_call ? mixed(hashed(asked.call.id)) + asked.attempt : n;
    random_source random{mixed(stream_ + mixed(key))};
    if (!rule_.when.fires(n, random.unit())) return std::nullopt;
    return std::min(rule_.what.delay().sample(random), max_hang_);
}

std::vector<fault_plan> fault_plans(const fault_options& options) {
    std::vector<fault_plan> plans;
    plans.reserve(options.rules.size());
    for (const fault_rule& rule : options.rules) plans.emplace_back(rule, options.seed, options.max_hang);
    return plans;
}

fault_decision fault_kernel::decide(const fault_question& asked, moment now) {
    for (std::size_t i = 0; i < plans_.size(); ++i) {
        if (!plans_[i].sees(asked, now)) continue;
        if (const auto wait = plans_[i].nth(++seen_[i], asked)) return {.rule = i, .wait = *wait};
    }
    return {};
}

std::vector<fault_reading> fault_kernel::read() const {
    std::vector<fault_reading> all;
    for (std::size_t i = 0; i < plans_.size(); ++i) all.push_back({plans_[i].called(), seen_[i], injected_[i]});
    return all;
}

}  // namespace cutwater
