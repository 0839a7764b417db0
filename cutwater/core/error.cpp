#include "cutwater/core/error.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <utility>

#include "cutwater/core/coded_exception.hpp"
#include "cutwater/core/exception_cast.hpp"
#include "cutwater/core/text.hpp"

namespace cutwater {

struct error::details {
    std::string text;
    std::string call_id;
    std::vector<attempt_record> history;
    std::shared_ptr<const error> also;
    std::shared_ptr<const void> original;
    const std::type_info* original_type = nullptr;
};

namespace {

std::optional<duration> if_set(duration d) { return d == duration::min() ? std::nullopt : std::optional{d}; }

std::error_code code_of(const std::exception_ptr& cause) {
    if (const auto* const system = exception_cast<std::system_error>(cause)) return system->code();
    return detail::code_reader::read(cause).value_or(errc::failed);
}

std::string words_of(const std::exception_ptr& cause) {
    if (!cause) return {};
    const auto* const e = exception_cast<std::exception>(cause);
    return e != nullptr ? e->what() : "an exception that is not a std::exception";
}

/// Whether a policy says what happened; what lies underneath is then only the cause.
bool is_our_verdict(const std::error_code& code) {
    return code.category() == cutwater_category() && code != errc::failed && code != errc::callback_failed;
}

effect executed_of(const std::error_code& code) noexcept {
    return code == condition::never_sent ? effect::none : effect::unknown;
}

effect executed_of(const attempt_record& a) noexcept {
    return a.executed == effect::unstated ? executed_of(a.code) : a.executed;
}

std::string readable(const char* mangled) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> text{abi::__cxa_demangle(mangled, nullptr, nullptr, &status),
                                                           &std::free};
    return status == 0 ? text.get() : mangled;
}

}  // namespace

error error::from_exception(std::exception_ptr cause) noexcept {
    if (const auto* anothers = exception_cast<call_error>(cause)) return anothers->reason();  // with all that it knows
    return error{code_of(cause)}.with_cause(std::move(cause));
}

std::optional<duration> error::retry_after() const noexcept { return if_set(retry_after_); }
std::optional<duration> error::limit() const noexcept { return if_set(limit_); }

std::span<const attempt_record> error::history() const noexcept {
    return details_ ? std::span<const attempt_record>{details_->history} : std::span<const attempt_record>{};
}

effect error::executed(effect last) const noexcept {
    const auto attempts = history();
    if (last == effect::unstated) last = code_.executed;
    if (last == effect::unstated) last = attempts.empty() ? executed_of(code()) : executed_of(attempts.back());
    if (attempts.empty()) return last;
    for (const attempt_record& before : attempts.first(attempts.size() - 1)) last = std::max(last, executed_of(before));
    return last;
}

const error* error::also() const noexcept { return details_ ? details_->also.get() : nullptr; }

std::string_view error::call_id() const noexcept { return details_ ? details_->call_id : std::string_view{}; }

error& error::with_text(std::string text) { return edit().text = std::move(text), *this; }
error& error::with_history(std::vector<attempt_record> history) { return edit().history = std::move(history), *this; }
error& error::with_also(error second) { return edit().also = std::make_shared<error>(std::move(second)), *this; }
error& error::with_call_id(std::string_view id) { return edit().call_id = id, *this; }

error::details& error::edit() {
    if (!details_)
        details_ = std::make_shared<details>();
    else if (details_.use_count() > 1)
        details_ = std::make_shared<details>(*details_);
    return *details_;
}

void error::keep(std::shared_ptr<const void> original, const std::type_info& type) {
    details& d = edit();
    d.original = std::move(original);
    d.original_type = &type;
}

const void* error::kept(const std::type_info& type) const noexcept {
    return details_ && details_->original_type != nullptr && *details_->original_type == type ? details_->original.get()
                                                                                              : nullptr;
}

std::string error::words() const {
    if (details_ && !details_->text.empty()) return details_->text;
    if (is_our_verdict(code())) return code().message();
    std::string of_cause = words_of(cause_);
    return of_cause.empty() ? code().message() : of_cause;
}

std::string error::type() const {
    if (cause_ && !is_our_verdict(code())) return readable(cause_.__cxa_exception_type()->name());
    if (details_ && details_->original_type != nullptr) return readable(details_->original_type->name());
    if (code().category() == cutwater_category())
        return "cutwater:" + std::string{to_text(static_cast<errc>(code().value()))};
    return std::string{code().category().name()} + ":" + std::to_string(code().value());
}

std::string error::message() const {
    std::string line;
    if (!layer_.empty()) line.append(layer_.view()).append(": ");
    if (!operation_.empty()) line.append(operation_.view()).append(": ");
    if (!call_id().empty()) line.append("call ").append(call_id()).append(": ");
    line += words();
    if (const auto at = limit()) line.append(" (limit ").append(to_text(*at)).append(")");
    if (const auto wait = retry_after()) line.append(", retry after ").append(to_text(*wait));
    if (history().size() > 1)
        line.append(", after ").append(std::to_string(history().back().number)).append(" attempts");
    if (const error* second = also()) line.append("; then: ").append(second->message());
    return line;
}

std::ostream& operator<<(std::ostream& out, const error& e) { return out << e.message(); }

void error::raise() const {
    if (cause_) std::rethrow_exception(cause_);
    throw call_error{*this};
}

}  // namespace cutwater
