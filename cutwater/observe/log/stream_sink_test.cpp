#include "cutwater/observe/log/stream_sink.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <spanstream>
#include <sstream>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <vector>

namespace cutwater {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;

constexpr std::size_t plenty = std::numeric_limits<std::size_t>::max();

/// A disk behind a buffer that keeps what could not be written, as that of an `ofstream` does.
class disk final : public std::streambuf {
public:
    disk() { setp(buffer_.data(), buffer_.data() + buffer_.size()); }

    [[nodiscard]] std::ptrdiff_t held() const { return pptr() - pbase(); }
    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> found;
        std::istringstream in{written};
        for (std::string line; std::getline(in, line);) found.push_back(line);
        return found;
    }

    std::size_t room = plenty;
    std::string written;

protected:
    int_type overflow(int_type c) override {
        if (!has_sent()) return traits_type::eof();
        return traits_type::eq_int_type(c, traits_type::eof()) ? traits_type::not_eof(c)
                                                               : sputc(traits_type::to_char_type(c));
    }
    int sync() override { return has_sent() ? 0 : -1; }

private:
    bool has_sent() {
        const auto all = static_cast<std::size_t>(held());
        const std::size_t part = std::min(all, room);
        written.append(pbase(), part);
        if (room != plenty) room -= part;
        if (part < all) return false;
        setp(buffer_.data(), buffer_.data() + buffer_.size());
        return true;
    }

    std::array<char, 64> buffer_{};
};

/// Lines handed to a sink, by what became of them.
struct accounts {
    std::vector<std::string> written;
    std::vector<std::string> lost;

    void send(const stream_sink& to, std::string line) {
        try {
            to(line);
            written.push_back(std::move(line));
        } catch (const std::ios_base::failure&) {
            lost.push_back(std::move(line));
        }
    }
    [[nodiscard]] bool is_left_of_a_lost_one(const std::string& line) const {
        return std::ranges::any_of(lost, [&](const std::string& whole) { return whole.starts_with(line); });
    }
};

TEST(stream_sink, every_line_is_written_whole_or_lost_wherever_the_disk_is_full) {
    for (std::size_t room = 0; room < 600; ++room) {
        disk small;
        std::ostream stream{&small};
        const stream_sink sink{stream};
        accounts all;
        small.room = room;
        for (int i = 0; i < 10; ++i)
            all.send(sink, std::to_string(i) + std::string(static_cast<std::size_t>(i * 37 % 100), 'x'));
        small.room = plenty;
        for (int i = 10; i < 13; ++i) all.send(sink, std::to_string(i));

        std::vector<std::string> found = small.lines();
        const auto torn =
            std::erase_if(found, [&](const std::string& line) { return all.is_left_of_a_lost_one(line); });
        EXPECT_EQ(found, all.written) << "room for " << room;
        EXPECT_EQ(all.written.size() + all.lost.size(), 13U);
        EXPECT_LE(torn, 2U) << "one in part, and what begins a new line";
        EXPECT_EQ(small.held(), 0);
    }
}

TEST(stream_sink, a_line_that_failed_is_not_sent_later) {
    disk full;
    std::ostream stream{&full};
    const stream_sink sink{stream};
    full.room = 0;
    EXPECT_THROW(sink("lost"), std::ios_base::failure);
    full.room = plenty;
    stream.flush();
    EXPECT_THAT(full.written, IsEmpty());
    sink("kept");
    EXPECT_EQ(full.written, "\nkept\n");
}

TEST(stream_sink, what_its_owner_left_in_the_stream_is_sent_first_or_lost_as_well) {
    disk slow;
    std::ostream stream{&slow};
    const stream_sink sink{stream};
    stream << "a heading\n";
    sink("one");
    EXPECT_THAT(slow.lines(), ElementsAre("a heading", "one"));

    stream << "another\n";
    slow.room = 3;
    EXPECT_THROW(sink("two"), std::ios_base::failure);
    EXPECT_EQ(slow.held(), 0);
    slow.room = plenty;
    sink("three");
    EXPECT_THAT(slow.lines(), ElementsAre("a heading", "one", "ano", "three"));
}

TEST(stream_sink, ten_thousand_lines_into_a_full_disk_stay_within_the_streams_buffer) {
    constexpr std::size_t size = 512;
    constexpr std::size_t behind = 64'000;
    std::vector<char> memory(size + behind, '-');
    std::filebuf full;
    full.pubsetbuf(memory.data(), size);
    ASSERT_NE(full.open("/dev/full", std::ios::out), nullptr);
    std::ostream stream{&full};
    const stream_sink sink{stream};
    accounts all;
    for (int i = 0; i < 10'000; ++i) all.send(sink, "no space left on device");
    EXPECT_EQ(all.lost.size(), 10'000U);
    memory.erase(memory.begin(), memory.begin() + size);
    EXPECT_THAT(memory, Each(Eq('-')));
}

TEST(stream_sink, a_memory_that_is_full_keeps_the_lines_that_it_has) {
    std::array<char, 12> memory{};
    std::ospanstream stream{memory};
    const stream_sink sink{stream};
    sink("one");
    EXPECT_THROW(sink("too long for it"), std::ios_base::failure);
    sink("two");
    EXPECT_EQ((std::string_view{stream.span().data(), stream.span().size()}), "one\n\ntwo\n");
}

TEST(stream_sink, a_stream_without_a_buffer_loses_its_lines) {
    std::ostream nowhere{nullptr};
    const stream_sink sink{nowhere};
    EXPECT_THROW(sink("lost"), std::ios_base::failure);
}

}  // namespace
}  // namespace cutwater
