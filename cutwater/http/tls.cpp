#include "cutwater/http/tls.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

namespace cutwater {

namespace ssl = boost::asio::ssl;

std::unique_ptr<ssl::context> make_tls_context(const tls_options& options) {
    auto context = std::make_unique<ssl::context>(ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    constexpr std::array<unsigned char, 9> only_http1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_CTX_set_alpn_protos(context->native_handle(), only_http1.data(), only_http1.size());
    if (options.check == certificate_check::off) {
        context->set_verify_mode(ssl::verify_none);
        return context;
    }
    context->set_verify_mode(ssl::verify_peer);
    if (options.ca_file.empty())
        context->set_default_verify_paths();
    else
        context->load_verify_file(options.ca_file);
    return context;
}

void expect_server(tls_stream& stream, const http_url& url) {
    SSL* const connection = stream.native_handle();
    SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (url.host_is_address()) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), url.host().c_str());
        return;
    }
    SSL_set1_host(connection, url.host().c_str());
    std::string sent = url.host();  // SSL_ctrl takes what it copies by plain pointer
    SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, sent.data());
}

std::string certificate_problem(tls_stream& stream) {
    const long result = SSL_get_verify_result(stream.native_handle());
    return result == X509_V_OK ? std::string{} : X509_verify_cert_error_string(result);
}

}  // namespace cutwater
