// The values of a cache in a store: they outlast the process.
//
// Nothing here is waited for but reading. A write takes the place of whatever is there; that it may lose against another instance's harms nobody: both are
// the dependency's answers.
#pragma once

#include <string>
#include <utility>

#include "cutwater/policy/cache/options.hpp"
#include "cutwater/store/cell_store.hpp"
#include "cutwater/store/codec.hpp"

namespace cutwater::detail {

[[nodiscard]] std::string cache_cell(name cache, const cache_key& key);
/// Writes over what is there, in two or three steps that nobody waits for.
void overwrite(cell_store& store, std::string key, std::string value, duration time_to_live) noexcept;
void erase_whatever(cell_store& store, std::string key) noexcept;

template <class T, class Codec>
class durable_tier {
public:
    durable_tier(cell_store* store, name cache) noexcept : store_{store}, cache_{cache} {}

    [[nodiscard]] cell_store* store() const noexcept { return store_; }
    [[nodiscard]] cell_request read(const cache_key& key, duration limit) const {
        return {read_cell{cache_cell(cache_, key)}, limit};
    }
    [[nodiscard]] static std::optional<T> decoded(const cell& there) {
        if constexpr (requires { Codec::decode(there.value); })
            return Codec::decode(there.value);
        else
            return std::nullopt;
    }

    void write(const cache_key& key, const T& value, duration time_to_live) const {
        if constexpr (requires { Codec::encode(value); })
            if (store_ != nullptr) overwrite(*store_, cache_cell(cache_, key), Codec::encode(value), time_to_live);
    }
    void erase(const cache_key& key) const {
        if (store_ != nullptr) erase_whatever(*store_, cache_cell(cache_, key));
    }

private:
    cell_store* store_;
    name cache_;
};

}  // namespace cutwater::detail
