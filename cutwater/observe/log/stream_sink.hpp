// Whole lines into a stream, from any thread.
//
//     cw::stream_sink sink{std::clog};
//     sink("one line");                       // throws where it cannot be written; the stream is usable again
//
// A reader that has gone away is an error like any other here: SIGPIPE is held back while a line is written, in this
// thread only. Lifetime: the stream outlives the sink and is written to by nobody else meanwhile.
#pragma once

#include <iosfwd>
#include <memory>
#include <mutex>
#include <string_view>

namespace cutwater {

class stream_sink {
public:
    explicit stream_sink(std::ostream& to) : to_{&to}, turn_{std::make_shared<std::mutex>()} {}

    /// Throws `std::ios_base::failure`, or what the stream's buffer throws.
    void operator()(std::string_view line) const;

private:
    std::ostream* to_;
    std::shared_ptr<std::mutex> turn_;
};

}  // namespace cutwater
