#include "cutwater/policy/bulkhead/bulkhead.hpp"

namespace cutwater {

bulkhead::bulkhead(bulkhead_options options)
    : options_{validated(kind, std::move(options))}, layer_{options_.name},
      permits_{std::make_unique<shared_permits>(options_.max_concurrent, rules_of_queue(options_))} {}

void bulkhead::resize(unsigned max_concurrent) {
    bulkhead_options wanted = options_;
    wanted.max_concurrent = max_concurrent;
    (void)validated(kind, wanted);
    permits_->resize(max_concurrent);
}

}  // namespace cutwater
