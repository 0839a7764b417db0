// Whether a text is an `ExportTraceServiceRequest` in the JSON of OTLP, and nothing else: every key is one of the message's, in lowerCamelCase, with a value of
// its type. Written from the specification's rules and the `.proto` files (opentelemetry-proto, trace/v1/trace.proto, common/v1/common.proto), not from the encoder.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace cutwater::testing {

class otlp_schema {
public:
    /// Fills `problems`; every span that was found is in `spans`.
    explicit otlp_schema(const std::string& text) {
        constexpr bool throws = false;
        whole = nlohmann::json::parse(text, nullptr, throws);
        if (whole.is_discarded()) {
            complain("", "is no JSON");
            return;
        }
        object("", whole, {{"resourceSpans", list(&otlp_schema::resource_spans)}});
        require("", whole, {"resourceSpans"});
    }

    nlohmann::json whole;
    std::vector<nlohmann::json> spans;
    std::vector<std::string> problems;

private:
    using json = nlohmann::json;
    using check = std::function<void(otlp_schema&, const std::string&, const json&)>;

    void complain(const std::string& where, const std::string& what) { problems.push_back(where + " " + what); }

    void object(const std::string& where, const json& value, const std::map<std::string, check>& keys) {
        if (!value.is_object()) return complain(where, "is no object");
        for (const auto& [key, part] : value.items()) {
            const auto known = keys.find(key);
            if (known == keys.end())
                complain(where + "." + key, "is unknown");
            else
                known->second(*this, where + "." + key, part);
        }
    }
    void require(const std::string& where, const json& value, std::initializer_list<const char*> keys) {
        for (const char* key : keys)
            if (!value.contains(key)) complain(where + "." + key, "is missing");
    }
    static check list(void (otlp_schema::*each)(const std::string&, const json&)) {
        return [each](otlp_schema& self, const std::string& where, const json& value) {
            if (!value.is_array()) return self.complain(where, "is no list");
            for (std::size_t i = 0; i < value.size(); ++i)
                (self.*each)(where + "[" + std::to_string(i) + "]", value[i]);
        };
    }
    static check one(void (otlp_schema::*part)(const std::string&, const json&)) {
        return [part](otlp_schema& self, const std::string& where, const json& value) { (self.*part)(where, value); };
    }

    static check text() {
        return [](otlp_schema& self, const std::string& where, const json& value) {
            if (!value.is_string()) self.complain(where, "is no text");
        };
    }
    /// Bytes are hex digits here, and not base64.
    static check id(std::size_t digits) {
        return [digits](otlp_schema& self, const std::string& where, const json& value) {
            if (!value.is_string()) return self.complain(where, "is no text");
            const auto& hex = value.get_ref<const std::string&>();
            const bool is_hex = hex.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
            if (hex.size() != digits || !is_hex) self.complain(where, "is no id");
            if (hex.find_first_not_of('0') == std::string::npos) self.complain(where, "is zero");
        };
    }
    /// fixed64 and int64 are decimal texts.
    static check decimal() {
        return [](otlp_schema& self, const std::string& where, const json& value) {
            if (!value.is_string()) return self.complain(where, "is no decimal text");
            const auto& digits = value.get_ref<const std::string&>();
            const std::size_t sign = digits.starts_with('-') ? 1 : 0;
            if (digits.size() == sign || digits.find_first_not_of("0123456789", sign) != std::string::npos)
                self.complain(where, "is no decimal text");
        };
    }
    static check uint32(std::uint64_t most = 0xffffffff) {
        return [most](otlp_schema& self, const std::string& where, const json& value) {
            if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most)
                self.complain(where, "is no such number");
        };
    }

    void resource_spans(const std::string& where, const json& value) {
        object(where, value,
               {{"resource", one(&otlp_schema::resource)},
                {"scopeSpans", list(&otlp_schema::scope_spans)},
                {"schemaUrl", text()}});
    }
    void resource(const std::string& where, const json& value) {
        object(where, value, {{"attributes", list(&otlp_schema::attribute)}, {"droppedAttributesCount", uint32()}});
    }
    void scope_spans(const std::string& where, const json& value) {
        object(where, value,
               {{"scope", one(&otlp_schema::scope)}, {"spans", list(&otlp_schema::span)}, {"schemaUrl", text()}});
    }
    void scope(const std::string& where, const json& value) {
        object(where, value,
               {{"name", text()},
                {"version", text()},
                {"attributes", list(&otlp_schema::attribute)},
                {"droppedAttributesCount", uint32()}});
    }
    void span(const std::string& where, const json& value) {
        spans.push_back(value);
        object(where, value,
               {{"traceId", id(32)},
                {"spanId", id(16)},
                {"traceState", text()},
                {"parentSpanId", id(16)},
                {"flags", uint32()},
                {"name", text()},
                {"kind", uint32(5)},
                {"startTimeUnixNano", decimal()},
                {"endTimeUnixNano", decimal()},
                {"attributes", list(&otlp_schema::attribute)},
                {"droppedAttributesCount", uint32()},
                {"events", list(&otlp_schema::event)},
                {"droppedEventsCount", uint32()},
                {"links", list(&otlp_schema::nothing_of_ours)},
                {"droppedLinksCount", uint32()},
                {"status", one(&otlp_schema::status)}});
        require(where, value, {"traceId", "spanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano"});
        unique_keys(where, value);
    }
    void event(const std::string& where, const json& value) {
        object(where, value,
               {{"timeUnixNano", decimal()},
                {"name", text()},
                {"attributes", list(&otlp_schema::attribute)},
                {"droppedAttributesCount", uint32()}});
        require(where, value, {"timeUnixNano", "name"});
        unique_keys(where, value);
    }
    void status(const std::string& where, const json& value) {
        object(where, value, {{"message", text()}, {"code", uint32(2)}});
    }
    void attribute(const std::string& where, const json& value) {
        object(where, value, {{"key", text()}, {"value", one(&otlp_schema::any_value)}});
        require(where, value, {"key", "value"});
    }
    /// `oneof`: one, of its type.
    void any_value(const std::string& where, const json& value) {
        if (value.is_object() && value.size() != 1) complain(where, "is not one value");
        object(where, value,
               {{"stringValue", text()},
                {"intValue", decimal()},
                {"boolValue", one(&otlp_schema::flag)},
                {"doubleValue", one(&otlp_schema::real)}});
    }
    void flag(const std::string& where, const json& value) {
        if (!value.is_boolean()) complain(where, "is neither true nor false");
    }
    void real(const std::string& where, const json& value) {
        if (!value.is_number() && value != "NaN" && value != "Infinity" && value != "-Infinity")
            complain(where, "is no double");
    }
    void nothing_of_ours(const std::string& where, const json&) { complain(where, "is nothing that we send"); }

    void unique_keys(const std::string& where, const json& value) {
        std::vector<std::string> keys;
        for (const json& each : value.value("attributes", json::array())) keys.push_back(each.value("key", ""));
        std::ranges::sort(keys);
        if (std::ranges::adjacent_find(keys) != keys.end()) complain(where, "has two attributes of one name");
    }
};

/// The value of an attribute, as JSON has it; null where there is none of that key.
[[nodiscard]] inline nlohmann::json attribute_of(const nlohmann::json& in, const std::string& key) {
    for (const auto& each : in.value("attributes", nlohmann::json::array()))
        if (each.at("key") == key) return each.at("value");
    return nullptr;
}

}  // namespace cutwater::testing
