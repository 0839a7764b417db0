#include "cutwater/http/idempotency/idempotency_key.hpp"

#include <algorithm>

#include "cutwater/http/field_value.hpp"
#include "cutwater/http/structured_string.hpp"

namespace cutwater {

namespace {

/// What no structured field has amid a bare item, nor a list of keys between two of them.
bool is_bare(char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\' && c != ',' && c != ';'; }

std::optional<std::string> parse(std::string_view value, bare_keys bare) {
    if (value.starts_with('"')) return detail::parse_structured_string(value);
    if (bare == bare_keys::taken && std::ranges::all_of(value, is_bare)) return std::string{value};
    return {};
}

}  // namespace

std::expected<std::string, std::string> read_idempotency_key(const http_fields& fields,
                                                             const idempotent_edge_options& options) {
    const auto is_key = [](const http_field& f) { return same_field(f.name, "Idempotency-Key"); };
    const auto count = std::ranges::count_if(fields, is_key);
    if (count == 0) return std::string{};
    if (count > 1)
        return std::unexpected{"Idempotency-Key stands in " + std::to_string(count) + " fields; a request has one."};
    auto key = parse(detail::without_space_round(*fields.find("Idempotency-Key")), options.bare_keys);
    if (!key) return std::unexpected{"Idempotency-Key is no string in double quotes (RFC 9651, section 3.3.3)."};
    if (key->empty()) return std::unexpected{"Idempotency-Key is empty."};
    if (key->size() > options.max_key)
        return std::unexpected{"Idempotency-Key has " + std::to_string(key->size()) + " bytes; " +
                               std::to_string(options.max_key) + " are taken."};
    return *std::move(key);
}

}  // namespace cutwater
