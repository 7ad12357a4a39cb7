#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bazaar/model/table.hpp"
#include "bazaar/postgres/session.hpp"

namespace bazaar::postgres
{

/// What of the user's own, a trigger, an event trigger, a policy or a constraint, has led to this failure of the server, and
/// what to do about it; empty where it was none of these, or the server could not say. `on` is in no failed transaction.
[[nodiscard]] std::string blame(session& on, std::string_view schema, std::span<const model::table> tables,
                                const failure& what);

/// Rows that are not as planned may be the work of the user's own triggers: those that are there, with what to do; empty when
/// there is none.
[[nodiscard]] std::string suspects(session& on, std::string_view schema);

/// Does `work`; a failure of it says what `blame` finds, too.
template <typename Work>
decltype(auto) blaming(session& on, std::string_view schema, std::span<const model::table> tables, Work&& work)
{
    try
    {
        return work();
    }
    catch (const query_error& problem)
    {
        const auto why = on.alive() ? blame(on, schema, tables, problem.cause()) : std::string();
        if (why.empty())
            throw;
        throw query_error(problem.cause(), problem.what() + ("; " + why));
    }
}

}  // namespace bazaar::postgres
