// Whole lines into a stream, from any thread.
//
//     cw::stream_sink sink{std::clog};
//     sink("one line");                       // throws where it cannot be written; the stream is usable again
//     sink.write("two lines\nat once\n");
//
// A reader that has gone away is an error like any other here: SIGPIPE is held back while a line is written, in this
// thread only. What failed is taken out of the stream's buffer: it is not sent later, when there is room or when the
// stream ends. Part of it may have been; what comes after a failure begins on a new line, so that half a line does not
// spoil the next. fork: waits for nobody. A child writes its own lines from the first on; a line that a thread of its parent's was writing is the
// parent's, and the stream of the child forgets it, `std::cout` too. Lifetime: the stream outlives the sink and is written to by nobody else meanwhile; what it holds from
// before is sent first, or fails as well.
#pragma once

#include <iosfwd>
#include <memory>
#include <string_view>

namespace cutwater {

class stream_sink {
public:
    explicit stream_sink(std::ostream& to);

    /// Throws `std::ios_base::failure`, or what the stream's buffer throws.
    void operator()(std::string_view line) const;
    /// The same of several lines, each with its newline.
    void write(std::string_view lines) const;

private:
    class turns;

    std::ostream* to_;
    std::shared_ptr<turns> turns_;
};

}  // namespace cutwater
