#include "bazaar/postgres/classify.hpp"

namespace bazaar::postgres
{
namespace
{

struct verdict_row
{
    std::string_view state;  ///< A whole SQLSTATE, or the two characters of its class.
    action what;
    error_kind kind;
};

using enum action;
using enum error_kind;

/// Before there is a session. What is not here is a server that is away for now.
constexpr verdict_row connecting[] = {
    {"28", permanent, permission},
    {"42501", permanent, permission},
    {"3D000", permanent, config},
    {"57P04", permanent, config},
    {"0A", permanent, config},
    {"F0", permanent, config},
    // A setting that the server refuses: its value, its name, how it is written, that it holds for the whole server.
    {"22", permanent, config},
    {"42", permanent, config},
    {"55P02", permanent, config},
};

/// In answer to a request on a live link. The first row that fits counts, so whole codes stand before their
/// class.
constexpr verdict_row answering[] = {
    {"BZ001", mismatch, config},
    // Undone as a whole and by chance: the same rows again.
    {"40003", in_doubt, temporary},
    {"40", transient, temporary},
    {"55", transient, temporary},
    {"57014", transient, temporary},
    {"57P03", transient, unavailable},
    {"57P04", permanent, config},
    {"57", in_doubt, temporary},
    {"25P03", in_doubt, temporary},
    {"25006", transient, unavailable},
    {"53", transient, temporary},
    {"58", transient, temporary},
    // A pooler says "broken" with an error of this class while the client's link is fine.
    {"08", in_doubt, temporary},
    {"26000", unprepared, internal},
    {"42P05", unprepared, internal},
    {"28", permanent, permission},
    {"42501", permanent, permission},
    {"3D000", permanent, config},
    {"3F000", permanent, config},
    {"42601", permanent, internal},
    {"42", permanent, config},
    {"0A", permanent, config},
    {"22", permanent, internal},
    {"54", permanent, internal},
    {"25", permanent, internal},
    {"XX001", permanent, internal},
    {"XX002", permanent, internal},
    {"XX", broken, internal},
    // A constraint, or a trigger of the user's own.
    {"23", refused, config},
    {"P0", refused, config},
};

template <std::size_t size>
verdict find(const verdict_row (&table)[size], std::string_view state, verdict otherwise) noexcept
{
    for (const auto& entry : table)
        if (state.starts_with(entry.state))
            return {entry.what, entry.kind};
    return otherwise;
}

}  // namespace

verdict classify(const failure& what) noexcept
{
    if (what.at == phase::connect)
        return find(connecting, what.state(), {transient, unavailable});
    if (what.at == phase::send)
        return {transient, temporary};
    // By the place in the server's source: the text is translated, and the state says "not supported" of many things.
    if (what.state() == "0A000" && what.routine == "RevalidateCachedQuery")
        return {stale, temporary};
    const auto found = find(answering, what.state(), {refused, config});
    if (what.at == phase::prepare)
    {
        // Nothing is executed by preparing, so there is no doubt.
        if (what.link_lost || found.what == in_doubt)
            return {transient, temporary};
        return found;
    }
    if (what.link_lost)
        return {in_doubt, temporary};
    return found;
}

}  // namespace bazaar::postgres
