// What went wrong, who says so, and what was underneath.
//
//     auto result = pipeline.run({.operation = "get_stock"}, f);
//     if (!result) {
//         const cw::error& e = result.error();
//         log(e.message());                  // attempt: get_stock: the time limit was reached (limit 500ms)
//         if (e.retry_after()) ...           // how long to leave the dependency alone
//         if (auto* mine = e.original<my_error>()) ...   // what the callable itself returned
//     }
//
// A refusal is built without allocation; history, a boxed original and a second error are kept behind one pointer
// that is null until they exist. Thread safety: as a value; copies share what is immutable.
#pragma once

#include <exception>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <typeinfo>
#include <vector>

#include "cutwater/core/effect.hpp"
#include "cutwater/core/errc.hpp"
#include "cutwater/core/instant.hpp"
#include "cutwater/core/name.hpp"

namespace cutwater {

/// One attempt of a call that failed, as the history of its error keeps it.
struct attempt_record {
    unsigned number = 0;                 ///< of the call's, hedges among them; 1 is the first
    std::error_code code{};              ///< how it failed; empty where a returned value was judged a failure
    duration wait_after{};               ///< how long the call waited before the next attempt; zero after the last
    std::string text{};                  ///< the error's own words
    effect executed = effect::unstated;  ///< whether it can have had an effect
};

class error {
public:
    explicit error(std::error_code code) noexcept : code_{code} {}

    /// A refusal or verdict of the policy named `layer`.
    error(std::error_code code, name layer, name operation) noexcept
        : code_{code}, layer_{layer}, operation_{operation} {}

    /// What an exception says: the code of an `std::system_error`, or of what a `coded_exception` names; else `errc::failed`.
    [[nodiscard]] static error from_exception(std::exception_ptr cause) noexcept;

    /// What a callable returned as `std::unexpected`, kept whole: `original<E>()` gives it back.
    template <class Original>
    [[nodiscard]] static error from_original(std::error_code code, Original original);

    [[nodiscard]] std::error_code code() const noexcept { return {code_.value, *code_.category}; }
    [[nodiscard]] name layer() const noexcept { return layer_; }  ///< the policy that spoke; empty: the callable
    [[nodiscard]] name operation() const noexcept { return operation_; }
    [[nodiscard]] std::optional<duration> retry_after() const noexcept;  ///< not before this much time has passed
    [[nodiscard]] std::optional<duration> limit() const noexcept;        ///< the limit that was reached
    [[nodiscard]] const std::exception_ptr& cause() const noexcept { return cause_; }
    [[nodiscard]] std::span<const attempt_record> history() const noexcept;
    [[nodiscard]] const error* also() const noexcept;         ///< what failed after it: a fallback's error
    [[nodiscard]] std::string_view call_id() const noexcept;  ///< the id given to the call, if any

    template <class Original>
    [[nodiscard]] const Original* original() const noexcept;

    /// The words of what happened, without who says so: the original's own where there was one.
    [[nodiscard]] std::string words() const;
    /// The type of what happened: of the exception, of the error that was returned, or the code's: `cutwater:circuit_open`, `generic:104`.
    [[nodiscard]] std::string type() const;

    /// One line: layer, operation, id, what happened, limit, original words.
    [[nodiscard]] std::string message() const;
    friend std::ostream& operator<<(std::ostream& out, const error& e);

    /// Whether the call that it ended can have had an effect: `last`; where that is unstated, what the rules that judged it
    /// said (`with_executed`); where they said nothing, what the code says of it (none where it equals
    /// `condition::never_sent`, else unknown). The worst of all attempts where there is a history.
    [[nodiscard]] effect executed(effect last = effect::unstated) const noexcept;

    /// Throws: the original exception where there was one, else `call_error` with this error.
    [[noreturn]] void raise() const;

    error& with_code(std::error_code code) noexcept {
        return code_.value = code.value(), code_.category = &code.category(), *this;
    }
    error& with_executed(effect stated) noexcept { return code_.executed = stated, *this; }
    error& with_layer(name layer) noexcept { return layer_ = layer, *this; }
    error& with_operation(name operation) noexcept { return operation_ = operation, *this; }
    /// A negative one asks not to be tried again, however far it is in the past.
    error& with_retry_after(duration d) noexcept { return retry_after_ = d == unset ? unset + duration{1} : d, *this; }
    error& with_limit(duration d) noexcept { return limit_ = d, *this; }
    error& with_cause(std::exception_ptr cause) noexcept { return cause_ = std::move(cause), *this; }
    error& with_text(std::string text);
    error& with_history(std::vector<attempt_record> history);
    error& with_also(error second);
    error& with_call_id(std::string_view id);

private:
    struct details;
    static constexpr duration unset = duration::min();

    /// A code, and what was stated of the effect where there is room for it: between the code's members.
    struct stated_code {
        explicit stated_code(std::error_code code) noexcept : value{code.value()}, category{&code.category()} {}
        int value;
        effect executed = effect::unstated;
        const std::error_category* category;
    };

    details& edit();  // details that are ours alone
    void keep(std::shared_ptr<const void> original, const std::type_info& type);
    [[nodiscard]] const void* kept(const std::type_info& type) const noexcept;

    stated_code code_;
    name layer_;
    name operation_;
    duration retry_after_ = unset;
    duration limit_ = unset;
    std::exception_ptr cause_;
    std::shared_ptr<details> details_;
};

/// What `error::raise` and `run_or_throw` throw where the callable itself threw nothing.
class call_error : public std::system_error {
public:
    explicit call_error(error reason)
        : std::system_error{reason.code()}, words_{reason.message()}, reason_{std::move(reason)} {}
    [[nodiscard]] const error& reason() const noexcept { return reason_; }
    [[nodiscard]] const char* what() const noexcept override { return words_.what(); }

private:
    std::runtime_error words_;  // shared by copies, which must not throw
    error reason_;
};

template <class Original>
error error::from_original(std::error_code code, Original original) {
    error made{code};
    made.keep(std::make_shared<const Original>(std::move(original)), typeid(Original));
    return made;
}

template <class Original>
const Original* error::original() const noexcept {
    return static_cast<const Original*>(kept(typeid(Original)));
}

}  // namespace cutwater
