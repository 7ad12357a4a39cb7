#include "bazaar/postgres/blame.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "bazaar/postgres/identifier.hpp"
#include "own_tables.hpp"

namespace bazaar::postgres
{
namespace
{

/// Triggers that hold, of tables of the shop and of the daemon, with their functions as the server names them in a context.
constexpr std::string_view triggers_sql =
    "SELECT t.tgname, n.nspname, c.relname, t.tgfoid::pg_catalog.regprocedure::text, "
    "t.tgtype::integer & 67 IN (3, 67) FROM pg_catalog.pg_trigger t "
    "JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND n.nspname IN ($1, $2) ORDER BY 2, 3, 1";

constexpr std::string_view enabled_event_triggers_sql =
    "SELECT evtname, evtfoid::pg_catalog.regprocedure::text FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D' "
    "ORDER BY 1";

/// "a SQL NAME", from whose function the failure came: the one that the context names first.
std::string culprit(session& on, std::string_view schema, const failure& what)
{
    std::string found;
    auto place = what.context.npos;
    const auto see = [&](std::string_view function, auto&& sentence)
    {
        const auto at = what.context.find(function);
        if (at >= place)
            return;
        place = at;
        found = sentence();
    };
    const auto triggers = on.try_exec(triggers_sql, std::array<text_parameter, 2>{schema, own_schema});
    for (int i = 0; !triggers.failed && i < triggers.value.rows(); ++i)
    {
        const auto cell = [&](int column) { return triggers.value.get(i, column); };
        const auto table = quote_qualified(cell(1), cell(2));
        see(cell(3),
            [&]
            {
                auto text = fmt::format("the trigger {} of the table {}.{} failed in its function {}: ", cell(0),
                                        cell(1), cell(2), cell(3));
                // A name that a session of the user finds.
                if (what.state().starts_with("42") || what.state() == "3F000")
                    text += fmt::format("the sessions of bazaard have an empty search_path, so qualify the names in "
                                        "it, or ALTER FUNCTION {} SET search_path = {}, pg_temp; or ",
                                        cell(3), quote_identifier(cell(1)));
                return text + fmt::format("mend the function, or ALTER TABLE {} DISABLE TRIGGER {}", table,
                                          quote_identifier(cell(0)));
            });
    }
    const auto events = on.try_exec(enabled_event_triggers_sql, {});
    for (int i = 0; !events.failed && i < events.value.rows(); ++i)
    {
        const auto name = events.value.get(i, 0);
        const auto function = events.value.get(i, 1);
        see(function,
            [&]
            {
                return fmt::format("the event trigger {} failed in its function {}: let it pass what bazaard makes, or "
                                   "ALTER EVENT TRIGGER {} DISABLE while it is made",
                                   name, function, quote_identifier(name));
            });
    }
    return found;
}

std::string policies(session& on, std::string_view schema)
{
    const auto rows = on.try_exec(
        "SELECT c.relname, coalesce((SELECT string_agg(p.polname, ', ' ORDER BY p.polname) FROM pg_catalog.pg_policy p "
        "WHERE p.polrelid = c.oid), 'no policy') FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
        "c.relnamespace WHERE n.nspname = $1 AND c.relrowsecurity AND "
        "pg_catalog.row_security_active(c.oid) ORDER BY 1",
        std::array<text_parameter, 1>{schema});
    std::string list;
    for (int i = 0; !rows.failed && i < rows.value.rows(); ++i)
        list += fmt::format("{}{}.{} ({})", list.empty() ? "" : ", ", schema, rows.value.get(i, 0),
                            rows.value.get(i, 1));
    if (list.empty())
        return {};
    return fmt::format("row level security holds for {}: ALTER ROLE {} BYPASSRLS, or ALTER TABLE ... DISABLE ROW LEVEL "
                       "SECURITY",
                       list, quote_identifier(on.user()));
}

/// A constraint of a table of the shop that the scenario has not made.
std::string constraint(session& on, std::string_view schema, std::span<const model::table> tables, const failure& what)
{
    const auto t = std::ranges::find(tables, what.table, &model::table::name);
    if (what.schema != schema || t == tables.end())
        return {};
    const auto place = fmt::format("{}.{}", schema, what.table);
    const auto altered = fmt::format("ALTER TABLE {}", quote_qualified(schema, what.table));
    if (what.state() == "23502" && !what.column.empty())
    {
        if (model::column_number(*t, what.column) != model::no_column)
            return {};
        return fmt::format("the column {} of {} is not of the scenario: {} ALTER COLUMN {} DROP NOT NULL, or give it a "
                           "default",
                           what.column, place, altered, quote_identifier(what.column));
    }
    if (what.constraint.empty() ||
        std::ranges::find(t->checks, what.constraint, &model::check::name) != t->checks.end())
        return {};
    const auto kind = on.try_exec(
        "SELECT k.contype, k.conindid::pg_catalog.regclass::text, coalesce(fn.nspname, ''), coalesce(f.relname, '') "
        "FROM "
        "pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON "
        "c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = "
        "f.relnamespace WHERE n.nspname = $1 AND "
        "c.relname = $2 AND k.conname = $3",
        std::array<text_parameter, 3>{schema, what.table, what.constraint});
    if (kind.failed)
        return {};
    if (kind.value.rows() == 0)
    {
        if (what.state() != "23505")
            return {};
        return fmt::format("the unique index {} of {} is not of the scenario: DROP INDEX {}", what.constraint, place,
                           quote_qualified(schema, what.constraint));
    }
    const auto type = kind.value.get(0, 0);
    const bool ours = type == "p" || (type == "f" && kind.value.get(0, 2) == schema &&
                                      std::ranges::any_of(t->foreign_keys, [&](const auto& one)
                                                          { return one.table == kind.value.get(0, 3); }));
    if (ours)
        return {};
    return fmt::format("the {} {} of {} is not of the scenario and refuses rows of the plan: {} DROP CONSTRAINT {}",
                       type == "c"   ? "check"
                       : type == "u" ? "unique constraint"
                       : type == "f" ? "foreign key"
                                     : "constraint",
                       what.constraint, place, altered, quote_identifier(what.constraint));
}

}  // namespace

std::string blame(session& on, std::string_view schema, std::span<const model::table> tables, const failure& what)
{
    if (what.link_lost || what.state().empty())
        return {};
    if (what.state() == "42501" && what.routine == "check_enable_rls")
        return policies(on, schema);
    if (!what.context.empty())
        if (auto found = culprit(on, schema, what); !found.empty())
            return found;
    if (what.state().starts_with("23"))
        return constraint(on, schema, tables, what);
    return {};
}

std::string suspects(session& on, std::string_view schema)
{
    const auto rows = on.try_exec(triggers_sql, std::array<text_parameter, 2>{schema, schema});
    std::string list;
    for (int i = 0; !rows.failed && i < rows.value.rows(); ++i)
        if (rows.value.get(i, 4) == "t")
            list += fmt::format("{}{} of {}.{}", list.empty() ? "" : ", ", rows.value.get(i, 0), rows.value.get(i, 1),
                                rows.value.get(i, 2));
    if (list.empty())
        return {};
    return fmt::format("a trigger of the user's own can keep rows away or change them: {}; mend it, or ALTER TABLE ... "
                       "DISABLE TRIGGER ...",
                       list);
}

}  // namespace bazaar::postgres
