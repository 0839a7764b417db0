// A set of endpoints in a test's hands: who is sent what, and what becomes of it.
#pragma once

#include <algorithm>
#include <map>
#include <ostream>
#include <utility>
#include <vector>

#include "cutwater/policy/endpoints/kernel.hpp"

namespace cutwater {

inline endpoint_list named(unsigned how_many) {
    endpoint_list list;
    for (unsigned i = 0; i < how_many; ++i) list.push_back({.address = std::string(1, static_cast<char>('a' + i))});
    return list;
}

inline endpoints_options set_of(unsigned how_many, auto&& change) {
    endpoints_options o{.each = named(how_many)};
    change(o);
    return o;
}
inline endpoints_options set_of(unsigned how_many) {
    return set_of(how_many, [](auto&) {});
}

inline void PrintTo(const endpoint_change& c, std::ostream* out) {
    constexpr std::string_view what[] = {"ejected", "returned", "panic began", "panic ended"};
    *out << what[static_cast<std::size_t>(c.what)] << " " << c.place << " (" << to_text(c.cause) << ") for "
         << to_text(c.how_long) << ", " << c.in_a_row << " in a row, " << c.ejected_now << " of " << c.of;
}

/// By hand-made instants.
class endpoints_script {
public:
    explicit endpoints_script(endpoints_options o) : options{std::move(o)}, kernel{options} { advance(); }

    static constexpr instant noon{12h};

    endpoint_changes advance(duration by = {}) {
        now = add(now, by);
        return keep(kernel.advance(now));
    }
    /// One call, and its end, at a place.
    endpoint_changes end(std::size_t place, endpoint_end how, duration took = {}) {
        advance();
        const auto t = kernel.send(kernel.id_at(place), now);
        now = add(now, took);
        return keep(kernel.settle(t, how, now));
    }
    void ends(std::size_t place, unsigned succeed, unsigned fail) {
        for (unsigned i = 0; i < std::max(succeed, fail); ++i) {  // mixed: no more in a row than needed
            if (i < succeed) end(place, endpoint_end::success);
            if (i < fail) end(place, endpoint_end::failure);
        }
    }
    void fails(std::size_t place, unsigned times = 5) {
        for (unsigned i = 0; i < times; ++i) end(place, endpoint_end::failure);
    }
    /// How many of so many calls each address gets, all at once: nothing of them ends before they are sent.
    std::map<std::string, unsigned> share_of(unsigned calls, const tried_targets& tried = {}) {
        std::map<std::string, unsigned> got;
        for (unsigned i = 0; i < calls; ++i) {
            const auto answer = kernel.admit(now, dice, tried);
            keep(answer.changes);
            if (!answer.sent) {
                ++got["refused"];
                continue;
            }
            ++got[address_of(*answer.sent)];
            kernel.abandon(*answer.sent);
        }
        return got;
    }
    /// An address' part of 10000 calls, in percent, of which so many are under way at once; which of them ends next is drawn.
    double share_under_way(std::size_t under_way, const std::string& address) {
        constexpr unsigned calls = 10'000;
        unsigned got = 0;
        std::vector<endpoints_kernel::ticket> open;
        for (unsigned i = 0; i < calls; ++i) {
            if (open.size() == under_way) {
                std::swap(open[detail::below(open.size(), dice())], open.back());
                keep(kernel.settle(open.back(), endpoint_end::success, now));
                open.pop_back();
            }
            const auto answer = kernel.admit(now, dice, {});
            keep(answer.changes);
            if (!answer.sent) continue;
            if (address_of(*answer.sent) == address) ++got;
            open.push_back(*answer.sent);
        }
        for (const auto& t : open) kernel.abandon(t);
        return 100.0 * got / calls;
    }
    [[nodiscard]] std::string address_of(const endpoints_kernel::ticket& t) const {
        const auto r = kernel.read(now);
        for (std::size_t i = 0; i < r.each.size(); ++i)
            if (kernel.id_at(i) == t.id) return r.each[i].address;
        return "gone";
    }
    [[nodiscard]] std::vector<endpoint_state> states() const {
        std::vector<endpoint_state> out;
        for (const auto& e : kernel.read(now).each) out.push_back(e.state);
        return out;
    }
    endpoint_changes keep(endpoint_changes changes) {
        told.insert(told.end(), changes.begin(), changes.end());
        return changes;
    }

    endpoints_options options;
    endpoints_kernel kernel;
    instant now = noon;
    random_source dice{42};
    endpoint_changes told;
};

}  // namespace cutwater
