// What became of each call: its caller, its layers and the dependency write into one book, which is balanced in the end.
//
// A call is known by its number, which is its `call_options::id`. Thread safety: what is written of one call is written by whoever runs it,
// one at a time; the dependency counts from any thread. The book is balanced when nobody writes any more.
#pragma once

#include <atomic>
#include <deque>
#include <string>
#include <vector>

#include "cutwater/core/call.hpp"
#include "cutwater/core/events.hpp"
#include "cutwater/core/outcome.hpp"
#include "test/soak/findings.hpp"

namespace cutwater::soak {

/// Permits that a limiter gave to a call.
struct grant {
    const void* of = nullptr;  ///< whose
    std::string_view key{};    ///< where there is a limit for each
    std::uint64_t mark = 0;    ///< of which window, where there are windows
    instant at{};
    unsigned weight = 1;
    bool given_back = false;
};

struct call_entry {
    std::string id;
    unsigned begun = 0;     ///< by its caller
    unsigned answered = 0;  ///< its caller has what came of it
    unsigned entered = 0;   ///< seen by the outermost layer
    unsigned ended = 0;
    unsigned attempts = 0;      ///< as the outermost layer saw it in the end
    unsigned sent = 0;          ///< the same
    unsigned told_started = 0;  ///< events
    unsigned told_ended = 0;
    unsigned told_attempts = 0;
    unsigned told_retries = 0;
    std::atomic<unsigned> served{0};  ///< by the dependency
    bool forsaken = false;            ///< its coroutine was destroyed where it stood
    std::vector<grant> grants{};
};

class call_book final : public listener {
public:
    explicit call_book(std::size_t calls);

    [[nodiscard]] call_entry& of(std::string_view id);
    [[nodiscard]] call_entry& at(std::size_t number) { return entries_[number]; }
    [[nodiscard]] const std::deque<call_entry>& entries() const noexcept { return entries_; }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

    void on_event(const event& e) override;

    /// The dependency works: it is told when it begins, and when it has ended, whatever way.
    class visit {
    public:
        visit(call_book& book, std::size_t call) : inside_{book.inside_} {
            book.at(call).served.fetch_add(1, std::memory_order_relaxed);
            inside_.fetch_add(1, std::memory_order_relaxed);
        }
        visit(const visit&) = delete;
        visit& operator=(const visit&) = delete;
        ~visit() { inside_.fetch_sub(1, std::memory_order_relaxed); }

    private:
        std::atomic<int>& inside_;
    };

    /// Whether it adds up, now that every call has ended or been destroyed.
    void balance(findings& found) const;

private:
    std::deque<call_entry> entries_;
    std::atomic<int> inside_{0};  // the dependency
};

/// The outermost layer of every pipeline: sees each call come and go.
class entrance {
public:
    explicit entrance(call_book& book) : book_{&book} {}

    [[nodiscard]] name layer_name() const noexcept { return layer_; }
    [[nodiscard]] call_entry* before(call_context& call) const {
        call_entry& entry = book_->of(call.said().id);
        ++entry.entered;
        return &entry;
    }
    void after(call_entry* entry, const observation&, call_context& call) const {
        ++entry->ended;
        entry->attempts = call.attempt;
        entry->sent = call.sent;
    }

private:
    call_book* book_;
    name layer_{"entrance"};
};

}  // namespace cutwater::soak
