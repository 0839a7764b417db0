// What is right about a key: a value that decides, without store, clock or thread.
//
//     reserve:  swap(none → in use)            made: execute. Not made: `judge` what is there
//     commit:   swap(ours → done)              made: kept. Not made: taken over, or gone
//     release:  erase(ours)
//
// A reservation lives for its lease and for `keep_for` after it; an outcome, for `keep_for`.
//
// A key's record is in use, by a holder, for a lease; or done, with an outcome. It carries the fingerprint of the request that it was made for. Time is
// the age of the cell that it is in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cutwater/policy/idempotency_guard/options.hpp"
#include "cutwater/store/cell.hpp"

namespace cutwater {

/// What is under a key.
struct idempotency_record {
    enum class state : std::uint8_t { in_use, done };
    state is = state::in_use;
    std::uint64_t holder = 0;  ///< who wrote it
    duration lease{};          ///< in use: for how long
    std::string fingerprint{};
    std::string outcome{};  ///< done: what came out

    friend bool operator==(const idempotency_record&, const idempotency_record&) = default;

    [[nodiscard]] std::string encoded() const;
    /// Nothing where the bytes are none of ours, or have been cut.
    [[nodiscard]] static std::optional<idempotency_record> decoded(std::string_view bytes);
};

/// What to do with a key that is taken.
enum class key_verdict : std::uint8_t {
    ours,        ///< it is our own reservation, made though nobody has told us
    replay,      ///< the outcome that is there
    reused,      ///< refuse: it is another request's
    in_use,      ///< refuse or wait
    take_over,   ///< swap what is there for our own reservation
    in_doubt,    ///< refuse: its holder has not told, and it may not be executed again
    unreadable,  ///< refuse: what is there is no record
};

class idempotency_kernel {
public:
    explicit idempotency_kernel(const idempotency_options& options) noexcept : options_{options} {}

    /// Of what is there, `age` old, to a call of `holder` that asks for what `fingerprint` says. An empty fingerprint is told from no other.
    [[nodiscard]] key_verdict judge(const std::optional<idempotency_record>& there, duration age, std::uint64_t holder,
                                    std::string_view fingerprint) const;

    /// What becomes of a call that was made; `was_sent`: whether anything left for the dependency.
    [[nodiscard]] afterwards after(const observation& seen, bool was_sent) const;  // tidy: allow bool

private:
    const idempotency_options& options_;
};

/// The cell of a key: what tenant, operation and key are together, told apart wherever they are cut. A guard puts its name in place of an
/// operation that its call does not name.
[[nodiscard]] std::string idempotency_cell(std::string_view tenant, std::string_view operation, std::string_view key);

}  // namespace cutwater
