// Where a doctor gets what it looks at: a page of metrics over HTTP, twice; a Prometheus server; or a file.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "apps/cutwater/doctor/view.hpp"

namespace cutwater::app {

struct doctor_source {
    std::string place = {};      ///< a URL, or a file; `-` is standard input
    bool is_prometheus = false;  ///< the URL is a Prometheus server's
    duration between_looks{};    ///< of a live page: from the first look to the second; zero: one look
    duration over{};             ///< of a Prometheus server: how far it looks back
    std::size_t most = std::size_t{256} * 1024 * 1024;  ///< bytes of an answer
};

/// Whether a place is a URL, and no file.
[[nodiscard]] bool is_url(std::string_view place);

/// Or what is wrong, in a sentence.
[[nodiscard]] std::expected<doctor_view, std::string> look_at(const doctor_source& source);

/// What a file holds: a page of metrics, or a log of JSON lines; or that it is neither. `called` names it in errors.
[[nodiscard]] std::expected<doctor_view, std::string> look_at_text(std::string text, const std::string& called);

/// What a Prometheus server is asked, with ` offset 3600s` or nothing: the series that rules read, and no others.
[[nodiscard]] std::string prometheus_query(const std::string& offset);

/// What `/api/v1/query` answers, as a page; or what is wrong with it.
[[nodiscard]] std::expected<metrics_page, std::string> parse_query_answer(const std::string& body);

}  // namespace cutwater::app
