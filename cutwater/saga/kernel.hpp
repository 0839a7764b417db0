// What is right about a saga: a value that is asked what is next, and told what happened. No store, no clock, no callable.
//
//     next()     what is done              what it is told
//     ask        the store, `request()`    heard(its reply)
//     invoke     the step, `step()`        done(context), or failed(why, context)
//     undo       the undo of `step()`      done(context), or failed(why, context)
//     finish     nothing more              `refused()` is why there is no end here; else `record()` says how it ended
//
// It writes ahead: before a step is invoked, the journal says that it has begun; one write says that it is done and that the next has begun. Each
// write is on condition of the version that the one before made. A write whose reply was lost is made once more, and then recognised by its bytes,
// which are never the same twice. A journal that is no longer as we left it is another's: nothing is done any more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cutwater/core/name.hpp"
#include "cutwater/saga/options.hpp"
#include "cutwater/saga/record.hpp"
#include "cutwater/store/cell_store.hpp"

namespace cutwater {

/// What all sagas of one kind share. Outlives their kernels.
struct saga_plan {
    saga_options options{};
    name layer{};
    std::vector<std::string> steps{};
    bool last_has_undo = true;
    bool (*reads)(std::string_view context) noexcept = nullptr;  ///< whether these bytes are a context; null: any are
};

/// Why a kernel is made.
enum class saga_entry : std::uint8_t {
    run,        ///< begins what was not begun, and takes over what its process has left
    resume,     ///< takes over what was begun, and what is stuck
    set_right,  ///< somebody has undone by hand what is stuck
};

/// What there is to be told.
enum class saga_news : std::uint8_t { resumed, undoing, undone, stuck, lost };

class saga_kernel {
public:
    enum class task : std::uint8_t { ask, invoke, undo, finish };

    /// `context`: of a run that begins.
    saga_kernel(const saga_plan& plan, saga_entry entry, std::string id, std::uint64_t holder,
                std::string context = {});

    [[nodiscard]] task next() const noexcept { return next_; }
    [[nodiscard]] cell_request request() const;
    /// Whether that was asked before, and no reply has come.
    [[nodiscard]] bool is_repeated() const noexcept { return tries_ > 0; }
    [[nodiscard]] std::size_t step() const noexcept;

    void heard(cell_result said);
    /// The step, or the undo, was done; `context` as it has left it.
    void done(std::string context);
    /// It failed; without a `context` that of before is kept.
    void failed(const error& why, std::optional<std::string> context);
    /// The lease was over before it began: it is renewed, if nobody has taken the saga over.
    void lapsed();

    [[nodiscard]] const std::optional<error>& refused() const noexcept { return refused_; }
    [[nodiscard]] const saga_record& record() const noexcept { return record_; }
    /// Whether the record is from the store: its context is not the one that was given.
    [[nodiscard]] bool is_found() const noexcept { return is_found_; }
    /// Whether it had ended before, and nothing was done.
    [[nodiscard]] bool is_replay() const noexcept { return is_replay_; }
    /// Why it was undone: the error itself where it came from a step of this run.
    [[nodiscard]] std::optional<error> cause() const;
    [[nodiscard]] duration found_age() const noexcept { return found_age_; }
    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    [[nodiscard]] const saga_plan& plan() const noexcept { return *plan_; }
    [[nodiscard]] std::vector<saga_news> take_news() { return std::exchange(news_, {}); }
    [[nodiscard]] std::string_view step_name(std::uint64_t step) const noexcept;
    /// Of the step that was done, or undone, or was to be, and is not on record.
    [[nodiscard]] std::string_view unrecorded() const noexcept { return step_name(acted_on_); }

private:
    [[nodiscard]] std::string what_is_wrong() const;
    void begin_anew();
    void write();
    void written(cell_version made);
    void unheard(const error& why);
    void absent();
    void found(const cell& there);
    void judge(saga_record there, const cell& in);
    void take_over(saga_record there, const cell& in);
    void set_right(saga_record there, cell_version version);
    void replay(saga_record there);
    void lost(const cell_reply& said);
    void undo_from(std::uint64_t count);
    void settle_undo();
    void refuse(errc why, std::string text);

    const saga_plan* plan_;
    saga_entry entry_;
    std::string id_;
    std::string cell_;
    std::uint64_t holder_;
    std::string given_;  // the context of a run

    task next_ = task::ask;
    saga_record record_;
    std::string bytes_;  // as they are being written; empty: the cell is being read
    cell_version version_ = 0;
    bool is_ours_ = false;
    bool is_found_ = false;
    bool is_replay_ = false;
    bool was_begun_ = false;  // the step, by another, of whose effect nobody knows
    std::uint64_t acted_on_ = 0;
    saga_phase told_ = saga_phase::forward;
    unsigned tries_ = 0;
    unsigned rounds_ = 0;
    unsigned lapses_ = 0;
    unsigned undo_tries_ = 0;
    duration found_age_{};
    std::optional<error> cause_;
    std::optional<error> refused_;
    std::vector<saga_news> news_;
};

}  // namespace cutwater
