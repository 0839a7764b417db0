// Where a request goes: an absolute URL with the scheme http or https (RFC 3986), taken apart by Boost.URL.
//
//     auto url = cw::http_url::parse("https://stock.example:8443/items?sku=7#top");
//     if (!url) return show(url.error());            // says what is wrong and, where it can, what would be right
//     url->host()      // "stock.example"
//     url->target()    // "/items?sku=7": the fragment stays here
//
// Contract. A user and password in the URL are refused: they end up in logs; send an `Authorization` field. So are hosts
// in percent encoding. Thread safety: as a value. Throws `std::bad_alloc` only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace cutwater {

class http_url {
public:
    [[nodiscard]] static std::expected<http_url, std::string> parse(std::string_view text);

    [[nodiscard]] bool is_tls() const noexcept { return tls_; }
    [[nodiscard]] const std::string& host() const noexcept { return host_; }  ///< an IPv6 address without its brackets
    [[nodiscard]] bool host_is_address() const noexcept { return address_; }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] const std::string& target() const noexcept { return target_; }  ///< path and query, as they are sent
    [[nodiscard]] std::string authority() const;                                  ///< as the field `Host` has it
    [[nodiscard]] std::string text() const;                                       ///< the URL again, without fragment

private:
    http_url() = default;
    [[nodiscard]] static std::expected<http_url, std::string> parse_numbered_name(std::string_view text,
                                                                                  std::ptrdiff_t host_at);

    std::string host_;
    std::string target_;
    std::uint16_t port_ = 0;
    bool tls_ = false;
    bool address_ = false;
};

}  // namespace cutwater
