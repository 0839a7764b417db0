#include "cutwater/sim/service.hpp"

#include "cutwater/sim/given.hpp"

namespace cutwater::sim {

service::service(world& in, service_options options) : world_{in}, options_{std::move(options)} {
    set_failure_rate(options_.failure_rate);
}

void service::set_failure_rate(double share) {
    detail::require(share >= 0 && share <= 1, share, {"service", "failure_rate", "give a share from 0 to 1"});
    options_.failure_rate = share;
}

void service::operator()(const attempt&, reply<void> answer) {
    if (working_ < options_.workers) return begin(std::move(answer));
    if (queue_.size() < options_.max_queue) return queue_.push_back(std::move(answer));
    ++counted_.refused;
    answer.give(std::unexpected{error{std::make_error_code(std::errc::resource_unavailable_try_again)}});
}

void service::set_workers(unsigned workers) {
    options_.workers = workers;
    begin_those_who_wait();
}

void service::begin_those_who_wait() {
    while (working_ < options_.workers && !queue_.empty()) {
        begin(std::move(queue_.front()));
        queue_.pop_front();
    }
}

double service::capacity() const noexcept {
    return options_.workers / std::chrono::duration<double>{options_.takes.mean()}.count();
}

void service::begin(reply<void> answer) {
    ++working_;
    world_.after(options_.takes.sample(world_.random()), [this, answer = std::move(answer)] { end(answer); });
}

void service::end(const reply<void>& answer) {
    --working_;
    begin_those_who_wait();
    const bool fails = options_.failure_rate > 0 && world_.random().unit() < options_.failure_rate;
    std::expected<void, error> what;
    if (fails) what = std::unexpected{error{std::make_error_code(std::errc::connection_reset)}};
    if (!answer.give(std::move(what)))
        ++counted_.wasted;
    else
        ++(fails ? counted_.failed : counted_.answered);
}

}  // namespace cutwater::sim
