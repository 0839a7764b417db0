#include "apps/cutwater/call/endpoints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "apps/cutwater/explain/ledger_words.hpp"
#include "cutwater/policy/endpoints/events.hpp"

namespace cutwater::app {

namespace {

using problems = std::vector<std::string>;

/// Without the slash at its end, so that a path that begins with one fits behind it.
std::string_view without_slash(std::string_view base) {
    return base.ends_with('/') ? base.substr(0, base.size() - 1) : base;
}

std::string_view scheme_of(const http_url& url) { return url.is_tls() ? "https://" : "http://"; }

/// The same text for all that mean the same: names of hosts know no case, and a usual port need not be said.
std::string address_of(const http_url& base) {
    std::string authority = base.authority();
    std::ranges::transform(authority, authority.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return fmt::format("{}{}{}", scheme_of(base), authority, without_slash(base.target()));
}

std::expected<http_url, std::string> base_of(const std::string& text) {
    if (text.empty())
        return std::unexpected{"--endpoint is empty: write the server's address, such as http://10.0.0.1:8080"};
    auto url = http_url::parse(text);
    if (!url) return std::unexpected{"--endpoint: " + url.error()};
    if (text.find('#') != std::string::npos)
        return std::unexpected{fmt::format("--endpoint {} has a fragment, which is never sent: leave it out", text)};
    if (const auto query = text.find('?'); query != std::string::npos)
        return std::unexpected{
            fmt::format("--endpoint {} has a query, which belongs to the path that all are asked "
                        "for: write it there, such as '/items/7{}'",
                        text, text.substr(query))};
    return url;
}

/// What is wrong with what is to stand behind each endpoint.
std::optional<std::string> objection(std::string_view path) {
    if (path.empty())
        return "with --endpoint a path is wanted, which all are asked for, such as /items/7; for the endpoints as they "
               "stand, /";
    if (path.starts_with('/')) return {};
    const auto url = http_url::parse(path);
    if (url)
        return fmt::format(
            "with --endpoint the argument is a path, and {0} is a whole URL: write {1} for it, and "
            "--endpoint {2}{3} if that server is one of them",
            url->text(), url->target(), scheme_of(*url), url->authority());
    if (path.find("://") != std::string_view::npos)
        return fmt::format("with --endpoint the argument is a path, such as /items/7, and no URL ({})", url.error());
    return fmt::format("with --endpoint the argument is a path, which begins with a slash; did you mean \"/{}\"?",
                       path);
}

void shorten(std::vector<call_endpoint>& all) {
    const bool tls = all.front().url.is_tls();
    const bool same = std::ranges::all_of(all, [&](const call_endpoint& e) { return e.url.is_tls() == tls; });
    for (call_endpoint& e : all) e.label = same ? e.address.substr(scheme_of(e.url).size()) : e.address;
}

}  // namespace

std::string label_of(std::string_view address, std::span<const call_endpoint> at) {
    const auto found = std::ranges::find(at, address, &call_endpoint::address);
    return found == at.end() ? std::string{address} : found->label;
}

std::optional<std::string> words_of_endpoints(const event& e, std::span<const call_endpoint> at) {
    const bool is_theirs = e.get_if<endpoint_ejected>() != nullptr || e.get_if<endpoint_returned>() != nullptr ||
                           e.get_if<endpoints_panic_began>() != nullptr || e.get_if<endpoints_panic_ended>() != nullptr;
    if (!is_theirs) return {};
    constexpr std::size_t long_enough = 1'000;
    return endpoint_words(to_entry(e, e.origin().at, long_enough),
                          [&](std::string_view address) { return label_of(address, at); });
}

std::expected<std::vector<call_endpoint>, problems> endpoints_of(const std::vector<std::string>& bases,
                                                                 std::string_view path) {
    problems found;
    std::vector<call_endpoint> all;
    std::set<std::string> addresses;
    const auto wrong_path = objection(path);
    if (wrong_path) found.push_back(*wrong_path);
    for (const std::string& text : bases) {
        const auto base = base_of(text);
        if (!base) {
            found.push_back(base.error());
            continue;
        }
        std::string address = address_of(*base);
        if (!addresses.insert(address).second) {
            found.push_back(fmt::format("--endpoint {} is there twice: name each once", text));
            continue;
        }
        if (wrong_path) continue;
        auto url = http_url::parse(address + std::string{path});
        if (url)
            all.push_back({.address = std::move(address), .label = {}, .url = std::move(*url)});
        else if (std::ranges::find(found, url.error()) == found.end())
            return std::unexpected{problems{url.error()}};  // it is the path's, and so the same for all
    }
    if (!found.empty()) return std::unexpected{std::move(found)};
    shorten(all);
    return all;
}

}  // namespace cutwater::app
