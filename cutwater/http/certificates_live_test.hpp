// A certificate authority of a test's own, made by the `openssl` program.
//
//     test_authority authority;
//     nginx server{"…", authority.certify("DNS:localhost,IP:127.0.0.1")};
//     http_client client{{.ca_file = authority.ca_file()}};
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

#include "test/servers/nginx.hpp"

namespace cutwater::testing {

class test_authority {
public:
    test_authority() {
        openssl("req -x509 " + new_key("ca.key") + " -out ca.pem -days 2 -subj '/CN=Authority of a test'");
    }

    [[nodiscard]] std::string ca_file() const { return folder_.file("ca.pem"); }

    /// Certificate and key of a server with these names.
    [[nodiscard]] std::pair<std::string, std::string> certify(const std::string& names) const {
        folder_.write("names", "subjectAltName=" + names + "\n");
        openssl("req " + new_key("server.key") + " -out server.csr -subj '/CN=Server of a test'");
        openssl(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem");
        return {folder_.file("server.pem"), folder_.file("server.key")};
    }

private:
    static std::string new_key(const std::string& file) {
        return "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " + file;
    }
    void openssl(const std::string& arguments) const {
        const std::string command = "cd '" + folder_.path().string() + "' && openssl " + arguments + " >log 2>&1";
        if (std::system(command.c_str()) != 0)
            throw std::runtime_error{"openssl " + arguments + ": " + folder_.read("log")};
    }

    scratch_folder folder_;
};

}  // namespace cutwater::testing
