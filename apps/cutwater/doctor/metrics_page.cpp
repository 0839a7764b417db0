#include "apps/cutwater/doctor/metrics_page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <boost/fusion/include/adapt_struct.hpp>
#include <boost/spirit/home/x3.hpp>

#include "apps/cutwater/console/text_table.hpp"

BOOST_FUSION_ADAPT_STRUCT(cutwater::app::page_label, name, value)
BOOST_FUSION_ADAPT_STRUCT(cutwater::app::page_sample, name, labels, value)

namespace cutwater::app {

namespace {

namespace x3 = boost::spirit::x3;

namespace grammar {

// sample = name [ "{" [ label { "," label } [ "," ] ] "}" ] value [ timestamp ] [ "#" exemplar ]
const auto blanks = x3::omit[*x3::blank];
const auto word = x3::rule<struct word_rule, std::string>{"name"} = x3::char_("a-zA-Z_:") >> *x3::char_("a-zA-Z0-9_:");
const auto letter = x3::rule<struct letter_rule, char>{"letter"} =
    (x3::lit("\\n") >> x3::attr('\n')) | (x3::lit('\\') >> x3::char_) | (x3::char_ - (x3::lit('"') | x3::lit('\\')));
const auto text_in_quotes = x3::rule<struct text_rule, std::string>{"text in quotes"} = x3::lit('"') >> *letter >>
                                                                                        x3::lit('"');
const auto label = x3::rule<struct label_rule, page_label>{"label"} = word >> blanks >> x3::lit('=') >> blanks
                                                                      >> text_in_quotes;
const auto comma = x3::rule<struct comma_rule>{"comma"} = blanks >> x3::lit(',') >> blanks;
const auto labels = x3::rule<struct labels_rule, std::vector<page_label>>{"labels"} =
    (x3::lit('{') >> blanks >> (label % comma) >> x3::omit[-x3::lit(',')] >> blanks >> x3::lit('}')) |
    (x3::omit[x3::lit('{') >> blanks >> x3::lit('}')] >> x3::attr(std::vector<page_label>{})) |
    x3::attr(std::vector<page_label>{});
const auto sample = x3::rule<struct sample_rule, page_sample>{"sample"} =
    blanks >> word >> blanks >> labels >> blanks >> x3::double_ >>
    x3::omit[-(+x3::blank >> x3::double_) >> -(+x3::blank >> x3::lit('#') >> *x3::char_) >> *x3::blank];

}  // namespace grammar

bool says_nothing(std::string_view line) {
    const std::size_t begin = line.find_first_not_of(" \t\r");
    return begin == std::string_view::npos || line[begin] == '#';
}

}  // namespace

std::string_view page_sample::label(std::string_view called) const noexcept {
    const auto found = std::ranges::find(labels, called, &page_label::name);
    return found == labels.end() ? std::string_view{} : std::string_view{found->value};
}

std::expected<metrics_page, std::string> parse_metrics_page(std::string_view text) {
    constexpr std::size_t shown = 60;
    metrics_page page;
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (says_nothing(line)) continue;
        page_sample read;
        auto at = line.begin();
        if (!x3::parse(at, line.end(), grammar::sample, read) || at != line.end())
            return std::unexpected{fmt::format("line {} is no metric: {}", number, printable(line.substr(0, shown)))};
        page.push_back(std::move(read));
    }
    return page;
}

}  // namespace cutwater::app
