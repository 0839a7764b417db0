// A server as a child process that listens on a port of loopback.
//
// It ends with whoever started it: by `stop`, which asks, or by `kill`, which does not; and where that process is killed itself, by the kernel, at once.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#define BOOST_PROCESS_USE_STD_FS
#include <boost/process/child.hpp>
#include <boost/process/io.hpp>
#include <boost/process/search_path.hpp>
#include <boost/process/start_dir.hpp>
#include <boost/process/system.hpp>

namespace cutwater::testing {

/// A port on loopback that nobody listens on.
inline std::uint16_t free_port() {
    boost::asio::io_context context;
    const boost::asio::ip::tcp::acceptor taken{context, {boost::asio::ip::address_v4::loopback(), 0}};
    return taken.local_endpoint().port();
}

/// The program by this name, in the usual places and in `also`. Throws where it is not installed.
inline std::string installed(const std::string& program, const std::string& package,
                             const std::vector<std::filesystem::path>& also = {}) {
    std::vector<std::filesystem::path> places{"/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"};
    places.insert(places.begin(), also.begin(), also.end());
    const auto found = boost::process::search_path(program, places);
    if (found.empty()) throw std::runtime_error{program + " is not installed (Debian: " + package + ")"};
    return found.string();
}

/// Does it on a thread that ends with the process: when a thread ends, so does what it has started.
template <class Start>
auto on_lasting_thread(Start&& start) {
    static boost::asio::thread_pool thread{1};
    std::packaged_task<std::invoke_result_t<Start&>()> task{std::forward<Start>(start)};
    auto started = task.get_future();
    boost::asio::post(thread, [own = std::move(task)]() mutable { own(); });
    return started.get();
}

class server_process {
public:
    server_process() = default;
    server_process(const server_process&) = delete;
    server_process& operator=(const server_process&) = delete;
    ~server_process() { kill(); }

    /// Whether it listens on `port`. `log` has what it prints.
    bool start(const std::vector<std::string>& command, std::uint16_t port, const std::string& log = "/dev/null") {
        namespace process = boost::process;
        std::vector<std::string> arguments{"--pdeathsig=KILL"};
        arguments.insert(arguments.end(), command.begin(), command.end());
        process_ = on_lasting_thread([&] {
            return process::child{installed("setpriv", "util-linux"), arguments,
                                  (process::std_out & process::std_err) > log, process::std_in < process::null};
        });
        return listens(port);
    }

    void stop(int by = SIGTERM) {
        if (!process_.running()) return;
        ::kill(process_.id(), by);
        process_.wait();
    }
    void kill() { stop(SIGKILL); }

    [[nodiscard]] bool runs() { return process_.running(); }
    [[nodiscard]] int id() const { return process_.id(); }

private:
    [[nodiscard]] bool listens(std::uint16_t port) {
        boost::asio::io_context context;
        for (int tries = 0; tries < 1'000; ++tries) {
            boost::asio::ip::tcp::socket socket{context};
            boost::system::error_code failed;
            socket.connect({boost::asio::ip::address_v4::loopback(), port}, failed);
            if (!failed) return true;
            if (!process_.running()) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        stop();
        return false;
    }

    boost::process::child process_;
};

/// A port, and a server that was started on it. Another process may take a port that has just been free: tries some.
template <class Start>
std::uint16_t start_on_free_port(Start&& start) {
    for (int tries = 0; tries < 5; ++tries) {
        const std::uint16_t port = free_port();
        if (start(port)) return port;
    }
    return 0;
}

}  // namespace cutwater::testing
