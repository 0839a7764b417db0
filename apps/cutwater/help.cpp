#include "apps/cutwater/help.hpp"

#include <algorithm>
#include <sstream>
#include <string>

#include "apps/cutwater/console/text_table.hpp"

namespace cutwater::app {

namespace {

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text.append(text.empty() ? "" : "\n").append(line);
    return text;
}

/// Of two columns, `  4  what it means`: where the second begins; zero where there is but one.
std::size_t second_column(const std::string& line) {
    const auto first = line.find_first_not_of(' ');
    const auto gap = line.find("  ", first);
    return first == std::string::npos || gap == std::string::npos ? 0 : line.find_first_not_of(' ', gap);
}

/// A command for a shell goes on in the next line behind a backslash, and may be copied as it is.
std::string continued(const std::string& command, std::size_t columns) {
    constexpr std::string_view indent = "  ";
    constexpr std::string_view onward = "      ";
    if (command.size() <= columns) return command;
    std::string text;
    for (const std::string& part : wrapped(command.substr(indent.size()), columns - onward.size() - 2))
        text.append(text.empty() ? indent : onward).append(part).append(" \\\n");
    return text.substr(0, text.size() - std::string_view{" \\\n"}.size());
}

std::string reflowed_line(const std::string& line, std::size_t columns) {
    const std::size_t hang = second_column(line);
    if (hang == 0 && line.starts_with("  cutwater ")) return continued(line, columns);
    if (hang > columns / 2 || (hang == 0 && line.starts_with("  "))) return line;
    std::string text = line.substr(0, hang);
    for (bool first = true; const std::string& part : wrapped(line.substr(hang), columns - hang)) {
        if (!std::exchange(first, false)) text.append("\n").append(hang, ' ');
        text.append(part);
    }
    return text;
}

std::string reflowed(const std::string& text, std::size_t columns) {
    std::istringstream in{text};
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(reflowed_line(line, columns));
    return joined(lines);
}

/// The groups of options are set apart by one blank line, not two.
std::string single_spaced(std::string text) {
    for (auto at = text.find("\n\n\n"); at != std::string::npos; at = text.find("\n\n\n", at)) text.erase(at, 1);
    return text;
}

class wrapping_formatter final : public CLI::Formatter {
public:
    explicit wrapping_formatter(unsigned columns) : columns_{std::max<std::size_t>(columns, narrowest * 2)} {
        column_width(std::min<std::size_t>(columns_ / 2, widest));
        label("Positionals", "Argument");
    }

    [[nodiscard]] std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
        return single_spaced(CLI::Formatter::make_help(app, std::move(name), mode));
    }
    [[nodiscard]] std::string make_description(const CLI::App* app) const override {
        return reflowed(app->get_description(), columns_) + "\n\n";
    }
    [[nodiscard]] std::string make_footer(const CLI::App* app) const override {
        return reflowed(app->get_footer(), columns_) + "\n";
    }
    [[nodiscard]] std::string make_subcommand(const CLI::App* sub) const override {
        std::istringstream description{sub->get_description()};
        std::string first;
        std::getline(description, first);
        std::ostringstream out;
        CLI::detail::format_help(out, sub->get_display_name(true), joined(wrapped(first, room())), column_width_);
        return out.str();
    }

    /// Whatever is an argument here is wanted; the command itself says so, beside all else that is wrong.
    [[nodiscard]] std::string make_option_usage(const CLI::Option* option) const override {
        return make_option_name(option, true);
    }

    /// What CLI11 adds to the type (validators, which option excludes which) is told by the descriptions.
    [[nodiscard]] std::string make_option_opts(const CLI::Option* option) const override {
        const std::string type = option->get_type_name();
        const std::string shown = type.substr(0, type.find(':'));
        return option->get_type_size() == 0 || shown.empty() ? "" : " " + shown;
    }
    [[nodiscard]] std::string make_option_desc(const CLI::Option* option) const override {
        const std::string usual = option->get_default_str();
        return joined(wrapped(option->get_description() + (usual.empty() ? "" : " [" + usual + "]"), room()));
    }

private:
    static constexpr std::size_t widest = 32;
    static constexpr std::size_t narrowest = 20;

    [[nodiscard]] std::size_t room() const { return columns_ - column_width_; }

    std::size_t columns_;
};

}  // namespace

std::shared_ptr<CLI::Formatter> wrapping_help(unsigned columns) {
    return std::make_shared<wrapping_formatter>(columns);
}

}  // namespace cutwater::app
