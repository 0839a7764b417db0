// Where one payment at a time is executed: a connection, and a guard in its transactions.
//
// Thread safety: none; one thread's at a time.
#pragma once

#include <memory>
#include <string>

#include "cutwater/http/idempotency/idempotent_edge.hpp"
#include "examples/payments/bank.hpp"

namespace payments {

class till {
public:
    explicit till(std::string connection);
    till(const till&) = delete;
    till& operator=(const till&) = delete;
    ~till();

    /// What goes back for a payment: a receipt, now or from before; or what is the matter.
    [[nodiscard]] cutwater::http_response pay(const cutwater::idempotent_edge& edge, const cutwater::call_options& said,
                                              const transfer& asked);

private:
    struct open;

    std::string connection_;
    std::unique_ptr<open> open_;  // none where the connection was lost
};

}  // namespace payments
