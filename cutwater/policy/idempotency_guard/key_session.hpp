// One call's way through an idempotency guard, whatever its type: reserve, execute, commit.
#pragma once

#include <optional>
#include <string>

#include "cutwater/core/call.hpp"
#include "cutwater/core/flow.hpp"
#include "cutwater/policy/idempotency_guard/kernel.hpp"
#include "cutwater/store/cell_wait.hpp"

namespace cutwater::detail {

/// What a guard lends to its sessions.
struct key_keeper {
    const idempotency_options& options;
    cell_store& store;
    name layer;
};

class key_session {
public:
    enum class step : std::uint8_t {
        wait,     ///< until `pause_point::until`, or until woken
        execute,  ///< nobody has, or nobody guards it
        refuse,   ///< `why` says
        replay,   ///< `outcome`, `age`
        end,      ///< what was to be written down is
    };

    [[nodiscard]] step enter(const key_keeper& by, call_context& call, pause_point& at);
    [[nodiscard]] step resume(const key_keeper& by, call_context& call, pause_point& at);
    /// The call has been made, and this is what becomes of its key; `outcome` where it is kept.
    [[nodiscard]] step leave(const key_keeper& by, afterwards then, std::string outcome, call_context& call,
                             pause_point& at);
    /// The call has been made, and how it ended cannot be written down: its key is held.
    [[nodiscard]] step lose(const key_keeper& by, const std::string& reason, call_context& call);
    /// The caller has cancelled during a pause: whether the call has been made.
    [[nodiscard]] bool interrupt() noexcept;

    [[nodiscard]] bool is_reserved() const noexcept { return phase_ == phase::executing; }
    [[nodiscard]] bool was_sent(const call_context& call) const noexcept { return call.sent != sent_before_; }
    [[nodiscard]] error why() { return *std::move(why_); }
    [[nodiscard]] verdict meaning() const noexcept { return meaning_; }
    [[nodiscard]] const std::string& outcome() const noexcept { return outcome_; }
    [[nodiscard]] duration age() const noexcept { return age_; }

    /// The call's deadline is no later than the lease, from `execute` until `unbind`.
    void unbind(const key_keeper& by, call_context& call, error* failure) noexcept;

    [[nodiscard]] step refuse(const key_keeper& by, errc why, call_context& call, std::string text = {});

private:
    enum class phase : std::uint8_t { outside, reserving, sleeping, looking, executing, committing, releasing };

    [[nodiscard]] step reserve(const key_keeper& by, cell_version over, call_context& call, pause_point& at);
    [[nodiscard]] step ask(const key_keeper& by, phase next, cell_request what, call_context& call, pause_point& at);
    [[nodiscard]] step look(const key_keeper& by, call_context& call, pause_point& at);
    [[nodiscard]] step hear(const key_keeper& by, cell_result said, call_context& call, pause_point& at);
    [[nodiscard]] step reserved(const key_keeper& by, cell_reply said, call_context& call, pause_point& at);
    [[nodiscard]] step found(const key_keeper& by, const cell& there, call_context& call, pause_point& at);
    [[nodiscard]] step in_use(const key_keeper& by, const idempotency_record& there, call_context& call,
                              pause_point& at);
    [[nodiscard]] step execute(const key_keeper& by, cell_version version, call_context& call);
    [[nodiscard]] step too_late_to_execute(const key_keeper& by, call_context& call);
    void disown_unheard(const key_keeper& by, const error& failure) noexcept;
    [[nodiscard]] step too_late_to_know(const key_keeper& by, const error& failure, call_context& call);
    [[nodiscard]] step without_store(const key_keeper& by, const error& failure, call_context& call);
    [[nodiscard]] step without_news(const key_keeper& by, const std::string& words, call_context& call);
    [[nodiscard]] step written(const key_keeper& by, const cell_result& said, call_context& call, pause_point& at);
    [[nodiscard]] step too_late(call_context& call);
    [[nodiscard]] step pause(const call_context& call, pause_point& at) const noexcept;
    [[nodiscard]] bool comes_before() const noexcept { return phase_ <= phase::looking; }

    phase phase_ = phase::outside;
    std::string cell_;
    std::string bytes_;  // as they were sent last
    idempotency_record record_;
    cell_version version_ = 0;
    instant began_{};
    instant until_ = never;  // when the pause is over
    instant gives_up_ = never;
    duration poll_{};
    unsigned tries_ = 0;
    unsigned sent_before_ = 0;
    instant outer_deadline_ = never;
    bool outer_is_ours_ = false;
    bool tightened_ = false;
    std::optional<duration> in_use_for_;  // known of another's reservation: how much of its lease was left
    std::optional<error> why_;
    verdict meaning_ = verdict::rejected;
    std::string outcome_;
    duration age_{};
    cell_wait wait_;
};

}  // namespace cutwater::detail
