// As many tills as there are threads that execute payments: each is lent to one of them at a time.
//
// Thread safety: `with`, from so many threads at once.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "examples/payments/till.hpp"

namespace payments {

class tills {
public:
    tills(unsigned count, const std::string& connection) {
        for (unsigned i = 0; i < count; ++i) free_.push_back(std::make_unique<till>(connection));
    }

    /// On one of them.
    template <class Use>
    auto with(const Use& use) {
        const borrowed mine{*this};
        return use(*mine.one);
    }

private:
    struct borrowed {
        explicit borrowed(tills& from) : of{from}, one{from.take()} {}
        borrowed(const borrowed&) = delete;
        borrowed& operator=(const borrowed&) = delete;
        ~borrowed() { of.give_back(std::move(one)); }

        tills& of;
        std::unique_ptr<till> one;
    };

    std::unique_ptr<till> take() {
        const std::scoped_lock held{lock_};
        std::unique_ptr<till> one = std::move(free_.back());
        free_.pop_back();
        return one;
    }
    void give_back(std::unique_ptr<till> one) {
        const std::scoped_lock held{lock_};
        free_.push_back(std::move(one));
    }

    std::mutex lock_;
    std::vector<std::unique_ptr<till>> free_;
};

}  // namespace payments
