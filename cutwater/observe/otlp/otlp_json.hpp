// Spans as OTLP has them in JSON: an `ExportTraceServiceRequest`, and the answer to one.
//
// proto3's mapping to JSON, with the exceptions of OTLP: ids are hex digits, and enumerations numbers. Keys are in lowerCamelCase, 64-bit integers
// decimal texts, doubles that are not finite "Infinity", "-Infinity" and "NaN"; what has its default value is left out. Bytes that are no
// UTF-8 become U+FFFD.
//
// Source: https://opentelemetry.io/docs/specs/otlp/, "JSON Protobuf Encoding", and opentelemetry/proto/trace/v1/trace.proto.
// Thread safety: functions of their arguments. Errors: `std::bad_alloc`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "cutwater/observe/trace/span.hpp"

namespace cutwater {

/// `resource`: of the process, `service.name` among them.
[[nodiscard]] std::string to_otlp_json(std::span<const trace_span> spans, const span_attributes& resource);

/// What a collector has answered to a request that it took.
struct otlp_answer {
    std::uint64_t rejected_spans = 0;
    std::string message{};

    friend bool operator==(const otlp_answer&, const otlp_answer&) = default;
};

/// Of an `ExportTraceServiceResponse`. Whatever is not one says nothing: the collector has the spans.
[[nodiscard]] otlp_answer parse_otlp_answer(std::string_view body);

}  // namespace cutwater
