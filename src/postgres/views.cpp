#include "bazaar/postgres/views.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/id.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "bazaar/postgres/trust.hpp"
#include "catalogue.hpp"
#include "columns.hpp"
#include "copy.hpp"
#include "own_tables.hpp"

namespace bazaar::postgres
{
namespace
{

/// Least and greatest id of a run: its tag is in the first 18 bits.
std::pair<std::string, std::string> ids_of_run(std::string_view run)
{
    const auto tag = run_tag(run);
    uuid low{}, high{};
    high.fill(0xff);
    for (auto* id : {&low, &high})
    {
        (*id)[0] = static_cast<std::uint8_t>(tag >> 10);
        (*id)[1] = static_cast<std::uint8_t>(tag >> 2);
        (*id)[2] = static_cast<std::uint8_t>((tag & 3) << 6 | ((*id)[2] & 0x3f));
    }
    return {to_string(low), to_string(high)};
}

/// The comment on a schema of views, without its end.
std::string signature(const scenario::view_set& of, std::string_view schema, std::string_view run)
{
    return fmt::format("Views {} of bazaard over run {} of schema {}", of.name, run, schema);
}

/// The whole comment; it changes with the statements.
std::string signature(const scenario::view_set& of, const views_place& at, std::string_view sql)
{
    return fmt::format("{}, {:016x}", signature(of, at.schema, at.run), stream::named(sql).number);
}

/// Whether the comment is a signature of this run. Names may contain commas.
bool signs(std::string_view comment, const scenario::view_set& of, std::string_view schema, std::string_view run)
{
    return comment.substr(0, comment.rfind(", ")) == signature(of, schema, run);
}

struct views_there
{
    bool schema = false;
    std::string comment;
    std::vector<std::string_view> views;  ///< Relations with the names of the set.
    bool complete = false;
};

views_there look_at(session& on, const scenario::view_set& of, std::string_view schema)
{
    views_there now;
    const auto rows = on.exec("SELECT coalesce(pg_catalog.obj_description(n.oid, 'pg_namespace'), '') FROM "
                              "pg_catalog.pg_namespace n WHERE n.nspname = $1",
                              {schema});
    now.schema = rows.rows() > 0;
    if (!now.schema)
        return now;
    now.comment = rows.get(0, 0);
    const auto there = read_catalogue(on, schema);
    for (const auto name : of.views)
        if (there.relations.contains(name))
            now.views.push_back(name);
    std::size_t functions = 0;
    for (const auto function : of.functions)
        functions += on.exec("SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = "
                             "p.pronamespace WHERE n.nspname = $1 AND p.proname || '(' || "
                             "pg_catalog.oidvectortypes(p.proargtypes) || ')' = $2",
                             {schema, function})
                                 .rows() > 0
                         ? 1U
                         : 0U;
    now.complete = now.views.size() == of.views.size() && functions == of.functions.size();
    return now;
}

/// Drops all that the set makes, and nothing that uses it. Within a transaction.
void drop_set(session& on, const scenario::view_set& of, std::string_view schema, std::string_view instead)
{
    std::string views;
    for (const auto name : of.views)
        views += fmt::format("{}{}", views.empty() ? "" : ", ", quote_qualified(schema, name));
    try
    {
        on.exec("DROP VIEW IF EXISTS " + views);
        for (const auto function : of.functions)
            on.exec(fmt::format("DROP FUNCTION IF EXISTS {}.{}", quote_identifier(schema), function));
    }
    catch (const query_error& problem)
    {
        // dependent_objects_still_exist, wrong_object_type
        if (problem.cause().state() != "2BP01" && problem.cause().state() != "42809")
            throw;
        throw error(error_kind::config,
                    fmt::format("views of schema {} were not dropped: {}; drop what uses them first{}", schema,
                                problem.cause().message, instead));
    }
}

bool holds_anything(session& on, std::string_view schema)
{
    return on.exec("SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = $1 AND (EXISTS (SELECT FROM "
                   "pg_catalog.pg_class c WHERE c.relnamespace = n.oid) OR EXISTS (SELECT FROM pg_catalog.pg_proc p "
                   "WHERE p.pronamespace = n.oid) OR EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.typnamespace = "
                   "n.oid))",
                   {schema})
               .rows() > 0;
}

void check_tables(session& on, const views_place& at, std::span<const model::table> tables)
{
    std::vector<std::string> missing;
    for (const auto& t : tables)
        if (kept_here(t) &&
            on.exec("SELECT pg_catalog.to_regclass($1) IS NOT NULL", {quote_qualified(at.schema, t.name)}).get(0, 0) !=
                "t")
            missing.push_back(fmt::format("table {}.{} is not there: run \"bazaard init\" first", at.schema, t.name));
    if (!missing.empty())
        throw error(error_kind::config, std::move(missing));
}

/// Whose the objects are that stand in the way.
void check_owner(const views_there& now, const scenario::view_set& of, const views_place& at)
{
    if (signs(now.comment, of, at.schema, at.run) || now.views.empty())
        return;
    const bool ours = now.comment.starts_with(fmt::format("Views {} of bazaard over run ", of.name));
    throw error(error_kind::config,
                ours ? fmt::format("schema {}: {}; name another one with --views-schema", at.views,
                                   now.comment.substr(0, now.comment.rfind(", ")))
                     : fmt::format("schema {} has {} that bazaard did not make there; name another one with "
                                   "--views-schema",
                                   at.views, fmt::join(now.views, ", ")));
}

}  // namespace

void check_views_place(const views_place& at)
{
    check_schema_name(at.views);
    if (at.views == at.schema)
        throw error(
            error_kind::usage,
            fmt::format("--views-schema {}: it is the schema of the tables; views need one of their own", at.views));
}

std::string views_sql(const scenario::view_set& of, const views_place& at)
{
    const auto [first, last] = ids_of_run(at.run);
    const std::array<std::pair<std::string_view, std::string>, 4> variables{{
        {":\"shop\"", quote_identifier(at.schema)},
        {":\"views\"", quote_identifier(at.views)},
        {":'first'", quote_literal(first)},
        {":'last'", quote_literal(last)},
    }};
    std::string text;
    for (auto rest = of.sql; !rest.empty();)
    {
        const auto* const found = std::ranges::find_if(variables,
                                                       [&](const auto& one) { return rest.starts_with(one.first); });
        text += found == variables.end() ? std::string(rest.substr(0, 1)) : found->second;
        rest.remove_prefix(found == variables.end() ? 1 : found->first.size());
    }
    return text;
}

views_state create_views(session& on, const scenario::view_set& of, const views_place& at,
                         std::span<const model::table> tables)
{
    check_views_place(at);
    check_trust(on, at.schema, tables, trust_use::set_up);
    check_trust(on, at.views, {}, trust_use::set_up);
    check_tables(on, at, tables);
    const auto sql = views_sql(of, at);
    const auto comment = signature(of, at, sql);
    const auto as_it_should_be = [&](const views_there& now) { return now.complete && now.comment == comment; };
    auto now = look_at(on, of, at.views);
    check_owner(now, of, at);
    if (as_it_should_be(now))
        return views_state::found;

    long_transaction all(on);
    on.exec(fmt::format("SELECT pg_catalog.pg_advisory_xact_lock({})", making_lock));
    // While we waited, somebody else may have made them.
    now = look_at(on, of, at.views);
    check_owner(now, of, at);
    if (as_it_should_be(now))
        return views_state::found;
    on.exec("SET LOCAL search_path = ''");
    on.exec("SET LOCAL client_min_messages = warning");
    if (!now.schema)
        on.exec("CREATE SCHEMA " + quote_identifier(at.views));
    const bool before = signs(now.comment, of, at.schema, at.run);
    if (before)
        drop_set(on, of, at.views, ", and make it again afterwards");
    on.exec(sql);
    on.exec(fmt::format("COMMENT ON SCHEMA {} IS {}", quote_identifier(at.views), quote_literal(comment)));
    all.commit();
    return before ? views_state::replaced : views_state::created;
}

views_state drop_views(session& on, const scenario::view_set& of, const views_place& at)
{
    check_views_place(at);
    const auto now = look_at(on, of, at.views);
    check_owner(now, of, at);
    if (!signs(now.comment, of, at.schema, at.run))
        return views_state::absent;
    transaction all(on);
    on.exec("SET LOCAL client_min_messages = warning");
    // Whoever reads them does not keep `reset` from its work.
    on.exec("SET LOCAL lock_timeout = '5s'");
    drop_set(on, of, at.views, "");
    on.exec(holds_anything(on, at.views) ? fmt::format("COMMENT ON SCHEMA {} IS NULL", quote_identifier(at.views))
                                         : fmt::format("DROP SCHEMA {}", quote_identifier(at.views)));
    all.commit();
    return views_state::dropped;
}

std::vector<std::string> views_of_run(session& on, const scenario::view_set& of, std::string_view schema,
                                      std::string_view run)
{
    const auto rows = on.exec("SELECT n.nspname, pg_catalog.obj_description(n.oid, 'pg_namespace') FROM "
                              "pg_catalog.pg_namespace n WHERE pg_catalog.starts_with("
                              "pg_catalog.obj_description(n.oid, 'pg_namespace'), $1) ORDER BY 1",
                              {signature(of, schema, run)});
    std::vector<std::string> schemas;
    for (int i = 0; i < rows.rows(); ++i)
        if (signs(rows.get(i, 1), of, schema, run))
            schemas.emplace_back(rows.get(i, 0));
    return schemas;
}

}  // namespace bazaar::postgres
