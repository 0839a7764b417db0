#include "apps/cutwater/call/endpoints.hpp"

#include <gmock/gmock.h>

namespace cutwater::app {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using texts = std::vector<std::string>;

/// Of each endpoint, what `member` gives.
template <class Member>
texts all_of(const texts& bases, std::string_view path, Member member) {
    const auto made = endpoints_of(bases, path).value();
    texts all;
    for (const call_endpoint& e : made) all.push_back(member(e));
    return all;
}
texts asked_for(const texts& bases, std::string_view path) {
    return all_of(bases, path, [](const call_endpoint& e) { return e.url.text(); });
}
texts addresses(const texts& bases) {
    return all_of(bases, "/", [](const call_endpoint& e) { return e.address; });
}
texts labels(const texts& bases) {
    return all_of(bases, "/", [](const call_endpoint& e) { return e.label; });
}
texts wrong(const texts& bases, std::string_view path = "/items/7") {
    const auto made = endpoints_of(bases, path);
    return made ? texts{} : made.error();
}

TEST(call_endpoints, have_the_path_behind_each_of_them) {
    EXPECT_THAT(asked_for({"http://a:8080", "https://b/", "http://[::1]:81/v2", "http://c/v3/"}, "/items?sku=7"),
                ElementsAre("http://a:8080/items?sku=7", "https://b/items?sku=7", "http://[::1]:81/v2/items?sku=7",
                            "http://c/v3/items?sku=7"));
    EXPECT_THAT(asked_for({"http://a", "http://b/v2"}, "/"), ElementsAre("http://a/", "http://b/v2/"));
}

TEST(call_endpoints, have_one_address_for_all_ways_to_write_it) {
    EXPECT_THAT(addresses({"HTTP://Stock.Example:80/", "https://stock.example:443/V2/"}),
                ElementsAre("http://stock.example", "https://stock.example/V2"));
}

TEST(call_endpoints, are_shown_without_a_scheme_that_all_share) {
    EXPECT_THAT(labels({"http://a:81", "http://b/v2"}), ElementsAre("a:81", "b/v2"));
    EXPECT_THAT(labels({"https://a:81", "https://b"}), ElementsAre("a:81", "b"));
    EXPECT_THAT(labels({"http://a", "https://a"}), ElementsAre("http://a", "https://a"));
}

TEST(call_endpoints, are_named_once_each) {
    EXPECT_THAT(wrong({"http://a", "http://b", "http://A:80/"}),
                ElementsAre("--endpoint http://A:80/ is there twice: name each once"));
    EXPECT_THAT(wrong({"http://a", "http://a:81", "https://a", "http://a/v2", "http://a/V2"}), ElementsAre());
}

TEST(call_endpoints, are_bases_and_nothing_more) {
    EXPECT_THAT(wrong({""}), ElementsAre(HasSubstr("--endpoint is empty")));
    EXPECT_THAT(wrong({"stock.example"}),
                ElementsAre(AllOf(HasSubstr("--endpoint: \"stock.example\" is no URL"), HasSubstr("did you mean"))));
    EXPECT_THAT(wrong({"ftp://a"}), ElementsAre(HasSubstr("--endpoint: \"ftp://a\" is neither http:// nor https://")));
    EXPECT_THAT(wrong({"http://a/?x=y"}), ElementsAre(AllOf(HasSubstr("--endpoint http://a/?x=y has a query"),
                                                            HasSubstr("write it there, such as '/items/7?x=y'"))));
    EXPECT_THAT(wrong({"http://a/#top"}), ElementsAre(HasSubstr("--endpoint http://a/#top has a fragment")));
    EXPECT_THAT(wrong({"http://a:99999"}), ElementsAre(HasSubstr("ports are from 1 to 65535")));
}

TEST(call_endpoints, do_not_repeat_a_password) {
    for (const auto* const base : {"http://me:secret@a", "http://me:secret@a/?x", "http://me:secret@a/#x"})
        EXPECT_THAT(wrong({base}), ElementsAre(AllOf(HasSubstr("user name or password"), Not(HasSubstr("secret")))));
    EXPECT_THAT(wrong({"http://a"}, "http://me:secret@a/"), ElementsAre(Not(HasSubstr("secret"))));
}

TEST(call_endpoints, want_a_path_and_say_what_it_would_be) {
    EXPECT_THAT(wrong({"http://a"}, ""), ElementsAre(HasSubstr("a path is wanted")));
    EXPECT_THAT(wrong({"http://a"}, "items/7"), ElementsAre(HasSubstr("did you mean \"/items/7\"?")));
    EXPECT_THAT(wrong({"http://a"}, "http://b:81/items?x"),
                ElementsAre(AllOf(HasSubstr("write /items?x for it"), HasSubstr("--endpoint http://b:81 if"))));
    EXPECT_THAT(wrong({"http://a", "http://b"}, "/items 7"), ElementsAre(HasSubstr("percent-encode it")));
}

TEST(call_endpoints, are_told_all_that_is_wrong_at_once) {
    EXPECT_THAT(wrong({"http://a", "b", "http://a/", "ftp://c"}, "items"),
                ElementsAre(HasSubstr("\"/items\""), HasSubstr("\"b\""), HasSubstr("twice"), HasSubstr("ftp://c")));
}

TEST(call_endpoints, may_be_many) {
    texts bases;
    for (int i = 1; i <= 1000; ++i) bases.push_back("http://10.0.0.1:" + std::to_string(i));
    EXPECT_EQ(asked_for(bases, "/").size(), 1000U);
}

}  // namespace
}  // namespace cutwater::app
