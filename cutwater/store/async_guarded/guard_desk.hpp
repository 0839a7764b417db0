// What an async guarded store has open: the questions that have not been answered, and where they are played.
//
//     asked ──► posted to the strand ──► is a call through the pipeline ──► is told
//                                          └── its attempts ask the store behind it, and wait
//
// A question is told once, by whoever is first: its call, the end of the store, the end of the context. Calls may outlive the store; they
// keep this, and find that there is nobody behind it any more. The context may go before the store: then nothing is kept that reaches into it.
//
// Private to the store. Thread safety: `ask` and `shut` from any thread; the rest on the strand. No completion runs under a lock.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>

#include "cutwater/drive/asio/run.hpp"
#include "cutwater/drive/asio/timing.hpp"
#include "cutwater/store/call_of.hpp"
#include "cutwater/store/cell_store.hpp"

namespace cutwater::detail {

class guard_desk : public std::enable_shared_from_this<guard_desk>, private asio_timing::lodger {
public:
    guard_desk(cell_store& behind, const boost::asio::any_io_executor& executor);
    guard_desk(const guard_desk&) = delete;
    guard_desk& operator=(const guard_desk&) = delete;

    void ask(cell_request asked, cell_completion done) noexcept;
    /// Whoever waits is told that it is cancelled, and so are the calls; the store behind it is not asked any more.
    void shut() noexcept;

protected:
    struct question {
        cell_request asked;
        call_options call;
        cell_completion done;
        bool told = true;  // until it has entered
        std::list<std::shared_ptr<question>>::iterator at{};
    };
    using asking = std::shared_ptr<question>;

    virtual ~guard_desk();

    /// On the strand: has `q` go through the pipeline.
    virtual void start(const asking& q, const boost::asio::any_io_executor& strand) = 0;

    void tell(question& q, cell_result said) noexcept;
    /// One attempt: asks the store behind it, and waits for the reply, or until it is cancelled.
    [[nodiscard]] boost::asio::awaitable<cell_result> ask_behind(cell_request what);

private:
    /// Replies of the store behind it come from any thread, and at any time: when the context has gone, nothing is posted there.
    struct gate {
        std::mutex lock;
        bool is_closed = false;
    };
    class reply_place;

    void evict() noexcept override;
    [[nodiscard]] std::optional<error> enter(const asking& q, cell_completion& done);
    void begin(const asking& q, const boost::asio::any_io_executor& strand) noexcept;
    void tell_all(const error& why) noexcept;

    const name store_;
    asio_timing* timing_;  // null when the context has gone
    environment& lent_;
    const std::shared_ptr<gate> gate_ = std::make_shared<gate>();
    std::stop_source stop_;

    std::mutex asking_;   // held while the store behind is asked: whoever destroys this one waits for that
    cell_store* behind_;  // null when the store has gone

    std::mutex lock_;
    boost::asio::any_io_executor strand_;  // empty when the context has gone
    std::list<asking> open_;
    bool is_shut_ = false;
    bool is_evicted_ = false;
};

template <class Pipeline>
class guarding_desk final : public guard_desk {
public:
    guarding_desk(cell_store& behind, Pipeline& through, const boost::asio::any_io_executor& executor)
        : guard_desk{behind, executor}, through_{through} {}

private:
    void start(const asking& q, const boost::asio::any_io_executor& strand) override {
        const auto self = std::static_pointer_cast<guarding_desk>(shared_from_this());
        const auto asks = [self, q](attempt& a) {
            cell_request what = q->asked;
            what.limit = a.remaining();
            return self->ask_behind(std::move(what));
        };
        const auto tells = [self, q](result<cell_reply> said) noexcept { self->tell(*q, std::move(said)); };
        through_.async_run(q->call, asks, boost::asio::bind_executor(strand, tells));
    }

    Pipeline& through_;
};

}  // namespace cutwater::detail
