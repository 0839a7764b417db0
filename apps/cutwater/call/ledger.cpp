#include "apps/cutwater/call/ledger.hpp"

namespace cutwater::app {

namespace {

/// An attempt, as HTTP knows it: as the library's `attempt_ended`, with more to say.
struct http_attempt_ended {
    duration took{};
    std::string outcome;
    std::string_view target;
    unsigned status = 0;
    bool cut_off = false;
    std::string_view busy_with;

    static constexpr event_kind kind{"attempt_ended", severity::debug, "an attempt is over"};
    static void fields(auto& self, auto&& visit) {
        visit("took", self.took, "how long it was under way");
        visit("outcome", self.outcome, "what came of it, in words");
        visit("target", self.target, "whom it asked, where there is a choice");
        visit("status", self.status, "the answer's; 0: there was none");
        visit("cut_off", self.cut_off, "whether it was ended from outside");
        visit("busy_with", self.busy_with, "what it was doing when it ended");
    }
};

struct call_answered {
    std::string_view result;
    std::string_view look;

    static constexpr event_kind kind{"call_answered", severity::info, "the call is over"};
    static void fields(auto& self, auto&& visit) {
        visit("result", self.result, "what its caller is told");
        visit("look", self.look, "good, waiting or bad: how it is shown");
    }
};

std::string_view look_of(paint in) { return in == paint::good ? "good" : in == paint::waiting ? "waiting" : "bad"; }

}  // namespace

void ledger::on_event(const event& e) {
    kept_.on_event(e);
    const bool ends = e.get_if<retry_not_tried>() != nullptr || e.get_if<retry_gave_up>() != nullptr;
    if (!ends) return;
    const ledger_entry said = to_entry(e, e.origin().at, 100);
    if (auto words = ending_words(said))
        ending_ = {*std::move(words), e.kind().level, std::string{said.text("reason")}};
}

void ledger::on_attempt(const attempt_seen& seen) {
    static const name layer{"attempts"};
    const http_attempt_ended body{.took = between(seen.began, seen.ended),
                                  .outcome = outcome_of(seen),
                                  .target = seen.at != nullptr ? seen.at->address : std::string_view{},
                                  .status = seen.status,
                                  .cut_off = seen.cut_off,
                                  .busy_with = doing(seen.phase)};
    kept_.on_event({{.layer = layer, .operation = {}, .call_id = {}, .attempt = seen.number, .at = seen.ended}, body});
}

void ledger::close(instant at, const std::string& result, paint in) {
    static const name layer{"call"};
    kept_.on_event({{.layer = layer, .operation = {}, .call_id = {}, .attempt = 0, .at = at},
                    call_answered{.result = result, .look = look_of(in)}});
}

std::vector<ledger_row> ledger::rows() const {
    return rows_of(kept_.entries(), {.label = [this](std::string_view address) { return label_of(address, at_); }});
}

std::vector<std::string> ledger::attempts() const {
    std::vector<std::string> texts;
    for (const ledger_row& row : rows())
        if (row.what == ledger_row::kind::attempt) texts.push_back(row.text);
    return texts;
}

std::string ledger::text(const page& shown) const { return draw(rows(), shown); }

}  // namespace cutwater::app
