#include "cutwater/observe/log/stream_sink.hpp"

#include <ext/stdio_sync_filebuf.h>  // tidy: allow third-party because it is what std::cout writes through
#include <stdio_ext.h>               // tidy: allow third-party because what C's stream keeps is taken out here
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <limits>
#include <memory>
#include <mutex>
#include <ostream>
#include <sstream>
#include <streambuf>
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

/// The part of a buffer that has not been sent, which buffers show to their own kind only.
struct put_area : std::streambuf {
    using std::streambuf::pbase;
    using std::streambuf::pbump;
    using std::streambuf::pptr;

    [[nodiscard]] static std::ptrdiff_t size(const std::streambuf& of) {
        return (of.*&put_area::pptr)() - (of.*&put_area::pbase)();
    }

    /// Takes out what came after the first `size` bytes. Else a `filebuf` keeps a line that failed, sends it later, and
    /// libstdc++'s writes past its end when it is full of such lines. A `stringbuf` is left alone: what it holds has
    /// arrived.
    static void shorten(std::streambuf& of, std::ptrdiff_t size) {
        if (dynamic_cast<const std::stringbuf*>(&of) != nullptr) return;
        for (std::ptrdiff_t more = put_area::size(of) - size; more > 0;) {
            const std::ptrdiff_t step = std::min<std::ptrdiff_t>(more, std::numeric_limits<int>::max());
            (of.*&put_area::pbump)(-static_cast<int>(step));
            more -= step;
        }
    }
};

/// Takes out what a thread of the parent's was writing. The buffer of `std::cout` keeps nothing itself: C's stream does.
void forget(std::streambuf& of) {
    put_area::shorten(of, 0);
    if (auto* const handing_on = dynamic_cast<__gnu_cxx::stdio_sync_filebuf<char>*>(&of)) __fpurge(handing_on->file());
}

/// Sends all of it, or leaves nothing of it to be sent later.
bool send(std::ostream& to, std::string_view lines) {
    std::streambuf* const through = to.rdbuf();
    if (through == nullptr) return false;
    if (put_area::size(*through) > 0 && !to.flush()) {  // of whoever had the stream before
        put_area::shorten(*through, 0);
        return false;
    }
    const std::ptrdiff_t before = put_area::size(*through);
    if (to.write(lines.data(), static_cast<std::streamsize>(lines.size())).flush()) return true;
    put_area::shorten(*through, before);
    return false;
}

}  // namespace

/// One after the other. Each process has a turn of its own: a child of a fork has none of the threads that may hold its parent's.
class stream_sink::turns {
public:
    struct turn {
        const pid_t of = getpid();
        std::mutex lock{};
        bool has_failed = false;
    };

    turns() = default;
    turns(const turns&) = delete;
    turns& operator=(const turns&) = delete;
    ~turns() { delete now_.load(); }

    [[nodiscard]] turn& of_this_process(std::streambuf* through) {
        turn* was = now_.load();
        if (was->of == getpid()) return *was;
        auto mine = std::make_unique<turn>();
        const std::unique_lock held{mine->lock};  // who comes second waits until the stream is ours
        if (!now_.compare_exchange_strong(was, mine.get())) return *was;
        leave(*was, through, *mine);
        return *mine.release();
    }

private:
    /// It stays where it is, since it may be held for ever.
    static void leave(turn& of_the_parent, std::streambuf* through, turn& mine) {
        if (of_the_parent.lock.try_lock()) {
            mine.has_failed = of_the_parent.has_failed;
            of_the_parent.lock.unlock();
        } else if (through != nullptr) {
            forget(*through);
        }
    }

    std::atomic<turn*> now_{new turn};
};

stream_sink::stream_sink(std::ostream& to) : to_{&to}, turns_{std::make_shared<turns>()} {}

void stream_sink::operator()(std::string_view line) const {
    std::string whole{line};
    whole += '\n';
    write(whole);
}

void stream_sink::write(std::string_view lines) const {
    turns::turn& turn = turns_->of_this_process(to_->rdbuf());
    const std::scoped_lock lock{turn.lock};
    std::string after_a_failure;
    if (turn.has_failed) lines = after_a_failure.append(1, '\n').append(lines);
    const without_sigpipe quietly;
    const std::ios_base::iostate throws = to_->exceptions();
    to_->exceptions(std::ios_base::goodbit);
    to_->clear();  // it may have failed for the line before: a disk has room again
    const bool written = send(*to_, lines);
    turn.has_failed = !written;
    to_->clear();
    to_->exceptions(throws);
    if (!written) throw std::ios_base::failure{"the line could not be written"};
}

}  // namespace cutwater
