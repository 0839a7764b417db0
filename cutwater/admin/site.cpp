#include "cutwater/admin/site.hpp"

#include <algorithm>
#include <utility>

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include "cutwater/core/options.hpp"

namespace cutwater::detail {

namespace {

namespace http = boost::beast::http;

wire_answer to_wire(page_answer shown, unsigned version) {
    wire_answer out;
    out.version(version);
    out.result(shown.status);
    out.set(http::field::content_type, shown.content_type);
    out.set(http::field::cache_control, "no-store");
    out.set("X-Content-Type-Options", "nosniff");
    if (shown.status == 204 || shown.status == 304) return out;  // these end with their header
    out.body() = std::move(shown.body);
    out.content_length(out.body().size());
    return out;
}

/// What went wrong may not be for everybody.
page_answer cannot_be_shown() { return {.status = 500, .body = "the page cannot be shown: making it failed\n"}; }

constexpr bool is_status(unsigned s) noexcept { return s >= 200 && s <= 999; }

constexpr bool is_control(char c) noexcept { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f'; }

/// With a line break in it, what comes after would be a field of its own, or the body.
bool is_field_value(std::string_view text) noexcept { return std::ranges::none_of(text, is_control); }

bool can_be_sent(const page_answer& shown) noexcept {
    return is_status(shown.status) && is_field_value(shown.content_type);
}

/// As the target of a request has it.
bool is_path(std::string_view text) noexcept {
    return text.starts_with('/') && std::ranges::all_of(text, [](char c) {
               return static_cast<unsigned char>(c) > ' ' && c != '\x7f' && c != '?' && c != '#';
           });
}

bool is_read(const wire_request& asked) noexcept {
    return asked.method() == http::verb::head || asked.method() == http::verb::get;
}

page_request request_of(const wire_request& asked) noexcept {
    const std::string_view target{asked.target().data(), asked.target().size()};
    const std::size_t mark = target.find('?');
    return {.path = target.substr(0, mark), .query = mark == std::string_view::npos ? "" : target.substr(mark + 1)};
}

}  // namespace

void site::add(std::string path, page_function shows, page_pace pace) {
    if (!is_path(path))
        throw invalid_options{
            "admin page",
            path,
            {{"path", in_quotes(path), "a path that a request can have: `/` first, no blanks, no `?`, no `#`"}}};
    pages_.insert_or_assign(std::move(path), kept_page{std::move(shows), pace});
}

bool site::takes_long(const wire_request& asked) const noexcept {
    if (!is_read(asked)) return false;
    const auto found = pages_.find(request_of(asked).path);
    return found != pages_.end() && found->second.pace == page_pace::may_be_long;
}

wire_answer site::answer(const wire_request& asked) const {
    if (!is_read(asked)) {
        wire_answer out = to_wire({.status = 405, .body = "only GET and HEAD are understood here\n"}, asked.version());
        out.set(http::field::allow, "GET, HEAD");
        out.keep_alive(asked.keep_alive());
        return out;
    }
    wire_answer out = show(request_of(asked), asked.version());
    out.keep_alive(asked.keep_alive());
    return out;
}

wire_answer site::refusal(unsigned status, std::string words) {
    constexpr unsigned http_1_1 = 11;
    wire_answer out = to_wire({.status = status, .body = std::move(words)}, http_1_1);
    out.keep_alive(false);
    return out;
}

wire_answer site::show(const page_request& asked, unsigned version) const {
    try {
        page_answer shown = look_up(asked);
        return to_wire(can_be_sent(shown) ? std::move(shown) : cannot_be_shown(), version);
    } catch (...) {
        return to_wire(cannot_be_shown(), version);
    }
}

page_answer site::look_up(const page_request& asked) const {
    const auto found = pages_.find(asked.path);
    if (found == pages_.end()) {
        std::string known = "there is no such page; there are:\n";
        for (const auto& [path, page] : pages_) known.append(path).append("\n");
        return {.status = 404, .body = std::move(known)};
    }
    return found->second.shows(asked);
}

}  // namespace cutwater::detail
