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

/// The end of the comment on a schema that was there before the views: it stays when they go.
constexpr std::string_view kept_schema = " (schema made by somebody else)";

std::string beginning(const scenario::view_set& of)
{
    return fmt::format("Views {} of bazaard over run ", of.name);
}

/// The comment on a schema of views, without its end.
std::string signature(const scenario::view_set& of, std::string_view schema, std::string_view run)
{
    return fmt::format("{}{} of schema {}", beginning(of), run, schema);
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
    std::vector<std::string> found;    ///< Views and functions of the set, or other objects of their names.
    std::vector<std::string> missing;  ///< The others.
    std::vector<std::string> foreign;  ///< Those of `found` that are not what the set makes: it comments on all of its.

    /// As `create_views` leaves them.
    [[nodiscard]] bool is(std::string_view wanted) const
    {
        return missing.empty() && foreign.empty() &&
               (comment == wanted || comment == std::string(wanted) + std::string(kept_schema));
    }
};

/// In the schema, the relation or function of this name: whether there is one, and whether it can be ours.
constexpr std::string_view relation_sql =
    "SELECT c.relkind = 'v' AND pg_catalog.obj_description(c.oid, 'pg_class') IS NOT NULL FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2";
constexpr std::string_view function_sql =
    "SELECT pg_catalog.obj_description(p.oid, 'pg_proc') IS NOT NULL FROM pg_catalog.pg_proc p JOIN "
    "pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1 AND p.proname || '(' || "
    "pg_catalog.oidvectortypes(p.proargtypes) || ')' = $2";

views_there look_at(session& on, const scenario::view_set& of, std::string_view schema)
{
    views_there now;
    const auto rows = on.exec("SELECT coalesce(pg_catalog.obj_description(n.oid, 'pg_namespace'), '') FROM "
                              "pg_catalog.pg_namespace n WHERE n.nspname = $1",
                              {schema});
    now.schema = rows.rows() > 0;
    if (now.schema)
        now.comment = rows.get(0, 0);
    const auto look = [&](std::string_view sql, std::string_view name)
    {
        const auto object = on.exec(sql, {schema, name});
        (object.rows() == 0 ? now.missing : now.found).emplace_back(name);
        if (object.rows() > 0 && object.get(0, 0) != "t")
            now.foreign.emplace_back(name);
    };
    for (const auto name : of.views)
        look(relation_sql, name);
    for (const auto name : of.functions)
        look(function_sql, name);
    return now;
}

/// The statements that give the views the privileges that they have now. Within the transaction that replaces them.
std::vector<std::string> privileges(session& on, const scenario::view_set& of, std::string_view schema)
{
    std::vector<std::string> grants;
    for (const auto name : of.views)
    {
        const auto rows = on.exec("SELECT a.privilege_type, a.grantee = 0, coalesce(r.rolname, ''), a.is_grantable "
                                  "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
                                  "c.relnamespace, pg_catalog.aclexplode(c.relacl) a LEFT JOIN pg_catalog.pg_roles r "
                                  "ON r.oid = a.grantee WHERE n.nspname = $1 AND c.relname = $2 AND a.grantee <> "
                                  "c.relowner ORDER BY 3, 1",
                                  {schema, name});
        for (int i = 0; i < rows.rows(); ++i)
            if (const bool all = rows.get(i, 1) == "t"; all || !rows.get(i, 2).empty())
                grants.push_back(fmt::format("GRANT {} ON {} TO {}{}", rows.get(i, 0), quote_qualified(schema, name),
                                             all ? "PUBLIC" : quote_identifier(rows.get(i, 2)),
                                             rows.get(i, 3) == "t" ? " WITH GRANT OPTION" : ""));
    }
    return grants;
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
    const bool ours = now.comment.starts_with(beginning(of));
    const bool of_this_run = signs(now.comment, of, at.schema, at.run);
    if (ours && !of_this_run && !now.found.empty())
        throw error(error_kind::config, fmt::format("schema {}: {}; name another one with --views-schema", at.views,
                                                    now.comment.substr(0, now.comment.rfind(", "))));
    const auto& foreign = of_this_run ? now.foreign : now.found;
    if (!foreign.empty())
        throw error(error_kind::config,
                    fmt::format("schema {} has {} that bazaard did not make there; rename what is in the way, or name "
                                "another schema with --views-schema",
                                at.views, fmt::join(foreign, ", ")));
}

/// What somebody else says of the schema is not overwritten.
void check_comment(const views_there& now, const scenario::view_set& of, const views_place& at)
{
    if (!now.comment.empty() && !now.comment.starts_with(beginning(of)))
        throw error(error_kind::config,
                    fmt::format("schema {} has a comment, where bazaard would write whose views it holds; take it "
                                "away with COMMENT ON SCHEMA {} IS NULL, or name another schema with --views-schema",
                                at.views, quote_identifier(at.views)));
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
    auto now = look_at(on, of, at.views);
    check_owner(now, of, at);
    if (now.is(comment))
        return views_state::found;

    long_transaction all(on);
    on.exec(fmt::format("SELECT pg_catalog.pg_advisory_xact_lock({})", making_lock));
    // While we waited, somebody else may have made them.
    now = look_at(on, of, at.views);
    check_owner(now, of, at);
    if (now.is(comment))
        return views_state::found;
    const bool before = signs(now.comment, of, at.schema, at.run);
    check_comment(now, of, at);
    on.exec("SET LOCAL search_path = ''");
    on.exec("SET LOCAL client_min_messages = warning");
    if (!now.schema)
        on.exec("CREATE SCHEMA " + quote_identifier(at.views));
    const auto grants = privileges(on, of, at.views);
    if (before)
        drop_set(on, of, at.views, ", and make it again afterwards");
    on.exec(sql);
    for (const auto& grant : grants)
        on.exec(grant);
    const bool kept = before ? now.comment.ends_with(kept_schema) : now.schema;
    on.exec(fmt::format("COMMENT ON SCHEMA {} IS {}", quote_identifier(at.views),
                        quote_literal(kept ? comment + std::string(kept_schema) : comment)));
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
    const bool stays = now.comment.ends_with(kept_schema) || holds_anything(on, at.views);
    on.exec(stays ? fmt::format("COMMENT ON SCHEMA {} IS NULL", quote_identifier(at.views))
                  : fmt::format("DROP SCHEMA {}", quote_identifier(at.views)));
    all.commit();
    return views_state::dropped;
}

std::vector<views_found> find_views(session& on, const scenario::view_set& of, std::string_view schema)
{
    const auto rows = on.exec("SELECT n.nspname, pg_catalog.obj_description(n.oid, 'pg_namespace') FROM "
                              "pg_catalog.pg_namespace n WHERE pg_catalog.starts_with("
                              "pg_catalog.obj_description(n.oid, 'pg_namespace'), $1) ORDER BY 1",
                              {beginning(of)});
    std::vector<views_found> all;
    for (int i = 0; i < rows.rows(); ++i)
    {
        // A run's name has no blank.
        const auto rest = rows.get(i, 1).substr(beginning(of).size());
        const views_place at{std::string(schema), std::string(rest.substr(0, rest.find(' '))),
                             std::string(rows.get(i, 0))};
        if (!signs(rows.get(i, 1), of, at.schema, at.run))
            continue;
        auto now = look_at(on, of, at.views);
        const bool current = now.is(signature(of, at, views_sql(of, at)));
        all.push_back({at, std::move(now.missing), std::move(now.foreign), current});
    }
    return all;
}

}  // namespace bazaar::postgres
