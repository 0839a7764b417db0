#include "cutwater/policy/cache/durable_tier.hpp"

namespace cutwater::detail {

std::string cache_cell(name cache, const cache_key& key) {
    std::string cell{"cache/"};
    for (const std::string_view part : {cache.view(), key.operation.view(), key.tenant})
        cell.append(std::to_string(part.size())).append(1, ':').append(part).append(1, '/');
    return cell.append(key.asked);
}

void overwrite(cell_store& store, std::string key, std::string value, duration time_to_live) noexcept {
    swap_cell first{.key = std::move(key), .expected = 0, .value = std::move(value), .time_to_live = time_to_live};
    cell_request asked{first};
    store.begin(std::move(asked), [&store, again = std::move(first)](cell_result said) mutable noexcept {
        if (!said || said->done || !said->found) return;
        again.expected = said->found->version;
        store.begin({std::move(again)}, [](const cell_result&) noexcept {});
    });
}

void erase_whatever(cell_store& store, std::string key) noexcept {
    cell_request asked{read_cell{key}};
    store.begin(std::move(asked), [&store, key = std::move(key)](cell_result said) mutable noexcept {
        if (!said || !said->found) return;
        store.begin({erase_cell{std::move(key), said->found->version}}, [](const cell_result&) noexcept {});
    });
}

}  // namespace cutwater::detail
