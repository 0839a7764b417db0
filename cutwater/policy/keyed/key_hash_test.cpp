// The hash of keys: as published, and nothing that anybody outside could foresee.

#include "cutwater/policy/keyed/key_hash.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <string>

namespace cutwater {
namespace {

constexpr sip_hash::seed counting{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

std::array<unsigned char, 16> bytes_of(const fingerprint& print) {
    return std::bit_cast<std::array<unsigned char, 16>>(print);
}

// veorq/SipHash vectors.h, vectors_sip128: of no byte, of one (00), of fifteen (00 to 0e).
TEST(key_hash, gives_what_is_published) {
    const sip_hash hash{counting};
    std::string text;
    EXPECT_THAT(bytes_of(hash(text)), ::testing::ElementsAre(0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6,
                                                             0x72, 0x14, 0xc7, 0x55, 0x02, 0x93));
    text.push_back('\0');
    EXPECT_THAT(bytes_of(hash(text)), ::testing::ElementsAre(0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76,
                                                             0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45));
    for (char c = 1; c < 15; ++c) text.push_back(c);
    EXPECT_THAT(bytes_of(hash(text)), ::testing::ElementsAre(0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11, 0x7e, 0x08,
                                                             0xec, 0x0f, 0x97, 0xcf, 0xc3, 0xd9));
}

TEST(key_hash, each_has_a_seed_of_its_own) {
    std::set<std::uint64_t> places;
    for (int i = 0; i < 100; ++i) places.insert(sip_hash{}("acme").place);
    EXPECT_EQ(places.size(), 100U);
}

TEST(key_hash, every_byte_of_a_key_counts_however_long_it_is) {
    const sip_hash hash{counting};
    const std::string text(10'000, 'x');
    for (const std::size_t at : {std::size_t{0}, std::size_t{7}, std::size_t{4096}, text.size() - 1}) {
        std::string other = text;
        other[at] = 'y';
        EXPECT_NE(hash(other), hash(text)) << at;
    }
    EXPECT_NE(hash(text + 'x'), hash(text));
    EXPECT_EQ(hash(std::string_view{}), hash("")) << "a key that is no text at all, and one that is empty";
}

}  // namespace
}  // namespace cutwater
