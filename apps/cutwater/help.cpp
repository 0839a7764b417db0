#include "apps/cutwater/help.hpp"

#include "apps/cutwater/text_table.hpp"

namespace cutwater::app {

namespace {

class wrapping_formatter final : public CLI::Formatter {
public:
    explicit wrapping_formatter(unsigned columns) : columns_{columns} {
        column_width(columns / 2 < widest ? columns / 2 : widest);
    }

    [[nodiscard]] std::string make_option_desc(const CLI::Option* option) const override {
        const std::size_t room = columns_ > column_width_ + narrowest ? columns_ - column_width_ : narrowest;
        std::string text;
        for (const std::string& line : wrapped(option->get_description(), room))
            text.append(text.empty() ? "" : "\n").append(line);
        return text;
    }

private:
    static constexpr unsigned widest = 34;
    static constexpr std::size_t narrowest = 20;
    unsigned columns_;
};

}  // namespace

std::shared_ptr<CLI::Formatter> wrapping_help(unsigned columns) {
    return std::make_shared<wrapping_formatter>(columns);
}

}  // namespace cutwater::app
