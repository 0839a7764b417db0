#include "cutwater/http/http_url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "cutwater/http/http_fields.hpp"

namespace cutwater {

namespace {

namespace urls = boost::urls;

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

/// Without what may be a password.
std::string without_user(std::string_view text) {
    const auto scheme_end = text.find("//");
    const auto start = scheme_end == std::string_view::npos ? 0 : scheme_end + 2;
    const auto at = text.substr(0, text.find('/', start)).rfind('@');
    if (at == std::string_view::npos || at < start) return std::string{text};
    return std::string{text.substr(0, start)} + "***" + std::string{text.substr(at)};
}

std::string in_quotes(std::string_view text) {
    const std::string shown = without_user(text);
    std::string printable{'"'};
    for (const char c : shown.substr(0, 200)) printable += c < ' ' || c == '\x7f' ? '?' : c;
    return printable + (shown.size() > 200 ? "…\"" : "\"");
}

bool begins_with(std::string_view text, std::string_view start) {
    return same_field(text.substr(0, start.size()), start);
}

/// What can be seen to be wrong before it is parsed. Boost.URL 1.81 asserts on some of it.
std::optional<std::string> first_problem(std::string_view text) {
    const auto odd = std::ranges::find_if(text, [](char c) { return c <= ' ' || c >= '\x7f'; });
    if (odd != text.end())
        return in_quotes(text) + " holds a blank, a control or a non-ASCII character at position " +
               std::to_string(odd - text.begin() + 1) + ": percent-encode it";
    if (begins_with(text, "http://") || begins_with(text, "https://")) return {};
    if (text.find("://") != std::string_view::npos) return in_quotes(text) + " is neither http:// nor https://";
    return in_quotes(text) + " is no URL; did you mean " + in_quotes("http://" + std::string{text}) + "?";
}

std::string not_allowed(std::string_view text) { return in_quotes(text) + " is no URL that RFC 3986 allows"; }

/// Boost.URL 1.81 wraps round at 65536.
std::optional<std::uint16_t> port_of(const urls::url_view& url) {
    const auto digits = url.port();
    if (digits.empty()) return url.scheme_id() == urls::scheme::https ? https_port : http_port;
    std::uint16_t port = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return read.ec == std::errc{} && port != 0 ? std::optional{port} : std::nullopt;
}

/// What is wrong with something that is an URI; nothing where it is one of ours.
std::optional<std::string> objection(const urls::url_view& url, std::string_view text) {
    if (!url.has_authority() || url.encoded_host().empty()) return in_quotes(text) + " names no host";
    if (url.has_userinfo())
        return "the URL holds a user name or password, which would end up in logs: send an Authorization field instead";
    if (url.encoded_host().find('%') != std::string_view::npos)
        return in_quotes(text) +
               " has a host in percent encoding, or with a zone: write the host's own name or address";
    if (!url.encoded_path().empty() && !url.encoded_path().starts_with('/'))  // Boost.URL 1.81 reads on after a port
        return not_allowed(text) + ": a / belongs behind " + in_quotes(url.encoded_authority());
    if (!port_of(url))
        return in_quotes(text) + " has the port " + std::string{url.port()} + ", and ports are from 1 to 65535";
    return {};
}

/// Boost.URL 1.81 takes a name that begins like an IPv4 address, such as 10.0.0.1.stock.example, for the address alone.
bool is_cut_short(const urls::url_view& url) {
    return url.host_type() == urls::host_type::ipv4 && !url.has_port() && !url.encoded_path().empty() &&
           !url.encoded_path().starts_with('/');
}

}  // namespace

/// With a letter before it the name is read whole.
std::expected<http_url, std::string> http_url::parse_numbered_name(std::string_view text, std::ptrdiff_t host_at) {
    std::string lettered{text};
    lettered.insert(static_cast<std::size_t>(host_at), "n");
    auto url = parse(lettered);
    if (!url) return std::unexpected{not_allowed(text)};
    url->host_.erase(0, 1);
    return url;
}

std::expected<http_url, std::string> http_url::parse(std::string_view text) {
    if (auto problem = first_problem(text)) return std::unexpected{std::move(*problem)};
    const auto parsed = urls::parse_uri({text.data(), text.size()});
    if (!parsed) return std::unexpected{not_allowed(text)};
    if (is_cut_short(*parsed)) return parse_numbered_name(text, parsed->encoded_host().data() - text.data());
    if (auto problem = objection(*parsed, text)) return std::unexpected{std::move(*problem)};
    http_url url;
    url.tls_ = parsed->scheme_id() == urls::scheme::https;
    url.host_ = parsed->host_address();
    url.address_ = parsed->host_type() != urls::host_type::name;
    url.port_ = *port_of(*parsed);
    url.target_ = std::string{parsed->encoded_target()};
    if (!url.target_.starts_with('/')) url.target_.insert(0, "/");
    return url;
}

std::string http_url::authority() const {
    const std::string host = host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]";
    const bool usual = port_ == (tls_ ? https_port : http_port);
    return usual ? host : host + ":" + std::to_string(port_);
}

std::string http_url::text() const { return (tls_ ? "https://" : "http://") + authority() + target_; }

}  // namespace cutwater
