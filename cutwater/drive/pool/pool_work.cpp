#include "cutwater/drive/pool/pool_work.hpp"

namespace cutwater {

namespace {

/// What an attempt tells of its call, with texts that are in `texts`.
call_options kept(const call_context& call, std::string& texts, const kept_trace& trace) {
    const call_options& said = call.said();
    texts.reserve(said.id.size() + call.target.size() + said.tenant.size());
    texts.append(said.id).append(call.target).append(said.tenant);
    const std::string_view all = texts;
    return {.operation = said.operation,
            .id = all.substr(0, said.id.size()),
            .importance = said.importance,
            .tenant = all.substr(said.id.size() + call.target.size()),
            .target = all.substr(said.id.size(), call.target.size()),
            .trace = trace.get()};
}

}  // namespace

pool_work_base::pool_work_base(call_runner& owner, call_context& call)
    : owner_{owner}, lent_{call.surroundings()}, trace_{call.trace}, said_{kept(call, texts_, trace_)},
      attempt_{call, call.surroundings(), token_, said_}, submitted_{lent_.now()} {}

void pool_work_base::tell(waker& done) noexcept {
    const std::scoped_lock lock{mutex_};
    told_ = &done;
    if (done_) done.wake();
}

bool pool_work_base::is_done() const {
    const std::scoped_lock lock{mutex_};
    return done_;
}

auto pool_work_base::give_up() -> left {
    stop_.request_stop();  // first: what it calls may end the work at once
    if (owner_.withdraw(*this)) return left::withdrawn;
    const std::scoped_lock lock{mutex_};
    told_ = nullptr;
    if (done_) return left::done;
    orphaned_ = true;
    owner_.orphan_began();
    return left::orphaned;
}

void pool_work_base::keep(std::move_only_function<void()> release) {
    {
        const std::scoped_lock lock{mutex_};
        if (!done_) return kept_.push_back(std::move(release));
    }
    release();
}

void pool_work_base::began() {
    const std::scoped_lock lock{mutex_};
    started_ = lent_.now();
}

void pool_work_base::ended() {
    std::vector<std::move_only_function<void()>> release;
    {
        const std::scoped_lock lock{mutex_};
        ended_ = lent_.now();
        done_ = true;
        if (orphaned_) owner_.orphan_ended();
        release.swap(kept_);
        if (told_ != nullptr) told_->wake();
    }
    for (auto& r : release) r();
}

void pool_work_base::report(call_context& call, left how) {
    const name layer = owner_.layer_name();
    switch (how) {
        case left::done:  // nobody writes the times any more
            return call.emit(layer,
                             [&] { return pool_call_ran{between(submitted_, started_), between(started_, ended_)}; });
        case left::withdrawn:
            return call.emit(layer, [&] { return pool_call_withdrawn{between(submitted_, call.now)}; });
        case left::orphaned: return call.emit(layer, [&] { return pool_call_orphaned{}; });
    }
}

}  // namespace cutwater
