// The knobs of an OTLP exporter, with the defaults in force.
//
//     cw::otlp_options to_collector{.url = "https://collector.example:4318/v1/traces", .service = "shop",
//                                   .resource = {{"deployment.environment.name", "production"}}};
//
// `resource` is what all spans of this process have in common, beside `service.name`; `headers` go with every request, as an `Authorization` does.
#pragma once

#include <string>
#include <vector>

#include "cutwater/core/events.hpp"
#include "cutwater/core/options.hpp"
#include "cutwater/core/text.hpp"
#include "cutwater/http/field_value.hpp"
#include "cutwater/http/http_client.hpp"
#include "cutwater/observe/trace/span.hpp"

namespace cutwater {

using namespace std::chrono_literals;

struct otlp_options {
    std::string name = "otlp";
    std::string url = "http://127.0.0.1:4318/v1/traces";
    std::string service = "unknown_service";
    span_attributes resource = {};
    http_fields headers = {};
    std::size_t max_queue = 4'096;
    std::size_t max_batch = 512;
    std::size_t max_request = std::size_t{4} * 1024 * 1024;
    duration every = 5s;
    unsigned max_attempts = 5;
    duration retry_delay = 1s;
    duration request_limit = 10s;
    duration batch_limit = 1min;
    duration shutdown_limit = 5s;
    listener* told = nullptr;
    http_client_options client = {};

    static void fields(auto& self, auto&& visit) {
        visit("name", self.name, any_value, "the exporter's name in errors and events");
        visit("url", self.url, any_value, "where spans go to: of a collector, with its path");
        visit("service", self.service, any_value, "`service.name` of all spans");
        visit("max_queue", self.max_queue, within<std::size_t>(1, 10'000'000), "spans that wait; more are dropped");
        visit("max_batch", self.max_batch, within<std::size_t>(1, 100'000), "spans of one request");
        visit("max_request", self.max_request, within<std::size_t>(1'024, std::size_t{64} << 20U),
              "bytes of one request; a batch that is larger is sent in parts");
        visit("every", self.every, within<duration>(1ms, 1h), "how long a span waits for a batch to be full");
        visit("max_attempts", self.max_attempts, within(1U, 100U), "attempts at one request, the first included");
        visit("retry_delay", self.retry_delay, within<duration>(1ms, 1h), "the first delay between them; it grows");
        visit("request_limit", self.request_limit, within<duration>(1ms, 1h), "how long one attempt may take");
        visit("batch_limit", self.batch_limit, within<duration>(1ms, 1h), "how long all attempts at one may take");
        visit("shutdown_limit", self.shutdown_limit, within<duration>(0s, 1h),
              "how long the destructor waits for what is left to be sent");
    }

    void cross_check(option_problems& problems) const {
        if (max_batch > max_queue)
            problems.push_back({"max_batch", to_text(max_batch), "at most max_queue, " + to_text(max_queue)});
        if (const auto read = http_url::parse(url); !read) problems.push_back({"url", to_text(url), read.error()});
        for (const http_field& each : headers)  // what it says may be a secret
            if (!detail::is_token(each.name) || !detail::is_field_value(each.value))
                problems.push_back({"headers", in_quotes(each.name),
                                    "a name without blanks, and a value without line ends or other controls"});
    }
};

}  // namespace cutwater
