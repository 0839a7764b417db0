#include "cutwater/store/cell_store.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

namespace cutwater {

namespace {

/// Shared with a completion that may come when nobody waits any more.
struct answer {
    std::mutex lock;
    std::condition_variable has_come;
    std::optional<cell_result> said;
};

const std::string* key_of(const cell_request& asked) {
    return std::visit(
        []<class What>(const What& what) -> const std::string* {
            if constexpr (requires { what.key; })
                return &what.key;
            else
                return nullptr;
        },
        asked.what);
}

}  // namespace

std::optional<error> wrong_key(const cell_request& asked, name store) {
    const std::string* const key = key_of(asked);
    if (key == nullptr) return std::nullopt;
    const auto refused = [&](const std::string& why) {
        return error{std::make_error_code(std::errc::invalid_argument), store, {}}.with_text(why);
    };
    if (key->empty()) return refused("the key of a cell is empty");
    if (key->size() > max_cell_key)
        return refused("the key of a cell has " + std::to_string(key->size()) + " bytes; allowed are " +
                       std::to_string(max_cell_key) + ". Use a hash of what is longer");
    if (key->contains('\0')) return refused("the key of a cell has a zero byte");
    return std::nullopt;
}

cell_result ask(cell_store& store, cell_request asked) {
    const auto waits = std::make_shared<answer>();
    store.begin(std::move(asked), [waits](cell_result said) noexcept {
        const std::scoped_lock held{waits->lock};
        waits->said.emplace(std::move(said));
        waits->has_come.notify_one();
    });
    std::unique_lock held{waits->lock};
    waits->has_come.wait(held, [&] { return waits->said.has_value(); });
    return std::move(*waits->said);
}

}  // namespace cutwater
