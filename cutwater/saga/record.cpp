#include "cutwater/saga/record.hpp"

#include <algorithm>
#include <array>

#include "cutwater/core/known_category.hpp"

namespace cutwater {

namespace {

constexpr std::string_view magic = "cws1";
constexpr std::size_t longest_words = 2000;

void put(std::string& to, std::uint64_t number) {
    for (unsigned shift = 0; shift < 64; shift += 8) to.push_back(static_cast<char>((number >> shift) & 0xFFU));
}
void put(std::string& to, std::string_view text) {
    put(to, std::uint64_t{text.size()});
    to.append(text);
}
void put(std::string& to, const std::string& text) { put(to, std::string_view{text}); }
void put(std::string& to, const saga_failure& f) {
    put(to, f.step);
    put(to, static_cast<std::uint64_t>(f.code.value()));
    put(to, std::string_view{f.code.category().name()});
    put(to, f.words);
}
template <class Each>
void put(std::string& to, const std::vector<Each>& all) {
    put(to, std::uint64_t{all.size()});
    for (const Each& each : all) put(to, each);
}

/// Reads what `put` has written; once something is missing, it has nothing more.
class reader {
public:
    explicit reader(std::string_view bytes) noexcept : left_{bytes} {}

    [[nodiscard]] std::string_view bytes(std::uint64_t n) noexcept {
        if (n > left_.size()) {
            fail();
            return {};
        }
        const std::string_view taken = left_.substr(0, n);
        left_.remove_prefix(n);
        return taken;
    }
    void read(std::uint64_t& number) noexcept {
        number = 0;
        unsigned shift = 0;
        for (const char byte : bytes(8)) {
            number |= std::uint64_t{static_cast<unsigned char>(byte)} << shift;
            shift += 8;
        }
    }
    void read(std::string& text) { text = bytes(number()); }
    void read(saga_failure& f) {
        read(f.step);
        const auto value = static_cast<int>(number());
        f.code = detail::kept_code(value, bytes(number()));
        read(f.words);
    }
    template <class Each>
    void read(std::vector<Each>& all) {
        for (std::uint64_t n = number(); n > 0 && !failed_; --n) read(all.emplace_back());
    }
    [[nodiscard]] std::uint64_t number() noexcept {
        std::uint64_t value = 0;
        read(value);
        return value;
    }
    void fail() noexcept {
        failed_ = true;
        left_ = {};
    }
    [[nodiscard]] bool is_complete() const noexcept { return !failed_ && left_.empty(); }

private:
    std::string_view left_;
    bool failed_ = false;
};

}  // namespace

saga_failure saga_failure::of(std::uint64_t step, const error& why) {
    std::string words = why.message();
    if (words.size() > longest_words) words.resize(longest_words);
    return {.step = step, .code = detail::code_to_keep(why.code()), .words = std::move(words)};
}

std::string saga_record::encoded() const {
    std::string bytes{magic};
    bytes.reserve(256 + context.size());
    put(bytes, steps);
    put(bytes, static_cast<std::uint64_t>(phase));
    put(bytes, step);
    put(bytes, to_undo);
    put(bytes, not_undone);
    put(bytes, cause ? std::vector{*cause} : std::vector<saga_failure>{});
    put(bytes, context);
    put(bytes, holder);
    put(bytes, sequence);
    put(bytes, static_cast<std::uint64_t>(lease.count()));
    put(bytes, takeovers);
    return bytes;
}

std::optional<saga_record> saga_record::decoded(std::string_view bytes) {
    reader from{bytes};
    if (from.bytes(magic.size()) != magic) return std::nullopt;
    saga_record made;
    from.read(made.steps);
    const std::uint64_t phase_number = from.number();
    made.phase = static_cast<saga_phase>(std::min<std::uint64_t>(phase_number, 0xFF));
    from.read(made.step);
    from.read(made.to_undo);
    from.read(made.not_undone);
    std::vector<saga_failure> causes;
    from.read(causes);
    if (!causes.empty()) made.cause = std::move(causes.front());
    from.read(made.context);
    from.read(made.holder);
    from.read(made.sequence);
    made.lease = duration{static_cast<duration::rep>(from.number())};
    from.read(made.takeovers);
    if (!from.is_complete() || !made.is_sound()) return std::nullopt;
    return made;
}

/// No index beyond the steps, and something to do where the phase says that there is.
bool saga_record::is_sound() const noexcept {
    const auto is_step = [this](std::uint64_t i) { return i < steps.size(); };
    const auto is_of_step = [&](const saga_failure& f) { return is_step(f.step); };
    if (phase > saga_phase::stuck || !std::ranges::all_of(to_undo, is_step)) return false;
    if (!std::ranges::all_of(not_undone, is_of_step) || (cause && !is_of_step(*cause))) return false;
    switch (phase) {
        case saga_phase::forward: return is_step(step);
        case saga_phase::undoing: return !to_undo.empty() && cause.has_value();
        case saga_phase::undone: return cause.has_value();
        case saga_phase::stuck: return !not_undone.empty() && cause.has_value();
        case saga_phase::completed: break;
    }
    return true;
}

std::string saga_cells(std::string_view saga) {
    return std::string{"saga/"}.append(std::to_string(saga.size())).append(1, ':').append(saga).append(1, '/');
}

}  // namespace cutwater
