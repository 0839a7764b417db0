#include "cutwater/policy/idempotency_guard/kernel.hpp"

namespace cutwater {

namespace {

constexpr std::string_view magic = "cwi1";

void put(std::string& to, std::uint64_t number) {
    for (unsigned shift = 0; shift < 64; shift += 8) to.push_back(static_cast<char>((number >> shift) & 0xFFU));
}
void put(std::string& to, std::string_view text) {
    put(to, std::uint64_t{text.size()});
    to.append(text);
}

/// Reads what `put` has written; once something is missing, it has nothing more.
class reader {
public:
    explicit reader(std::string_view bytes) noexcept : left_{bytes} {}

    [[nodiscard]] std::string_view bytes(std::uint64_t n) noexcept {
        if (n > left_.size()) {
            complete_ = false;
            left_ = {};
            return {};
        }
        const std::string_view taken = left_.substr(0, n);
        left_.remove_prefix(n);
        return taken;
    }
    [[nodiscard]] std::uint64_t number() noexcept {
        std::uint64_t value = 0;
        unsigned shift = 0;
        for (const char byte : bytes(8)) {
            value |= std::uint64_t{static_cast<unsigned char>(byte)} << shift;
            shift += 8;
        }
        return value;
    }
    [[nodiscard]] std::string_view text() noexcept { return bytes(number()); }
    [[nodiscard]] bool is_complete() const noexcept { return complete_ && left_.empty(); }

private:
    std::string_view left_;
    bool complete_ = true;
};

/// An answer, or a failure that says what it came to. An exception says so where a rule states its effect: it may have come from after that.
bool is_outcome(const observation& seen) {
    if (seen.meaning() == verdict::success) return true;
    if (seen.meaning() != verdict::permanent) return false;
    if (seen.failure == nullptr) return true;
    if (seen.failure->executed(effect::none) != effect::none) return false;  // an earlier attempt may have had one
    if (seen.judged.executed == effect::unstated) return !seen.failure->cause() || seen.executed() == effect::none;
    return seen.judged.executed != effect::unknown;
}

}  // namespace

std::string idempotency_record::encoded() const {
    std::string bytes{magic};
    bytes.reserve(magic.size() + 33 + fingerprint.size() + outcome.size());
    bytes.push_back(is == state::done ? 'd' : 'u');
    put(bytes, holder);
    put(bytes, static_cast<std::uint64_t>(lease.count()));
    put(bytes, fingerprint);
    put(bytes, outcome);
    return bytes;
}

std::optional<idempotency_record> idempotency_record::decoded(std::string_view bytes) {
    reader from{bytes};
    if (from.bytes(magic.size()) != magic) return std::nullopt;
    idempotency_record made;
    const std::string_view state_byte = from.bytes(1);
    if (state_byte != "d" && state_byte != "u") return std::nullopt;
    made.is = state_byte == "d" ? state::done : state::in_use;
    made.holder = from.number();
    made.lease = duration{static_cast<duration::rep>(from.number())};
    made.fingerprint = from.text();
    made.outcome = from.text();
    if (!from.is_complete()) return std::nullopt;
    return made;
}

key_verdict idempotency_kernel::judge(const std::optional<idempotency_record>& there, duration age,
                                      std::uint64_t holder, std::string_view fingerprint) const {
    if (!there) return key_verdict::unreadable;
    if (!fingerprint.empty() && !there->fingerprint.empty() && there->fingerprint != fingerprint)
        return key_verdict::reused;
    if (there->is == idempotency_record::state::done) return key_verdict::replay;
    if (there->holder == holder) return key_verdict::ours;
    if (age < there->lease) return key_verdict::in_use;
    return options_.takeover == takeover::safe ? key_verdict::take_over : key_verdict::in_doubt;
}

afterwards idempotency_kernel::after(const observation& seen, bool was_sent) const {
    if (!was_sent) return afterwards::release;
    if (options_.should_keep) return options_.should_keep(seen);
    if (is_outcome(seen)) return afterwards::keep;
    if (seen.executed() == effect::none) return afterwards::release;
    return options_.unknown_means;
}

std::string idempotency_cell(std::string_view tenant, std::string_view operation, std::string_view key) {
    std::string cell{"idempotency/"};
    for (const std::string_view part : {tenant, operation})
        cell.append(std::to_string(part.size())).append(1, ':').append(part).append(1, '/');
    return cell.append(key);
}

}  // namespace cutwater
