// says: cutwater::keyed: a key of a rate limiter is a word and no policy; by hand it is read(key, now) and try_acquire(key, now), and each_options() says its limit
#include "cutwater/keyed.hpp"

namespace a_policy_where_a_key_is_a_word {

namespace cw = cutwater;

inline bool is_drained(cw::keyed<cw::rate_limiter>& per_tenant) {
#ifdef RIGHT
    return per_tenant.read("acme", cw::now()).remaining == 0;
#else
    return per_tenant.find("acme")->read(cw::now()).remaining == 0;
#endif
}

}  // namespace a_policy_where_a_key_is_a_word
