// What is kept of a key: 128 bits that only who knows the seed can foresee.
//
//     const cw::sip_hash hash;                       // a seed of its own, by chance
//     const cw::fingerprint print = hash("acme");    // place: where to look · mark: what to find there
//
// SipHash-2-4 with 128 bits (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012), from libsodium. Who does not know
// the seed cannot choose keys that meet in one place, nor two that have one fingerprint: of a million keys any two have the same
// with a chance of one in 10^26.
//
// Thread safety: as a value. Errors: where the system gives no random bytes, making a seed throws `std::runtime_error`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cutwater {

struct fingerprint {
    std::uint64_t place = 0;
    std::uint64_t mark = 0;

    friend bool operator==(const fingerprint&, const fingerprint&) = default;
};

class sip_hash {
public:
    using seed = std::array<unsigned char, 16>;

    sip_hash() : sip_hash{random_seed()} {}
    explicit sip_hash(const seed& s) noexcept : seed_{s} {}

    [[nodiscard]] fingerprint operator()(std::string_view key) const noexcept;

    [[nodiscard]] static seed random_seed();

private:
    seed seed_;
};

}  // namespace cutwater
