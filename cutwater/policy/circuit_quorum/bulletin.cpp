#include "cutwater/policy/circuit_quorum/bulletin.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <optional>

namespace cutwater {

namespace {

constexpr std::string_view magic = "cwq1\n";
constexpr std::string_view letters = "coh";  // in the order of `circuit_state`

std::int64_t in_ms(duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d).count(); }

/// What is before the next separator, which is taken as well; nothing where there is none.
std::optional<std::string_view> cut(std::string_view& from, char separator) {
    const std::size_t at = from.find(separator);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view part = from.substr(0, at);
    from.remove_prefix(at + 1);
    return part;
}

/// The numbers of a line, one after the other; `is_well` while they were all there.
class line_reader {
public:
    explicit line_reader(std::string_view line) : rest_{line} {}

    template <std::integral Number>
    void read(Number& number, int base = 10) {
        const auto word = next();
        const auto got = std::from_chars(word.data(), word.data() + word.size(), number, base);
        if (got.ec != std::errc{} || got.ptr != word.data() + word.size()) is_well_ = false;
    }
    void read(duration& d) {
        std::int64_t ms = 0;
        read(ms);
        constexpr std::int64_t most = forever.count() / 1'000'000;
        if (ms < 0 || ms > most) return void(is_well_ = false);
        d = std::chrono::milliseconds{ms};
    }
    void read(circuit_state& s) {
        const std::string_view word = next();
        const std::size_t which = word.size() == 1 ? letters.find(word[0]) : std::string_view::npos;
        if (which == std::string_view::npos) return void(is_well_ = false);
        s = static_cast<circuit_state>(which);
    }
    /// And nothing after them.
    [[nodiscard]] bool is_well() const { return is_well_ && rest_.empty(); }

private:
    std::string_view next() {
        if (const auto word = cut(rest_, ' ')) return *word;
        return std::exchange(rest_, {});
    }

    std::string_view rest_;
    bool is_well_ = true;
};

std::optional<circuit_report> read_report(std::string_view line) {
    circuit_report r;
    line_reader words{line};
    words.read(r.instance, 16);
    words.read(r.number);
    words.read(r.state);
    words.read(r.since);
    words.read(r.open_left);
    words.read(r.calls);
    words.read(r.failures);
    if (!words.is_well() || r.instance == 0) return std::nullopt;
    return r;
}

std::string text_of(const circuit_report& r) {
    char id[16];
    const auto end = std::to_chars(std::begin(id), std::end(id), r.instance, 16).ptr;
    std::string line{std::begin(id), end};
    line.append(" ").append(std::to_string(r.number)).append(" ");
    line.push_back(letters[static_cast<std::size_t>(r.state)]);
    for (const std::int64_t number : {in_ms(r.since), in_ms(r.open_left)})
        line.append(" ").append(std::to_string(number));
    for (const std::uint64_t number : {r.calls, r.failures}) line.append(" ").append(std::to_string(number));
    return line.append("\n");
}

}  // namespace

std::string circuit_bulletin::encoded() const {
    std::string bytes{magic};
    for (const circuit_report& each : reports) bytes.append(text_of(each));
    return bytes;
}

circuit_bulletin circuit_bulletin::decoded(std::string_view bytes, std::size_t most) {
    circuit_bulletin made;
    if (!bytes.starts_with(magic)) {
        made.unreadable = bytes.empty() ? 0 : 1;
        return made;
    }
    bytes.remove_prefix(magic.size());
    while (!bytes.empty()) {
        const auto line = cut(bytes, '\n');
        const auto report = line ? read_report(*line) : std::nullopt;
        const bool is_new = report && std::ranges::find(made.reports, report->instance, &circuit_report::instance) ==
                                          made.reports.end();
        if (is_new && made.reports.size() < most)
            made.reports.push_back(*report);
        else
            ++made.unreadable;
        if (!line) return made;
    }
    return made;
}

}  // namespace cutwater
