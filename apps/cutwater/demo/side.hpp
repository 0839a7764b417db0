// One side of the demo: users who call the same dependency in the same way, guarded or not, and what they saw.
//
// Thread safety: none; everything runs in the one thread of the demo.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "apps/cutwater/demo/dependency.hpp"
#include "cutwater/core/events.hpp"
#include "cutwater/http/http_client.hpp"

namespace cutwater::demo {

enum class answer : std::uint8_t { fresh, degraded, failed };

/// What the users of one side saw, in all or in one phase.
struct tally {
    unsigned fresh = 0;
    unsigned degraded = 0;
    unsigned failed = 0;
    std::vector<duration> waits;

    [[nodiscard]] unsigned answered() const noexcept { return fresh + degraded + failed; }
    [[nodiscard]] duration longest() const;
    [[nodiscard]] duration percentile(double share) const;
    /// Time that threads, one for each call, were held beyond the `patience` of a user.
    [[nodiscard]] duration stuck() const;

    static constexpr duration patience = std::chrono::seconds{1};
};

class side : public listener {
public:
    /// `circuit`: its state at first, or `none`.
    side(std::string name, std::string_view circuit, boost::asio::io_context& context, const script& plays,
         unsigned users);
    side(const side&) = delete;
    side& operator=(const side&) = delete;
    virtual ~side() = default;

    /// Lets the users loose; each calls, waits for the answer, thinks, and calls again, until `stop`.
    void start();
    void stop() { stopping_ = true; }
    void enter(std::size_t phase, behaviour does);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const tally& in_all() const noexcept { return in_all_; }
    [[nodiscard]] const tally& in_phase(std::size_t i) const { return by_phase_.at(i); }
    [[nodiscard]] const load& borne() const noexcept { return dependency_.seen(); }
    [[nodiscard]] unsigned users() const noexcept { return users_; }
    [[nodiscard]] unsigned waiting() const noexcept { return static_cast<unsigned>(since_.size()); }
    [[nodiscard]] duration longest_wait_now() const;
    [[nodiscard]] std::string_view circuit() const noexcept { return circuit_; }
    [[nodiscard]] duration circuit_open() const;
    [[nodiscard]] unsigned refusals() const noexcept { return refusals_; }
    void close() { dependency_.stop(); }

    void on_event(const event& e) override;

protected:
    /// One call of one user.
    virtual boost::asio::awaitable<answer> call_once() = 0;
    [[nodiscard]] boost::asio::awaitable<std::expected<http_response, error>> send() { return client_.send(request_); }

private:
    boost::asio::awaitable<void> be_a_user(unsigned number);
    void note(answer a, duration waited, std::size_t phase);

    std::string name_;
    boost::asio::io_context& context_;
    dependency dependency_;
    http_client client_;
    http_request request_;
    unsigned users_;
    std::size_t phase_ = 0;
    bool stopping_ = false;
    tally in_all_;
    std::vector<tally> by_phase_;
    std::map<unsigned, instant> since_;  // who waits, and since when
    std::string_view circuit_;
    instant opened_ = never;
    duration circuit_open_{};
    unsigned refusals_ = 0;
};

[[nodiscard]] std::unique_ptr<side> make_unguarded(boost::asio::io_context& context, const script& plays,
                                                   unsigned users);
[[nodiscard]] std::unique_ptr<side> make_guarded(boost::asio::io_context& context, const script& plays, unsigned users);

}  // namespace cutwater::demo
