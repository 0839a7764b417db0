#include "cutwater/store/sqlite/sqlite_store.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <utility>

#include "cutwater/drive/clock/clock.hpp"

namespace cutwater {

namespace {

/// Comes after every key with the same beginning, and before every other that is greater than it. Keys are not that long, so for no
/// beginning, or one of bytes that cannot be counted up, it is what none of them reaches.
std::string end_of(std::string prefix) {
    while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
    if (prefix.empty()) {
        prefix.assign(max_cell_key + 1, '\xff');
        return prefix;
    }
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
    return prefix;
}

/// What is there of it; nothing, where it has expired.
cell_reply told(sqlite_file::row seen, duration now) {
    cell_reply said;
    if (seen.version == 0 || seen.expires <= now) return said;
    const duration age = between(instant{seen.written}, instant{now});  // less than none: the clock was set back
    said.found = cell{.value = std::move(seen.value), .version = seen.version, .age = std::max(duration::zero(), age)};
    return said;
}

cell_version version_of(const cell_reply& seen) { return seen.found ? seen.found->version : 0; }

cell_reply not_made(cell_reply seen) {
    seen.done = false;
    return seen;
}

/// After which a connection goes on as before.
bool is_passing(int code) {
    const int kind = code & 0xff;
    return kind == SQLITE_BUSY || kind == SQLITE_FULL || kind == SQLITE_TOOBIG || kind == SQLITE_NOMEM;
}

}  // namespace

sqlite_store::sqlite_store(sqlite_store_options options)
    : options_{validated(kind, std::move(options))}, name_{options_.name},
      path_{std::filesystem::absolute(options_.path).string()}, readers_{options_.readers} {}

std::expected<void, error> sqlite_store::open() noexcept {
    try {
        const cell_result said = in(writer_, forever, [](sqlite_file&) -> answer { return cell_reply{}; });
        return said ? std::expected<void, error>{} : std::unexpected{said.error()};
    } catch (...) {
        return std::unexpected{error::from_exception(std::current_exception()).with_layer(name_)};
    }
}

void sqlite_store::begin(cell_request asked, cell_completion done) noexcept {
    const auto reply = [&]() -> cell_result {
        try {
            if (std::optional<error> wrong = wrong_key(asked, name_)) return std::unexpected{*std::move(wrong)};
            return std::visit([&](const auto& what) { return reply_to(what, asked.limit); }, asked.what);
        } catch (...) {
            return std::unexpected{error::from_exception(std::current_exception()).with_layer(name_)};
        }
    };
    done(reply());
}

cell_result sqlite_store::reply_to(const read_cell& asked, duration limit) {
    return in(readers_, limit, [&](sqlite_file& file) -> answer {
        auto seen = file.read(asked.key);
        if (!seen) return std::unexpected{std::move(seen.error())};
        return told(*std::move(seen), since_1970());
    });
}

cell_result sqlite_store::reply_to(const swap_cell& asked, duration limit) {
    return in_transaction(limit, [&](sqlite_file& file, duration now) -> answer {
        auto seen = file.read(asked.key);
        if (!seen) return std::unexpected{std::move(seen.error())};
        cell_reply there = told(*std::move(seen), now);
        if (version_of(there) != asked.expected) return not_made(std::move(there));
        const auto made = file.write(asked.key, asked.value, now, add(now, asked.time_to_live));
        if (!made) return std::unexpected{made.error()};
        return cell_reply{.version = *made};
    });
}

cell_result sqlite_store::reply_to(const erase_cell& asked, duration limit) {
    return in_transaction(limit, [&](sqlite_file& file, duration now) -> answer {
        auto seen = file.read(asked.key);
        if (!seen) return std::unexpected{std::move(seen.error())};
        cell_reply there = told(*std::move(seen), now);
        if (!there.found || version_of(there) != asked.expected) return not_made(std::move(there));
        if (const auto made = file.erase(asked.key); !made) return std::unexpected{made.error()};
        return cell_reply{};
    });
}

cell_result sqlite_store::reply_to(const list_cells& asked, duration limit) {
    return in(readers_, limit, [&](sqlite_file& file) -> answer {
        const std::string first = asked.after < asked.prefix ? asked.prefix : asked.after + '\0';
        auto keys = file.list(first, end_of(asked.prefix), since_1970(), asked.limit);
        if (!keys) return std::unexpected{std::move(keys.error())};
        return cell_reply{.keys = *std::move(keys)};
    });
}

/// Has `work` done on a connection of the pool's.
template <class Work>
cell_result sqlite_store::in(sqlite_pool& pool, duration limit, Work work) {
    limit = std::clamp(limit, duration::zero(), options_.busy_timeout);
    const instant until = add(now(), limit);
    std::optional<sqlite_pool::lease> mine = pool.take(until);
    if (!mine) return std::unexpected{failure({SQLITE_BUSY, "all connections of this process are in use"}, limit)};
    if (const auto ready = make_ready(*mine, until); !ready) return std::unexpected{failure(ready.error(), limit)};
    answer said = work(*mine->file());
    if (said) return *std::move(said);
    if (!is_passing(said.error().code)) mine->drop();
    return std::unexpected{failure(said.error(), limit)};
}

/// What `decide` does is kept if it is done, and all of it or none. Some of what has expired is deleted with it.
template <class Decide>
cell_result sqlite_store::in_transaction(duration limit, Decide decide) {
    return in(writer_, limit, [&](sqlite_file& file) -> answer {
        sqlite_transaction all{file};
        if (auto begun = all.begin(); !begun) return std::unexpected{std::move(begun.error())};
        const duration now = since_1970();
        answer said = decide(file, now);
        if (!said || !said->done) return said;
        if (auto swept = file.sweep(now, options_.sweep); !swept) return std::unexpected{std::move(swept.error())};
        if (auto made = all.commit(); !made) return std::unexpected{std::move(made.error())};
        return said;
    });
}

/// A file that was moved away is not written on, though it could be: nobody else would see it.
sqlite_result<void> sqlite_store::make_ready(sqlite_pool::lease& mine, instant until) {
    const auto refused = [](sqlite_errc why) {
        return std::unexpected{sqlite_fault{std::to_underlying(why), std::error_code{why}.message()}};
    };
    if (mine.file() == nullptr) {
        using enum sqlite_file::missing;
        auto opened = sqlite_file::open(path_, options_.durability, until, was_opened_ ? is_refused : is_made);
        if (!opened) return std::unexpected{std::move(opened.error())};
        was_opened_ = true;
        mine.keep(*std::move(opened));
    }
    if (!mine.file()->is_ours()) return refused(sqlite_errc::forked);
    if (!mine.file()->is_in_place()) return refused(sqlite_errc::moved_file);
    mine.file()->wait_until(until);
    return {};
}

duration sqlite_store::since_1970() const {
    const auto present =
        options_.wall_clock
            ? options_.wall_clock()
            : std::chrono::system_clock::now();  // tidy: allow clock because cells outlast what has an instant
    return std::chrono::duration_cast<duration>(present.time_since_epoch());
}

error sqlite_store::failure(const sqlite_fault& fault, duration limit) const {
    error made{fault.error_code(), name_, {}};
    std::string text = path_ + ": " + fault.words;
    if (const std::string_view remedy = sqlite_remedy(fault.code); !remedy.empty()) text.append(". ").append(remedy);
    if ((fault.code & 0xff) == SQLITE_BUSY) made.with_limit(limit);
    return made.with_text(std::move(text));
}

}  // namespace cutwater
