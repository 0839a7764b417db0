#include "examples/payments/database_trouble.hpp"

namespace payments {

void database_trouble::begin() {
    switch (count_++ % 3) {
        case 0:
            locks_.emplace(server_.connection());
            locks_->run("BEGIN");
            locks_->run("LOCK TABLE accounts IN EXCLUSIVE MODE");
            break;
        case 1: link_.cut(); break;
        default: link_.swallow(); break;
    }
}

void database_trouble::end() {
    locks_.reset();
    link_.pass();
}

}  // namespace payments
