// Two workers want the same job, and one of them has it. Give it a Redis: redis_store_example 127.0.0.1:6379

#include "cutwater/store/redis/redis_store.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "cutwater/store/redis/redis_error.hpp"

namespace cw = cutwater;
using namespace std::chrono_literals;

namespace {

/// `host:port`
std::optional<cw::redis_store_options> options_of(std::string_view place) {
    const std::size_t colon = place.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    cw::redis_store_options made{.name = "jobs", .prefix = "cutwater-example/", .timeout = 500ms};
    made.host = place.substr(0, colon);
    const std::string_view port = place.substr(colon + 1);
    const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), made.port);
    return failed == std::errc{} && end == port.data() + port.size() ? std::optional{made} : std::nullopt;
}

/// Whether the job is `worker`'s. It is for half a minute, so that another may have it where this one dies.
bool takes(cw::cell_store& jobs, const std::string& worker) {
    const cw::cell_result said =
        cw::ask(jobs, {cw::swap_cell{.key = "job/7", .expected = 0, .value = worker, .time_to_live = 30s}});
    if (!said) {
        const bool may_be_taken = said.error().code() != cw::condition::never_sent;
        std::printf("%s: %s%s\n", worker.c_str(), said.error().message().c_str(),
                    may_be_taken ? "; the job may be taken" : "");
        return false;
    }
    if (said->done)
        std::printf("%s has the job\n", worker.c_str());
    else if (said->found)
        std::printf("%s comes too late: %s has it\n", worker.c_str(), said->found->value.c_str());
    return said->done;
}

}  // namespace

int main(int count, char** words) {
    if (count < 2) {
        std::puts("Give it a Redis, such as 127.0.0.1:6379: two workers then want the same job.");
        return EXIT_SUCCESS;
    }
    const auto options = options_of(words[1]);
    if (!options) {
        std::printf("%s is no host:port\n", words[1]);
        return EXIT_FAILURE;
    }
    cw::redis_store jobs{*options};
    const bool first = takes(jobs, "Anna");
    const bool second = takes(jobs, "Ben");
    if (const auto seen = cw::ask(jobs, {cw::read_cell{"job/7"}}); seen && seen->found)
        (void)cw::ask(jobs, {cw::erase_cell{"job/7", seen->found->version}});
    return first && !second ? EXIT_SUCCESS : EXIT_FAILURE;
}
