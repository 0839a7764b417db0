#include "cutwater/observe/log/stream_sink.hpp"

#include <csignal>
#include <ostream>
#include <string>

namespace cutwater {

namespace {

/// While it lives, a write into a pipe that nobody reads fails with EPIPE instead of ending the process.
class without_sigpipe {
public:
    without_sigpipe() noexcept {
        sigset_t pending;
        sigemptyset(&only_pipe_);
        sigaddset(&only_pipe_, SIGPIPE);
        was_pending_ = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
        blocked_ = pthread_sigmask(SIG_BLOCK, &only_pipe_, &before_) == 0;
    }
    without_sigpipe(const without_sigpipe&) = delete;
    without_sigpipe& operator=(const without_sigpipe&) = delete;
    ~without_sigpipe() {
        if (!blocked_) return;
        const timespec at_once{};
        if (!was_pending_) (void)sigtimedwait(&only_pipe_, nullptr, &at_once);  // takes back what the write raised
        (void)pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    sigset_t only_pipe_{};
    sigset_t before_{};
    bool was_pending_ = false;
    bool blocked_ = false;
};

}  // namespace

void stream_sink::operator()(std::string_view line) const {
    std::string whole{line};
    whole += '\n';
    write(whole);
}

void stream_sink::write(std::string_view lines) const {
    const std::scoped_lock lock{shared_->turn};
    const without_sigpipe quietly;
    const std::ios_base::iostate throws = to_->exceptions();
    to_->exceptions(std::ios_base::goodbit);
    to_->clear();  // it may have failed for the line before: a disk has room again
    if (shared_->has_failed) to_->put('\n');
    const bool written = to_->write(lines.data(), static_cast<std::streamsize>(lines.size())).flush().good();
    shared_->has_failed = !written;
    to_->clear();
    to_->exceptions(throws);
    if (!written) throw std::ios_base::failure{"the line could not be written"};
}

}  // namespace cutwater
