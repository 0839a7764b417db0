#include "apps/cutwater/call/outcome.hpp"

#include "apps/cutwater/call/client.hpp"
#include "apps/cutwater/console/text_table.hpp"

namespace cutwater::app {

namespace {

int exit_of(unsigned status) {
    if (status < 400) return succeeded;
    return status < 500 ? client_error : server_error;
}

}  // namespace

int exit_of(const result<http_response>& got) {
    if (got) return exit_of(got->status);
    const std::error_code& code = got.error().code();
    if (code == errc::cancelled) return interrupted;
    if (code == http_errc::invalid_request) return misused;
    if (code == condition::timeout) return too_late;
    if (code == condition::refused) return refused;
    return no_answer;
}

std::string kind_of(const result<http_response>& got) {
    if (got) return status_line(*got);
    if (got.error().code() == errc::timed_out) return "timed out (" + std::string{got.error().layer().view()} + ")";
    return got.error().code().message();
}

std::string sentence_of(const result<http_response>& got) {
    if (got) return status_line(*got);
    return got.error().code() == errc::cancelled ? "stopped" : printable(got.error().message());
}

}  // namespace cutwater::app
