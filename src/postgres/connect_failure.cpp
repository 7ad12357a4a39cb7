#include "postgres/connect_failure.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "bazaar/base/words.hpp"

namespace bazaar::postgres
{
namespace
{

/// What a server said at a connect.
struct answer
{
    std::string_view state, message, routine;
};

/// Cuts ":  28P01: " out of a verbose message: the only place where libpq tells the SQLSTATE of a failed connect. With several
/// hosts the last one's counts.
std::optional<answer> last_answer(std::string_view text)
{
    std::optional<answer> found;
    for (auto at = text.find(":  "); at != text.npos; at = text.find(":  ", at + 1))
    {
        const auto state = text.substr(at + 3, 5);
        const bool whole = state.size() == 5 && text.substr(at + 8, 2) == ": " &&
                           std::ranges::all_of(state,
                                               [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
        if (whole)
            found = answer{state, text.substr(at + 10, text.find('\n', at) - at - 10), {}};
    }
    constexpr std::string_view label = "LOCATION:  ";
    if (const auto at = text.rfind(label); found && at != text.npos)
    {
        const auto place = text.substr(at + label.size());
        found->routine = place.substr(0, place.find(','));
    }
    return found;
}

/// A piece of libpq's own text, and the code of the standard that says the same; the first that fits counts. What is not here is
/// a server that is away for now.
struct said
{
    std::string_view piece, state;
};

constexpr std::string_view login = "28000", wrong = "F0000", away;

constexpr said of_libpq[] = {
    // Something else listens there, or the link broke in the middle.
    {"received invalid response", away},
    {"SSL SYSCALL error", away},
    {"SSL connection has been closed unexpectedly", away},
    {"requirepeer", login},
    {"certificate", login},
    {"private key", login},
    {"GSSAPI", login},
    {"channel binding", login},
    {"authentication method", login},
    {"SASL", login},
    {"SCRAM", login},
    {"server signature", login},
    {"SSL", login},
    {"could not parse network address", wrong},
    {"socket path", wrong},
    {"invalid ", wrong},
};

/// PgBouncer has one code for all of its refusals.
constexpr said of_pooler[] = {
    {"no such database", "3D000"},
    {"no such user", login},
    {"role \"", login},
    {"unsupported startup parameter", "22023"},
    {"auth", login},
};

std::string_view state_of(std::span<const said> table, std::string_view message)
{
    const auto one = std::ranges::find_if(table,
                                          [&](const said& row) { return message.find(row.piece) != message.npos; });
    return one == table.end() ? std::string_view() : one->state;
}

/// Without the names of the host, or the last one, which may be any words.
std::string_view complaint(std::string_view message)
{
    constexpr std::string_view end = " failed: ";
    const auto at = message.starts_with("connection to server") ? message.rfind(end) : message.npos;
    return at == message.npos ? message : message.substr(at + end.size());
}

}  // namespace

failure connect_failure(std::string_view text, bool needs_password, bool never_tried)
{
    failure what{.at = phase::connect, .link_lost = true};
    const auto found = last_answer(text);
    what.message = one_line(found ? found->message : text);
    std::string_view state;
    if (found)
    {
        what.routine = found->routine;
        state = found->state;
        const auto says = [&](std::string_view part) { return what.message.find(part) != what.message.npos; };
        if (state == "08P01" && says("database \"") && says("does not exist"))
            state = "3D000";
        else if (const auto own = state_of(of_pooler, what.message); state == "08P01" && !own.empty())
            state = own;
    }
    else if (needs_password)
        state = "28P01";
    else if (state = state_of(of_libpq, complaint(what.message)); state.empty() && never_tried)
        state = wrong;
    state.copy(what.sqlstate.data(), 5);
    return what;
}

}  // namespace bazaar::postgres
