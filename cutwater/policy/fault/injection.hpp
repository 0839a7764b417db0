// What is done to an attempt.
//
//     cw::injection::latency(cw::fault_latency::normal(20ms, 5ms));  // it waits first
//     cw::injection::failure(std::errc::connection_reset);  // it fails, as the dependency would
//     cw::injection::failure(std::errc::timed_out).after(cw::fault_latency::constant(200ms));
//     cw::injection::thrown(lost_connection{});  // it fails with an exception
//     cw::injection::wrong_result<int>([](int price) { return -price; });
//     cw::injection::hang();  // until its deadline, its cancellation, or max_hang
//     cw::injection::refused(cw::errc::rate_limited, 2s);  // as a policy of ours would
//
// Contract. A failure is judged by the pipeline's rules, as if the callable had failed so; its words begin with "injected: ". A `cw::error` may
// be given, too, with all that it carries (`error::from_original`, `with_retry_after`). A wrong result is what the function makes of the value that came
// back; it is called from every thread that runs the pipeline, never under a lock. A value; copies share what is inside.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <typeinfo>

#include "cutwater/core/admission.hpp"
#include "cutwater/core/error.hpp"
#include "cutwater/policy/fault/latency.hpp"

namespace cutwater {

enum class fault_kind : std::uint8_t { none, latency, error, wrong_result, hang, refusal };

[[nodiscard]] constexpr std::string_view to_text(fault_kind k) noexcept {
    constexpr std::string_view texts[] = {"none", "latency", "error", "wrong_result", "hang", "refusal"};
    return k <= fault_kind::refusal ? texts[static_cast<std::uint8_t>(k)] : "unknown";
}

class injection {
public:
    [[nodiscard]] static injection latency(fault_latency by) { return injection{fault_kind::latency}.after(by); }
    [[nodiscard]] static injection failure(std::error_code code) { return failure(cutwater::error{code}); }
    [[nodiscard]] static injection failure(std::errc code) { return failure(std::make_error_code(code)); }
    [[nodiscard]] static injection failure(cutwater::error what);
    template <class Exception>
    [[nodiscard]] static injection thrown(Exception what) {
        return failure(cutwater::error::from_exception(std::make_exception_ptr(std::move(what))));
    }
    template <class T>
    [[nodiscard]] static injection wrong_result(std::function<T(T)> alter) {
        injection made{fault_kind::wrong_result};
        if (alter) made.alter_ = std::make_shared<const std::function<T(T)>>(std::move(alter));
        made.altered_type_ = &typeid(T);
        return made;
    }
    [[nodiscard]] static injection hang();
    [[nodiscard]] static injection refused(errc reason = errc::refused, std::optional<duration> retry_after = {});

    /// The same, later: it waits first.
    [[nodiscard]] injection after(fault_latency first) const {
        injection made{*this};
        made.delay_ = first;
        return made;
    }

    [[nodiscard]] fault_kind kind() const noexcept { return kind_; }
    [[nodiscard]] const fault_latency& delay() const noexcept { return delay_; }
    /// Of a refusal.
    [[nodiscard]] const refusal& why() const noexcept { return why_; }
    /// The error that it fails with: of an error, and of a hang that nothing has ended.
    [[nodiscard]] const cutwater::error& error() const noexcept { return *error_; }
    /// What changes a `T`; null where it changes values of another type.
    template <class T>
    [[nodiscard]] const std::function<T(T)>* alter() const noexcept {
        const bool ours = altered_type_ != nullptr && *altered_type_ == typeid(T);
        return ours ? static_cast<const std::function<T(T)>*>(alter_.get()) : nullptr;
    }
    /// What is wrong with it: what is allowed; empty where nothing is.
    [[nodiscard]] std::string problem() const;
    /// `error "Connection reset by peer" after 20ms`
    [[nodiscard]] std::string text() const;

private:
    explicit injection(fault_kind kind);

    fault_kind kind_;
    fault_latency delay_;
    refusal why_;
    std::shared_ptr<const cutwater::error> error_;
    std::shared_ptr<const void> alter_;
    const std::type_info* altered_type_ = nullptr;
};

}  // namespace cutwater
