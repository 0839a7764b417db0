#include "cutwater/policy/keyed/key_hash.hpp"

#include <sodium.h>

#include <bit>
#include <stdexcept>

namespace cutwater {

static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof(sip_hash::seed));
static_assert(crypto_shorthash_siphashx24_BYTES == sizeof(fingerprint));

fingerprint sip_hash::operator()(std::string_view key) const noexcept {
    std::array<unsigned char, sizeof(fingerprint)> bytes{};
    const auto* const text = reinterpret_cast<const unsigned char*>(key.data());  // NOLINT(*-reinterpret-cast)
    static constexpr unsigned char nothing = 0;  // libsodium takes no null, not even of no length
    crypto_shorthash_siphashx24(bytes.data(), key.empty() ? &nothing : text, key.size(), seed_.data());
    return std::bit_cast<fingerprint>(bytes);
}

auto sip_hash::random_seed() -> seed {
    if (sodium_init() < 0) throw std::runtime_error{"keyed: libsodium finds no source of random bytes for a seed"};
    seed made{};
    randombytes_buf(made.data(), made.size());
    return made;
}

}  // namespace cutwater
