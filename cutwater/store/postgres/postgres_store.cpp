#include "cutwater/store/postgres/postgres_store.hpp"

#include <algorithm>
#include <utility>

#include "cutwater/drive/clock/clock.hpp"
#include "cutwater/store/postgres/pool.hpp"
#include "cutwater/store/postgres/postgres_error.hpp"
#include "cutwater/store/postgres/statements.hpp"
#include "cutwater/store/postgres/wire.hpp"

namespace cutwater {

namespace {

/// Said by a server of a statement that it did not execute, of which another connection may know better: its statements are not
/// prepared any more, it had been idle for too long, or it only reads now.
bool is_of_the_connection(const error& e) {
    const std::string state = sqlstate_of(e.code());
    return state == "26000" || state == "57P05" || state == "25006";
}

}  // namespace

postgres_store::postgres_store(postgres_store_options options)
    : options_{validated(kind, std::move(options))}, name_{options_.name},
      pool_{std::make_unique<detail::postgres_pool>(options_)} {}

postgres_store::~postgres_store() = default;

std::size_t postgres_store::connections() const { return pool_->open(); }

std::string postgres_store::table_sql(const std::string& table) {
    return detail::sql_of_table(validated(kind, postgres_store_options{.table = table}).table);
}

void postgres_store::begin(cell_request asked, cell_completion done) noexcept {
    done(detail::answer_in_name_of(name_, [&] { return reply_to(asked); }));
}

cell_result postgres_store::reply_to(const cell_request& asked) {
    if (std::optional<error> wrong = detail::wrong_request(asked, name_)) return std::unexpected{*std::move(wrong)};
    const instant deadline = detail::deadline_of(asked, options_.timeout);
    cell_result said = ask_once(detail::postgres_question{asked}, deadline);
    if (!said && !said.error().limit() && now() >= deadline)
        said.error().with_limit(std::min(asked.limit, options_.timeout));
    return said;
}

cell_result postgres_store::ask_once(const detail::postgres_question& question, instant deadline) {
    bool may_try_another = true;
    for (int times = 0; times < detail::most_times_beaten;) {
        auto on = pool_->take(deadline);
        if (!on) return std::unexpected{std::move(on.error())};
        const detail::pg_answer said = (*on)->ask(question, deadline);
        if (said) {
            if (auto reply = question.reply_of(**said)) return *std::move(reply);
            ++times;
            continue;
        }
        if (!std::exchange(may_try_another, false) || !on->is_used() || !is_of_the_connection(said.error()))
            return std::unexpected{said.error()};
        pool_->close_free();
    }
    return std::unexpected{detail::beaten_too_often()};
}

}  // namespace cutwater
