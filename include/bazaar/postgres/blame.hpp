#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bazaar/model/table.hpp"
#include "bazaar/postgres/session.hpp"

namespace bazaar::postgres
{

/// Which of the user's own triggers, event triggers, policies or constraints has caused this failure, and what to do
/// about it; empty if it was none of these, or is unknown. `on` must not be in a failed transaction.
[[nodiscard]] std::string blame(session& on, std::string_view schema, std::span<const model::table> tables,
                                const failure& what);

/// Rows that are not as planned may be caused by the user's own triggers: lists the existing ones, with what to do;
/// empty if there are none.
[[nodiscard]] std::string suspects(session& on, std::string_view schema);

/// Calls `work`; adds the result of `blame` to an error of it.
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
