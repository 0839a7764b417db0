#include "test/soak/pipelines.hpp"

#include <functional>
#include <numeric>

#include "test/soak/drawn_options.hpp"

namespace cutwater::soak {

namespace {

/// A step that adds a layer; their order is drawn.
using adds = std::function<void(any_pipeline<int>&)>;

fallback_options any_fallback(dice& d) {
    if (d.chance(0.5)) return {};
    return {.should_handle = [](const observation& seen) { return seen.meaning() == verdict::transient; }};
}

/// Rules by which some values are failures, and some exceptions pass.
auto any_rules() {
    return classify{transient(exception<std::runtime_error>()), permanent(value([](int v) { return v > 90; }))};
}

}  // namespace

configuration::configuration(dice& d, duration unit, call_book& book, in_step how, pools may_have)
    : gates_{draw_gates(d, unit, book, how)} {
    const unsigned number = d.from(1, 3);
    for (unsigned i = 0; i < number; ++i) draw_pipeline(d, unit, book, may_have);
}

void configuration::draw_pipeline(dice& d, duration unit, call_book& book, pools may_have) {
    std::vector<adds> layers;
    for (const auto& gate : gates_)
        if (d.chance(0.6)) layers.emplace_back([&gate](auto& guarded) { gate->add_to(guarded); });
    if (d.chance(0.7)) layers.emplace_back([o = any_retry(d, unit)](auto& guarded) { guarded.add(retry{o}); });
    for (const double often : {0.5, 0.3})
        if (d.chance(often))
            layers.emplace_back([o = any_timeout(d, unit)](auto& guarded) { guarded.add(timeout{o}); });
    if (d.chance(0.3))
        layers.emplace_back([o = any_fallback(d)](auto& guarded) { guarded.add(fallback{o, tier("default", -1)}); });
    if (may_have == pools::some && d.chance(0.4))
        layers.emplace_back(
            [&pool = pools_.emplace_back(any_worker_pool(d, unit))](auto& guarded) { guarded.add(ref(pool)); });
    d.shuffle(layers);

    any_pipeline<int>& guarded = pipelines_.emplace_back(entrance{book}, observe{book});
    for (const adds& add : layers) add(guarded);
    if (d.chance(0.5)) guarded.add(any_rules());
}

std::string configuration::describe() {
    std::string text;
    for (any_pipeline<int>& guarded : pipelines_) text.append(guarded.describe()).append("\n");
    return text;
}

void configuration::check_at_a_stop(instant now, findings& found) {
    for (const auto& gate : gates_) gate->check_at_a_stop(now, found);
}

void configuration::check_at_the_end(instant now, const call_book& book, findings& found) {
    for (worker_pool& pool : pools_) {
        pool.stop();
        found.expect_same(pool.in_use(), 0U, "worker_pool", "the number of calls on it");
        found.expect_same(pool.queued(), 0U, "worker_pool", "the number of those in its queue");
        found.expect_same(pool.orphans(), 0U, "worker_pool", "the number of orphans");
    }
    for (const auto& gate : gates_) gate->check_at_the_end(now, book, found);
    book.balance(found);
}

}  // namespace cutwater::soak
