#include "cutwater/http/http_url.hpp"

#include <gmock/gmock.h>

namespace cutwater {
namespace {

using ::testing::HasSubstr;

struct url_case {
    std::string_view text;
    std::string_view host;
    unsigned port;
    std::string_view target;
    std::string_view authority;
};

const url_case good[] = {
    {"http://stock.example", "stock.example", 80, "/", "stock.example"},
    {"https://stock.example/", "stock.example", 443, "/", "stock.example"},
    {"HTTPS://stock.example:443/a", "stock.example", 443, "/a", "stock.example"},
    {"http://stock.example:8080/items?sku=7&n=%20x#top", "stock.example", 8080, "/items?sku=7&n=%20x",
     "stock.example:8080"},
    {"http://stock.example?q=1", "stock.example", 80, "/?q=1", "stock.example"},
    {"http://stock.example:/", "stock.example", 80, "/", "stock.example"},
    {"http://127.0.0.1:1/x", "127.0.0.1", 1, "/x", "127.0.0.1:1"},
    {"http://127.0.0.1.stock.example/x", "127.0.0.1.stock.example", 80, "/x", "127.0.0.1.stock.example"},
    {"https://10.0.0.1-a:8443?x", "10.0.0.1-a", 8443, "/?x", "10.0.0.1-a:8443"},
    {"https://[::1]:8443/", "::1", 8443, "/", "[::1]:8443"},
    {"http://stock.example/a/../b//c", "stock.example", 80, "/a/../b//c", "stock.example"},
};

TEST(http_url, takes_a_url_apart) {
    for (const url_case& c : good) {
        const auto url = http_url::parse(c.text);
        ASSERT_TRUE(url) << c.text << ": " << url.error();
        EXPECT_EQ(url->host(), c.host) << c.text;
        EXPECT_EQ(url->port(), c.port) << c.text;
        EXPECT_EQ(url->target(), c.target) << c.text;
        EXPECT_EQ(url->authority(), c.authority) << c.text;
    }
}

TEST(http_url, knows_schemes_and_addresses_apart) {
    EXPECT_TRUE(http_url::parse("https://a.example")->is_tls());
    EXPECT_FALSE(http_url::parse("http://a.example")->is_tls());
    EXPECT_TRUE(http_url::parse("http://[::1]/")->host_is_address());
    EXPECT_TRUE(http_url::parse("http://127.0.0.1/")->host_is_address());
    EXPECT_FALSE(http_url::parse("http://127.0.0.1.example/")->host_is_address());
    EXPECT_FALSE(http_url::parse("http://127.0.0.example/")->host_is_address());
}

TEST(http_url, writes_itself_again_without_the_fragment) {
    EXPECT_EQ(http_url::parse("HTTP://a.example:80#x")->text(), "http://a.example/");
    EXPECT_EQ(http_url::parse("https://[::1]:8443/a?b")->text(), "https://[::1]:8443/a?b");
}

TEST(http_url, says_what_is_wrong_and_what_would_be_right) {
    const std::pair<std::string_view, std::string_view> wrong[] = {
        {"", "no URL"},
        {"stock.example", "did you mean \"http://stock.example\""},
        {"localhost:8080/x", "did you mean \"http://localhost:8080/x\""},
        {"/items", "did you mean"},
        {"ftp://stock.example/", "neither http:// nor https://"},
        {"mailto:a@b.example", "no URL"},
        {"http://", "names no host"},
        {"http:///x", "names no host"},
        {"http:stock.example", "no URL"},
        {"http://stock.example:99999/", "ports are from 1 to 65535"},
        {"http://stock.example:0/", "ports are from 1 to 65535"},
        {"http://stock.example:x/", "no URL"},
        {"http://stock.example:80x/", "no URL"},
        {"http://stock.example:-1/", "no URL"},
        {"http://[::1]x/", "no URL"},
        {"http://stock.example:65616/", "ports are from 1 to 65535"},
        {"http://me:secret@stock.example/", "Authorization"},
        {"http://stock.example/a b", "position 23"},
        {"http://stock.example/\n", "control"},
        {"http://st\xc3\xb6"
         "ck.example/",
         "non-ASCII"},
        {"http://stock.example/%zz", "RFC 3986"},
        {"http://stock%00.example/", "percent encoding"},
        {"http://127.0.0.1%00.example/", "no URL"},
        {"http://127.0.0.1.example:x/", "no URL"},
        {"http://[::1/", "RFC 3986"},
    };
    for (const auto& [text, says] : wrong) {
        const auto url = http_url::parse(text);
        ASSERT_FALSE(url) << text;
        EXPECT_THAT(url.error(), HasSubstr(says)) << text;
    }
}

TEST(http_url, keeps_a_password_out_of_its_words) {
    for (const auto* const text :
         {"http://me:secret@stock.example/", "http://me:secret@stock.example/a b", "me:secret@stock",
          "ftp://me:secret@stock.example", "http://me:secret@stock.example:0/a@b"})
        EXPECT_THAT(http_url::parse(text).error(), ::testing::Not(HasSubstr("secret"))) << text;
}

TEST(http_url, keeps_its_words_short_and_printable) {
    const std::string endless(100'000, 'x');
    EXPECT_LT(http_url::parse(endless).error().size(), 1000U);
    EXPECT_THAT(http_url::parse("http://a\x1b[31m/").error(), ::testing::Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace cutwater
