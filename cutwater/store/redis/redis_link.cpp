#include "cutwater/store/redis/redis_link.hpp"

#include <hiredis/async.h>

#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

#include <boost/asio/error.hpp>

namespace cutwater {

namespace {

namespace asio = boost::asio;

/// hiredis writes by `write`, which raises SIGPIPE where the peer has gone: the program is not to end of that.
class quiet_pipe {
public:
    quiet_pipe() noexcept {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    quiet_pipe(const quiet_pipe&) = delete;
    quiet_pipe& operator=(const quiet_pipe&) = delete;
    ~quiet_pipe() {
        if (sigismember(&before_, SIGPIPE) == 1) return;
        if (failed_) {
            const timespec at_once{};
            while (sigtimedwait(&pipe_, nullptr, &at_once) == -1 && errno == EINTR) {}
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

    /// The write has failed: a signal may be pending.
    void failed() noexcept { failed_ = true; }

private:
    sigset_t pipe_{};
    sigset_t before_{};
    bool failed_ = false;
};

std::error_code system_code(int value) noexcept { return {value, std::system_category()}; }

}  // namespace

/// What hiredis calls.
struct redis_link::hooks {
    static redis_link& of(void* link) noexcept { return *static_cast<redis_link*>(link); }

    static void ignore(void*) noexcept {}
    static void add_write(void* link) noexcept { of(link).wants_write_ = true; }
    static void del_write(void* link) noexcept { of(link).wants_write_ = false; }
    /// The context goes, and closes its socket.
    static void cleanup(void* link) noexcept {
        redis_link& self = of(link);
        if (self.context_ == nullptr) return;
        self.note_trouble();
        self.context_ = nullptr;
        if (self.socket_.is_open()) (void)self.socket_.release();
    }
    static void reply(redisAsyncContext* context, void* said, void* handler) noexcept {
        const std::unique_ptr<reply_handler> to{static_cast<reply_handler*>(handler)};
        of(context->ev.data).answer(*to, static_cast<const redisReply*>(said));
    }
};

std::error_code redis_link::connect(const asio::ip::tcp::endpoint& to, connect_handler done) {
    errno = 0;
    redisAsyncContext* const made = redisAsyncConnect(to.address().to_string().c_str(), to.port());
    const int why = errno;
    if (made == nullptr) return std::make_error_code(std::errc::not_enough_memory);
    if (made->err != 0 || redisEnableKeepAlive(&made->c) != REDIS_OK) {
        redisAsyncFree(made);
        return system_code(why != 0 && why != EINPROGRESS ? why : EHOSTUNREACH);
    }
    ::fcntl(made->c.fd, F_SETFD, FD_CLOEXEC);
    try {
        socket_.assign(made->c.fd);
    } catch (...) {
        redisAsyncFree(made);
        throw;
    }
    context_ = made;
    made->ev.data = this;
    made->ev.addRead = made->ev.delRead = hooks::ignore;
    made->ev.addWrite = hooks::add_write;
    made->ev.delWrite = hooks::del_write;
    made->ev.cleanup = hooks::cleanup;
    on_connect_ = std::move(done);
    socket_.async_wait(asio::posix::descriptor_base::wait_write,
                       [self = shared_from_this()](const boost::system::error_code& code) {
                           if (!code) self->connected();
                       });
    return {};
}

void redis_link::connected() {
    if (!is_open() || !on_connect_) return;
    int why = 0;
    socklen_t size = sizeof why;
    if (::getsockopt(context_->c.fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0) why = errno;
    connect_handler tell = std::exchange(on_connect_, nullptr);
    if (why != 0) {
        close();
        return tell(system_code(why));
    }
    write();  // which hiredis takes for the end of connecting
    tell(is_open() ? std::error_code{} : std::make_error_code(std::errc::connection_reset));
}

bool redis_link::send(std::span<const std::string_view> words, reply_handler done) {
    if (!is_open()) return false;
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    texts.reserve(words.size());
    sizes.reserve(words.size());
    for (const std::string_view word : words) {
        texts.push_back(word.data());
        sizes.push_back(word.size());
    }
    auto handler = std::make_unique<reply_handler>(std::move(done));
    if (redisAsyncCommandArgv(context_, hooks::reply, handler.get(), static_cast<int>(words.size()), texts.data(),
                              sizes.data()) != REDIS_OK)
        return false;
    (void)handler.release();
    if (in_flight_++ == 0) heard_ = lent_.now();
    return true;
}

void redis_link::answer(reply_handler& to, const redisReply* reply) noexcept {
    --in_flight_;
    if (reply == nullptr) note_trouble();
    to(reply);
}

void redis_link::flush() {
    if (is_open() && !on_connect_ && wants_write_ && !writes_) write();
    wait();
}

void redis_link::write() {
    quiet_pipe quiet;
    redisAsyncHandleWrite(context_);
    if (context_ == nullptr) quiet.failed();
}

/// Waits for what is due, and for nothing where nothing is.
void redis_link::wait() {
    if (!is_open() || on_connect_) return;
    if (wants_write_ && !writes_) {
        writes_ = true;
        socket_.async_wait(asio::posix::descriptor_base::wait_write,
                           [self = shared_from_this()](const boost::system::error_code&) { self->writable(); });
    }
    if (in_flight_ > 0 && !reads_) {
        reads_ = true;
        socket_.async_wait(asio::posix::descriptor_base::wait_read,
                           [self = shared_from_this()](const boost::system::error_code&) { self->readable(); });
    }
}

void redis_link::readable() {
    reads_ = false;
    if (!is_open()) return;
    heard_ = lent_.now();
    redisAsyncHandleRead(context_);
    flush();
}

void redis_link::writable() {
    writes_ = false;
    flush();
}

void redis_link::close() noexcept {
    if (!is_open()) return;
    closing_ = true;
    on_connect_ = nullptr;
    redisAsyncFree(context_);
}

bool redis_link::was_left() const noexcept {
    char byte = 0;
    const auto said = ::recv(context_->c.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return said >= 0 || (errno != EAGAIN && errno != EINTR);
}

void redis_link::note_trouble() noexcept {
    try {
        if (trouble_.empty() && context_ != nullptr && context_->c.err != 0) trouble_ = context_->c.errstr;
    } catch (...) {  // out of memory: it is lost without a word
    }
}

}  // namespace cutwater
