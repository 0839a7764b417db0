#include "apps/cutwater/demo/screen.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace cutwater::demo {

namespace {

double in_seconds(duration d) { return std::chrono::duration<double>(d).count(); }

std::string bar(unsigned part, unsigned whole, unsigned width) {
    const unsigned filled = whole == 0 ? 0 : (part * width + whole - 1) / whole;
    std::string text;
    for (unsigned i = 0; i < width; ++i) text += i < filled ? "█" : "·";
    return text;
}

class live final : public screen {
public:
    live(std::FILE* out, unsigned columns, colours in)
        : out_{out}, column_{std::clamp((columns - label) / 2, 16U, 34U)}, colours_{in} {}

    void show(const frame& now) override {
        std::string text = lines_ > 0 ? fmt::format("\033[{}A", lines_) : std::string{};
        lines_ = 0;
        line(text, fmt::format("{:>5.1f} s  the dependency: {}", in_seconds(now.elapsed), shade(now.phase, now.phase)));
        row(text, "", now, [](const side& s) { return s.name(); });
        row(text, "answers", now, [](const side& s) { return fmt::format("{}", s.in_all().fresh); });
        row(text, "degraded", now, [](const side& s) { return fmt::format("{}", s.in_all().degraded); });
        row(text, "errors", now, [](const side& s) { return fmt::format("{}", s.in_all().failed); });
        row(text, "waiting", now,
            [](const side& s) { return fmt::format("{:<3}{}", s.waiting(), bar(s.waiting(), s.users(), 10)); });
        row(text, "longest now", now,
            [](const side& s) { return fmt::format("{:.1f} s", in_seconds(s.longest_wait_now())); });
        row(text, "requests", now, [](const side& s) { return fmt::format("{}", s.borne().requests); });
        row(text, "circuit", now, [](const side& s) { return std::string{s.circuit()}; });
        std::fputs(text.c_str(), out_);
        std::fflush(out_);
    }
    void done() override { std::fputs("\n", out_); }

private:
    static constexpr unsigned label = 14;

    void line(std::string& text, const std::string& what) {
        text += "\033[K" + what + "\n";
        ++lines_;
    }
    template <class Cell>
    void row(std::string& text, std::string_view what, const frame& now, Cell&& cell) {
        line(text, fmt::format("{:<{}}{:<{}}{}", what, label, cell(now.unguarded), column_, cell(now.guarded)));
    }
    [[nodiscard]] std::string shade(std::string_view text, std::string_view phase) const {
        if (colours_ == colours::off) return std::string{text};
        const bool fine = phase == "healthy" || phase == "recovered";
        return fmt::format("\033[{}m{}\033[0m", fine ? 32 : 31, text);
    }

    std::FILE* out_;
    unsigned column_;
    colours colours_;
    unsigned lines_ = 0;
};

class plain final : public screen {
public:
    explicit plain(std::FILE* out) : out_{out} {}

    void show(const frame& now) override {
        const auto second = std::chrono::floor<std::chrono::seconds>(now.elapsed);
        if (second == last_) return;
        if (last_ < std::chrono::seconds::zero()) fmt::print(out_, "{}", heading(now));
        last_ = second;
        fmt::print(out_, "{:>3} s  {:<9}{}{}\n", second.count(), now.phase, cells(now.unguarded), cells(now.guarded));
        std::fflush(out_);
    }
    void done() override { std::fputs("\n", out_); }

private:
    static std::string heading(const frame& now) {
        const std::string columns = fmt::format("{:>8}{:>9}{:>7}{:>8}", "answers", "degraded", "errors", "waiting");
        return fmt::format("{:16}{:>32}{:>32}\n{:16}{columns}{columns}\n", "", now.unguarded.name(), now.guarded.name(),
                           "", fmt::arg("columns", columns));
    }
    static std::string cells(const side& s) {
        const tally& all = s.in_all();
        return fmt::format("{:>8}{:>9}{:>7}{:>8}", all.fresh, all.degraded, all.failed, s.waiting());
    }

    std::FILE* out_;
    std::chrono::seconds last_{-1};
};

class silent final : public screen {
public:
    void show(const frame&) override {}
};

}  // namespace

std::unique_ptr<screen> live_screen(std::FILE* out, unsigned columns, colours in) {
    return std::make_unique<live>(out, columns, in);
}
std::unique_ptr<screen> plain_screen(std::FILE* out) { return std::make_unique<plain>(out); }
std::unique_ptr<screen> no_screen() { return std::make_unique<silent>(); }

}  // namespace cutwater::demo
