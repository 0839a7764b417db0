// A loop whose attempts overlap, chosen at run time.
#pragma once

#include <memory>
#include <string>

#include "cutwater/core/attempt_budget.hpp"
#include "cutwater/core/family.hpp"
#include "cutwater/pipeline/describe.hpp"
#include "cutwater/pipeline/ref.hpp"

namespace cutwater {

/// The session of one call, behind virtual calls.
class any_race_session {
public:
    struct interface {
        interface() = default;
        interface(const interface&) = delete;
        interface& operator=(const interface&) = delete;
        virtual ~interface() = default;
        virtual race_step next(call_context& call, moment& now) = 0;
        virtual void begun(call_context& call, moment& now) noexcept = 0;
        virtual bool ended(const observation& seen, call_context& call, moment& now) = 0;
        virtual void lost(call_context& call) noexcept = 0;
        virtual void over(verdict meaning, call_context& call) noexcept = 0;
        [[nodiscard]] virtual unsigned further() const noexcept = 0;
        [[nodiscard]] virtual pending_charges take_charges() noexcept = 0;
    };

    explicit any_race_session(std::unique_ptr<interface> kept) noexcept : kept_{std::move(kept)} {}

    [[nodiscard]] race_step next(call_context& call, moment& now) { return kept_->next(call, now); }
    void begun(call_context& call, moment& now) noexcept { kept_->begun(call, now); }
    [[nodiscard]] bool ended(const observation& seen, call_context& call, moment& now) {
        return kept_->ended(seen, call, now);
    }
    void lost(call_context& call) noexcept { kept_->lost(call); }
    void over(verdict meaning, call_context& call) noexcept { kept_->over(meaning, call); }
    [[nodiscard]] unsigned further() const noexcept { return kept_->further(); }
    [[nodiscard]] pending_charges take_charges() noexcept { return kept_->take_charges(); }

private:
    std::unique_ptr<interface> kept_;
};

class any_racer {
public:
    any_racer() = default;
    any_racer(const any_racer&) = delete;
    any_racer& operator=(const any_racer&) = delete;
    virtual ~any_racer() = default;

    [[nodiscard]] virtual name layer_name() const noexcept = 0;
    [[nodiscard]] virtual any_race_session begin_race(call_context& call, moment& now) = 0;
    [[nodiscard]] virtual std::string describe() = 0;
};

/// `Layer` is a policy, or a reference to one.
template <class Layer>
class any_racer_of final : public any_racer {
    using session_type =
        decltype(std::declval<policy_of<Layer>&>().begin_race(std::declval<call_context&>(), std::declval<moment&>()));

    struct kept final : any_race_session::interface {
        explicit kept(session_type made) : session{std::move(made)} {}
        race_step next(call_context& call, moment& now) override { return session.next(call, now); }
        void begun(call_context& call, moment& now) noexcept override { session.begun(call, now); }
        bool ended(const observation& seen, call_context& call, moment& now) override {
            return session.ended(seen, call, now);
        }
        void lost(call_context& call) noexcept override {
            if constexpr (requires { session.lost(call); }) session.lost(call);
        }
        void over(verdict meaning, call_context& call) noexcept override {
            if constexpr (requires { session.over(meaning, call); }) session.over(meaning, call);
        }
        [[nodiscard]] unsigned further() const noexcept override {
            if constexpr (requires { session.further(); }) return session.further();
            return ~0U;
        }
        [[nodiscard]] pending_charges take_charges() noexcept override {
            if constexpr (requires { session.take_charges(); }) return session.take_charges();
            return {};
        }
        session_type session;
    };

public:
    explicit any_racer_of(Layer layer) : layer_{std::move(layer)} {}

    [[nodiscard]] name layer_name() const noexcept override { return unwrap(layer_).layer_name(); }
    [[nodiscard]] any_race_session begin_race(call_context& call, moment& now) override {
        return any_race_session{std::make_unique<kept>(unwrap(layer_).begin_race(call, now))};
    }
    [[nodiscard]] std::string describe() override { return describe_layer(unwrap(layer_)); }

private:
    mutable Layer layer_;
};

}  // namespace cutwater
