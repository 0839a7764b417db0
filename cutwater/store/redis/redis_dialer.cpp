#include "cutwater/store/redis/redis_dialer.hpp"

#include <utility>

#include <boost/asio/error.hpp>

#include "cutwater/store/redis/redis_error.hpp"
#include "cutwater/store/redis/redis_reply.hpp"

namespace cutwater {

namespace {

namespace asio = boost::asio;

constexpr std::size_t no_script = redis_script_count;

}  // namespace

void redis_dialer::dial(answer done) {
    hang_up();
    done_ = std::move(done);
    end_ = due_ = add(lent_.now(), options_.connect_timeout);
    try {
        look_up();
    } catch (...) {
        fail(error::from_exception(std::current_exception()));
    }
}

void redis_dialer::hang_up() noexcept {
    ++round_;
    done_ = nullptr;
    addresses_.clear();
    if (const auto link = std::exchange(link_, nullptr)) link->close();
}

void redis_dialer::forget_context() noexcept {
    hang_up();
    strand_ = {};
}

void redis_dialer::look_up() {
    boost::system::error_code no_address;
    if (const auto address = asio::ip::make_address(options_.host, no_address); !no_address) {
        addresses_.emplace_back(address, options_.port);
        return try_next();
    }
    const auto lookup = std::make_shared<tcp::resolver>(strand_);
    lookup->async_resolve(
        options_.host, std::to_string(options_.port), tcp::resolver::numeric_service,
        [weak = weak_from_this(), round = round_, lookup](const boost::system::error_code& code,
                                                          const tcp::resolver::results_type& found) {
            const auto self = weak.lock();
            if (!self || round != self->round_) return;
            if (code)
                return self->fail(unsent_error(std::errc::host_unreachable,
                                               "cannot look up " + self->options_.host + ": " + code.message()));
            for (const auto& each : found) self->addresses_.push_back(each.endpoint());
            self->try_next();
        });
}

void redis_dialer::try_next() {
    try {
        connect_to_next();
    } catch (...) {
        fail(error::from_exception(std::current_exception()));
    }
}

void redis_dialer::connect_to_next() {
    std::error_code why = std::make_error_code(std::errc::host_unreachable);
    while (!addresses_.empty()) {
        const instant now = lent_.now();
        due_ = add(now, between(now, end_) / static_cast<duration::rep>(addresses_.size()));
        const tcp::endpoint to = addresses_.front();
        addresses_.pop_front();
        link_ = std::make_shared<redis_link>(strand_, lent_);
        why = link_->connect(to, [this, round = round_](std::error_code code) noexcept {
            if (round != round_) return;
            if (!code) return greet();
            if (!addresses_.empty()) return try_next();
            fail(error{code}.with_text("cannot connect to " + whom() + ": " + code.message()));
        });
        if (!why) return;
    }
    fail(error{why}.with_text("cannot connect to " + whom() + ": " + why.message()));
}

void redis_dialer::greet() {
    greetings_ = 0;
    const std::string& password = options_.password.reveal();
    if (!password.empty() && options_.user.empty()) say({"AUTH", password}, no_script);
    if (!password.empty() && !options_.user.empty()) say({"AUTH", options_.user, password}, no_script);
    if (options_.database != 0) say({"SELECT", std::to_string(options_.database)}, no_script);
    for (std::size_t s = 0; s < redis_script_count; ++s)
        say({"SCRIPT", "LOAD", text_of(static_cast<redis_script>(s))}, s);
    if (const auto link = link_) link->flush();  // which may lose it
}

void redis_dialer::say(std::initializer_list<std::string_view> words, std::size_t script) {
    if (!link_) return;
    const bool taken = link_->send(words, [this, round = round_, script](const redisReply* said) noexcept {
        if (round == round_) on_greeted(script, said);
    });
    if (taken) ++greetings_;
}

void redis_dialer::on_greeted(std::size_t script, const redisReply* said) {
    if (said == nullptr)
        return fail(unsent_error(std::errc::connection_reset,
                                 "the connection to " + whom() + " was lost as it was made: " + link_->trouble()));
    if (const auto refused = error_of(*said)) {
        error e = redis_refusal(*refused);
        const bool is_whole = script != no_script && (e.code() == redis_errc::failed || refused->starts_with("NOPERM"));
        if (!is_whole) return fail(std::move(e));
        digests_[script].clear();
    } else if (script != no_script) {
        digests_[script] = text_of(*said).value_or("");
    }
    if (--greetings_ != 0) return;
    ++round_;
    answer tell = std::exchange(done_, nullptr);
    tell(std::exchange(link_, nullptr));
}

void redis_dialer::on_time() {
    if (!is_dialling() || lent_.now() < due_) return;
    if (!addresses_.empty()) {
        ++round_;
        if (const auto link = std::exchange(link_, nullptr)) link->close();
        return try_next();
    }
    fail(unsent_error(std::errc::timed_out, "no connection to " + whom() + " in time")
             .with_limit(options_.connect_timeout));
}

void redis_dialer::fail(error e) {
    if (e.code() != condition::never_sent) {
        const std::error_condition equal = e.code().default_error_condition();
        const bool is_known = equal.category() == std::generic_category();
        e.with_code(unsent(is_known ? static_cast<std::errc>(equal.value()) : std::errc::protocol_error));
    }
    answer tell = std::exchange(done_, nullptr);
    hang_up();
    if (tell) tell(std::unexpected{std::move(e)});
}

}  // namespace cutwater
