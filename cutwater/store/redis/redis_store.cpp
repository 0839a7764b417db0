#include "cutwater/store/redis/redis_store.hpp"

#include <unistd.h>  // tidy: allow third-party because only the system tells a child of a fork from its parent

#include <new>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "cutwater/core/text.hpp"
#include "cutwater/store/redis/redis_desk.hpp"
#include "cutwater/store/redis/redis_error.hpp"

namespace cutwater {

namespace asio = boost::asio;

/// A context, and the thread that runs it until it is stopped. The thread keeps the context: the store may be destroyed by it.
class redis_store::own_thread {
public:
    own_thread() = default;
    own_thread(const own_thread&) = delete;
    own_thread& operator=(const own_thread&) = delete;
    ~own_thread() {
        if (thread_.get_id() == std::this_thread::get_id())
            thread_.detach();  // tidy: allow detach because it cannot join itself, and keeps alive what it uses
        else if (thread_.joinable())
            thread_.join();
    }

    void start() {
        thread_ = std::thread{[context = context_] {
            const auto busy = asio::make_work_guard(*context);
            context->run();
        }};
    }
    [[nodiscard]] const std::shared_ptr<asio::io_context>& context() const noexcept { return context_; }

private:
    std::shared_ptr<asio::io_context> context_ = std::make_shared<asio::io_context>(1);
    std::thread thread_;
};

redis_store::redis_store(redis_store_options options)
    : options_{validated(kind, std::move(options))}, name_{options_.name}, thread_{std::make_unique<own_thread>()},
      desk_{std::make_shared<redis_desk>(name_, options_, thread_->context()->get_executor())}, process_{getpid()} {
    thread_->start();
}

redis_store::redis_store(redis_store_options options, asio::any_io_executor executor)
    : options_{validated(kind, std::move(options))}, name_{options_.name},
      desk_{std::make_shared<redis_desk>(name_, options_, std::move(executor))}, process_{getpid()} {}

/// In a child the thread is none, and locks may be held for ever: what is the parent's is left as it is, and its owner never destroyed.
redis_store::~redis_store() {
    if (!is_ours()) {
        (void)thread_.release();
        (void)new (std::nothrow) std::shared_ptr<redis_desk>{desk_};
        return;
    }
    std::move_only_function<void()> then;
    if (thread_) then = [context = thread_->context()] { context->stop(); };
    desk_->shut(std::move(then));  // what it tells may ask again, and is refused
}

std::string redis_store::describe() const {
    return std::string{kind} + " " + in_quotes(options_.name) + " " + options_text(options_);
}

bool redis_store::is_ours() const noexcept { return process_ == getpid(); }

void redis_store::begin(cell_request asked, cell_completion done) noexcept {
    if (!is_ours())
        return done(std::unexpected{
            unsent_error(std::errc::operation_not_permitted,
                         "the store was made before a fork. Make the store after the fork, in each child")
                .with_layer(name_)});
    desk_->ask(std::move(asked), std::move(done));
}

}  // namespace cutwater
