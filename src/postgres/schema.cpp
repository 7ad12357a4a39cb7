#include "bazaar/postgres/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ranges>
#include <set>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/blame.hpp"
#include "bazaar/postgres/functions.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/postgres/trust.hpp"
#include "bazaar/scenario/does.hpp"
#include "catalogue.hpp"
#include "columns.hpp"
#include "copy.hpp"
#include "own_tables.hpp"
#include "schema_compare.hpp"

namespace bazaar::postgres
{
namespace
{

/// Runs that are recorded, of a schema without its tables: what would be made in their place is empty. Or they are of another scenario.
void check_no_records(session& on, std::string_view schema, std::string_view scenario)
{
    lines gone;
    for (const auto& record : list(on, schema))
    {
        if (record.scenario != scenario)
            throw error(error_kind::config, other_scenario(schema, {record.run, record.scenario}, scenario));
        gone.push_back(fmt::format(
            "run {}: its record is in the schema bazaard ({} units), and the tables of its schema {} are gone",
            record.run, record.settled, schema));
    }
    if (gone.empty())
        return;
    gone.push_back(
        fmt::format("nothing was changed; restore the schemas \"{}\" and \"bazaard\" together, from one backup; "
                    "or remove the records with bazaard reset --run NAME, and begin anew; or name another "
                    "schema with --db-schema",
                    schema));
    throw error(error_kind::config, std::move(gone));
}

/// The kinds of unit whose rows are kept here: others need no function.
std::vector<model::unit_kind> kinds_here(const scenario::scenario& shop)
{
    std::vector<model::unit_kind> all;
    std::ranges::copy_if(shop.kinds(), std::back_inserter(all),
                         [&](const model::unit_kind& kind)
                         { return kept_here(shop.tables()[kind.parts.front().table]); });
    return all;
}

/// Everything that `ensure_schema` has to know, read at one point.
struct findings
{
    bool shop_schema = false;
    bool shop_tables = false;  ///< At least one is there, or the schema of a shop that has none here.
    bool own_schema = false;
    std::vector<const own_table*> missing_own;
    std::vector<const write_function*> missing_functions;
    lines differences;      ///< Of the shop's schema.
    lines own_differences;  ///< Of `bazaard`.

    [[nodiscard]] bool complete() const
    {
        return shop_tables && own_schema && missing_own.empty() && missing_functions.empty();
    }
};

class schema_work
{
public:
    struct table_right
    {
        std::string_view schema;
        std::string_view table;
        std::string_view privilege;
    };

    schema_work(session& on, std::string_view schema, const scenario::scenario& shop)
        : session_(on),
          schema_(schema),
          shop_(shop),
          functions_(make_write_functions(schema, shop.tables(), kinds_here(shop)))
    {
    }

    [[nodiscard]] findings look()
    {
        findings now;
        const auto there = read_catalogue(session_, schema_);
        now.shop_schema = there.exists;
        now.shop_tables = there.exists && std::ranges::none_of(shop_.tables(), kept_here);
        for (const auto& t : shop_.tables())
            now.shop_tables = now.shop_tables || (kept_here(t) && there.relations.contains(t.name));
        if (now.shop_tables)
            now.differences = compare_shop(there, schema_, shop_.tables());

        const auto own = read_catalogue(session_, own_schema);
        now.own_schema = own.exists;
        now.own_differences = compare_own(own);
        for (const auto& t : own_tables())
            if (!own.relations.contains(t.name))
                now.missing_own.push_back(&t);
        const auto named = function_names();
        for (const auto& function : functions_)
            if (!own.exists || !named.contains(function.name))
                now.missing_functions.push_back(&function);
        for (const auto& one : altered_functions(session_, functions_))
            now.own_differences.push_back(text(one));
        return now;
    }

    /// Rights that making things needs, before the first one is made.
    void check_making(const findings& now)
    {
        lines missing;
        const auto database = session_.exec("SELECT current_database()");
        const bool schemas_missing = !now.shop_schema || !now.own_schema;
        if (schemas_missing && !holds("SELECT has_database_privilege(current_database(), 'CREATE')", {}))
            missing.push_back(fmt::format("the role \"{}\" lacks CREATE on the database \"{}\": the schema{} not there",
                                          role(), database.get(0, 0),
                                          now.shop_schema  ? " \"bazaard\" is"
                                          : now.own_schema ? fmt::format(" \"{}\" is", schema_)
                                                           : fmt::format("s \"{}\" and \"bazaard\" are", schema_)));
        if (now.shop_schema && !now.shop_tables && !holds("SELECT has_schema_privilege($1, 'CREATE')", {schema_}))
            missing.push_back(fmt::format("the role \"{}\" lacks CREATE on the schema \"{}\": its tables are not there",
                                          role(), schema_));
        const bool own_missing = !now.missing_own.empty() || !now.missing_functions.empty();
        if (now.own_schema && own_missing && !holds("SELECT has_schema_privilege($1, 'CREATE')", {own_schema}))
            missing.push_back(
                fmt::format("the role \"{}\" lacks CREATE on the schema \"bazaard\": its {} are not there; let its "
                            "owner run \"bazaard init\"",
                            role(), now.missing_own.empty() ? "write functions" : "tables"));
        if (!missing.empty())
            throw error(error_kind::permission, std::move(missing));
    }

    void make(const findings& now)
    {
        session_.exec("SET LOCAL search_path = ''");
        if (!now.shop_schema)
            session_.exec("CREATE SCHEMA " + quote_identifier(schema_));
        if (!now.shop_tables)
        {
            session_.exec(schema_sql(shop_.tables(), schema_));
            fill_fixed();
        }
        if (!now.own_schema)
            session_.exec("CREATE SCHEMA bazaard");
        for (const auto* t : now.missing_own)
            session_.exec(create_sql(*t));
        for (const auto* function : now.missing_functions)
            session_.exec(function->create);
    }

    /// Everything that `check_using` asks for.
    void grant(std::string_view to, const use& more)
    {
        if (session_.exec("SELECT FROM pg_catalog.pg_roles WHERE rolname = $1", {to}).rows() == 0)
            throw error(error_kind::config, fmt::format("there is no role \"{}\": make it first", to));
        const auto quoted = quote_identifier(to);
        const auto give = [&](std::string_view what, std::string_view on)
        { session_.exec(fmt::format("GRANT {} ON {} TO {}", what, on, quoted)); };
        give("CONNECT", "DATABASE " + quote_identifier(session_.exec("SELECT current_database()").get(0, 0)));
        for (const std::string_view name : {std::string_view(schema_), own_schema})
            give("USAGE", "SCHEMA " + quote_identifier(name));
        // What is off by default is of other settings than those that the schema is made with.
        const auto ever = [&](model::op what, std::size_t table)
        {
            return std::ranges::any_of(shop_.kinds(),
                                       [&](const auto& kind)
                                       {
                                           return std::ranges::any_of(
                                               kind.parts, [&](const auto& part)
                                               { return part.what == what && part.table == table; });
                                       });
        };
        const auto does = [&](model::op what, std::size_t table)
        {
            if (what == model::op::erase)
                return more.removes && ever(what, table);
            if (shop_.tables()[table].kept_by == model::role::fixed)
                return more.touches && ever(what, table);
            return scenario::does(shop_, what, table);
        };
        for (const auto& [schema, name, privilege] : rights(does))
            give(privilege, quote_qualified(schema, name));
        for (const auto& function : functions_)
            give("EXECUTE", "FUNCTION " + function.signature);
        check_granted(to, rights(does));
    }

    /// A grant of somebody who may not give it on is a warning alone.
    void check_granted(std::string_view to, const std::vector<table_right>& on_tables)
    {
        lines missing;
        for (const auto& some : {schemas_denied(to), tables_denied(on_tables, to), functions_denied(to)})
            for (const auto& one : some)
                missing.push_back(
                    fmt::format("the role \"{}\" may not give {} on {}: let its owner run GRANT {} ON {} TO "
                                "{}",
                                role(), one.privilege, one.quoted, one.privilege, one.quoted, quote_identifier(to)));
        if (!missing.empty())
            throw error(error_kind::permission, std::move(missing));
    }

    /// Rights that a run needs on what is there.
    void check_using()
    {
        lines missing;
        const auto lacks = [&](const std::vector<denial>& some)
        {
            for (const auto& one : some)
                missing.push_back(fmt::format("the role \"{}\" lacks {} on the {}", role(), one.privilege, one.name));
        };
        lacks(schemas_denied());
        // Without USAGE the server looks up no name in it.
        if (!missing.empty())
            throw error(error_kind::permission, std::move(missing));
        lacks(tables_denied(rights([&](model::op what, std::size_t i) { return scenario::does(shop_, what, i); })));
        for (const auto& name : hidden_tables())
            missing.push_back(fmt::format("row security hides rows of the table {}.{} from the role \"{}\": it needs "
                                          "BYPASSRLS, or a table without",
                                          schema_, name, role()));
        lacks(functions_denied());
        if (!missing.empty())
            throw error(error_kind::permission, std::move(missing));
    }

    /// A fixed table is written with its schema, so an empty one was emptied by somebody.
    void check_fixed()
    {
        lines empty;
        const auto tables = shop_.tables();
        for (std::size_t i = 0; i < tables.size(); ++i)
        {
            if (!kept_here(tables[i]) || tables[i].kept_by != model::role::fixed ||
                session_.exec("SELECT FROM " + quote_qualified(schema_, tables[i].name) + " LIMIT 1").rows() > 0)
                continue;
            bool wanted = false;
            shop_.fixed_rows(static_cast<std::uint8_t>(i), [&](std::span<const model::value>) { wanted = true; });
            if (wanted)
                empty.push_back(fmt::format("table {}.{} is empty; its rows are written together with the tables",
                                            schema_, tables[i].name));
        }
        if (!empty.empty())
            throw error(error_kind::config, std::move(empty));
    }

private:
    /// What a run does to tables, those of `bazaard` included; `does`: whether its units do this to that table.
    template <typename Does>
    [[nodiscard]] std::vector<table_right> rights(Does does) const
    {
        std::vector<table_right> all;
        const auto tables = shop_.tables();
        for (std::size_t i = 0; i < tables.size(); ++i)
        {
            if (!kept_here(tables[i]))
                continue;
            all.push_back({schema_, tables[i].name, "SELECT"});
            if (tables[i].kept_by != model::role::fixed)
                all.push_back({schema_, tables[i].name, "INSERT"});
            if (tables[i].kept_by == model::role::heartbeat || does(model::op::update, i))
                all.push_back({schema_, tables[i].name, "UPDATE"});
            if (does(model::op::erase, i))
                all.push_back({schema_, tables[i].name, "DELETE"});
        }
        for (const auto& t : own_tables())
            for (auto rest = t.privileges; !rest.empty();)
            {
                const auto comma = rest.find(", ");
                all.push_back({own_schema, t.name, rest.substr(0, comma)});
                rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 2);
            }
        return all;
    }

    [[nodiscard]] const std::string& role() const { return session_.user(); }

    [[nodiscard]] bool holds(std::string_view sql, std::initializer_list<text_parameter> values)
    {
        return session_.exec(sql, values).get(0, 0) == "t";
    }

    /// A privilege that a role does not have.
    struct denial
    {
        std::string name;    ///< As people read it, with what it is: "table demo.orders".
        std::string quoted;  ///< As GRANT takes it: "demo"."orders", SCHEMA "demo".
        std::string privilege;
        std::string regular;  ///< What the server looks it up by.
    };

    /// Those of the objects on which `role` does not have the privilege, all asked at once; `has`: the server's function. An empty
    /// role is the current one.
    [[nodiscard]] std::vector<denial> denied(std::string_view has, std::vector<denial> some, std::string_view role)
    {
        const auto rows = session_.exec(
            fmt::format("SELECT {}(coalesce(nullif($3::text, ''), current_user::text)::name, a, b) FROM "
                        "unnest($1::text[], $2::text[]) WITH ORDINALITY AS u(a, b, n) ORDER BY n",
                        has),
            {array_text(some | std::views::transform(&denial::regular)),
             array_text(some | std::views::transform(&denial::privilege)), role});
        int row = 0;
        std::erase_if(some, [&](const denial&) { return rows.get(row++, 0) == "t"; });
        return some;
    }

    [[nodiscard]] std::vector<denial> schemas_denied(std::string_view role = {})
    {
        std::vector<denial> all;
        for (const auto& name : {schema_, std::string(own_schema)})
            all.push_back({fmt::format("schema \"{}\"", name), "SCHEMA " + quote_identifier(name), "USAGE", name});
        return denied("has_schema_privilege", std::move(all), role);
    }

    [[nodiscard]] std::vector<denial> tables_denied(const std::vector<table_right>& wanted, std::string_view role = {})
    {
        std::vector<denial> all;
        for (const auto& [schema, name, privilege] : wanted)
            all.push_back({fmt::format("table {}.{}", schema, name), quote_qualified(schema, name),
                           std::string(privilege), quote_qualified(schema, name)});
        return denied("has_table_privilege", std::move(all), role);
    }

    [[nodiscard]] std::vector<denial> functions_denied(std::string_view role = {})
    {
        std::vector<denial> all;
        for (const auto& function : functions_)
            all.push_back({fmt::format("function bazaard.{}", function.name), "FUNCTION " + function.signature,
                           "EXECUTE", function.signature});
        return denied("has_function_privilege", std::move(all), role);
    }

    /// Tables whose rows a run would not all see.
    [[nodiscard]] std::vector<std::string> hidden_tables()
    {
        std::vector<std::string> names;
        const auto tables = shop_.tables();
        for (std::size_t i = 0; i < tables.size(); ++i)
            if (kept_here(tables[i]) &&
                (tables[i].kept_by != model::role::fixed || scenario::does(shop_, model::op::update, i)))
                names.emplace_back(tables[i].name);
        const auto rows = session_.exec(
            "SELECT row_security_active(a) FROM unnest($1::text[]) WITH ORDINALITY AS u(a, n) ORDER BY n",
            {array_text(names |
                        std::views::transform([&](const auto& name) { return quote_qualified(schema_, name); }))});
        int row = 0;
        std::erase_if(names, [&](const auto&) { return rows.get(row++, 0) != "t"; });
        return names;
    }

    /// Those of the write functions that are there, by the catalogue: to_regprocedure would ask for rights on the schema first.
    [[nodiscard]] std::set<std::string, std::less<>> function_names()
    {
        const auto rows = session_.exec(
            "SELECT DISTINCT p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = "
            "p.pronamespace WHERE n.nspname = 'bazaard' AND p.proname = ANY ($1::name[])",
            {array_text(functions_ | std::views::transform(&write_function::name))});
        std::set<std::string, std::less<>> names;
        for (int i = 0; i < rows.rows(); ++i)
            names.emplace(rows.get(i, 0));
        return names;
    }

    void fill_fixed()
    {
        // Their rows have keys of their own; the codec is asked only for rows of the plan.
        const model::key_codec none(0, 0, shop_.tables());
        const auto tables = shop_.tables();
        for (const auto number : parents_first(tables))
            if (tables[number].kept_by == model::role::fixed)
                copy_rows(session_, schema_, tables[number], none, 1000,
                          [&](const scenario::row_taker& take) { shop_.fixed_rows(number, take); });
    }

    session& session_;
    std::string schema_;
    const scenario::scenario& shop_;
    std::vector<write_function> functions_;
};

void refuse_differences(const findings& now, std::string_view schema)
{
    auto told = now.differences;
    told.insert(told.end(), now.own_differences.begin(), now.own_differences.end());
    if (told.empty())
        return;
    std::string way_out = "nothing was changed";
    if (!now.differences.empty())
        way_out += fmt::format("; name another schema with --db-schema, or remove what is in the way in \"{}\"",
                               schema);
    if (!now.own_differences.empty())
        way_out += fmt::format("; remove what is in the way in \"{}\", or name another database with --db-name",
                               own_schema);
    told.push_back(std::move(way_out));
    throw error(error_kind::config, std::move(told));
}

}  // namespace

std::vector<std::string> schema_differences(session& on, std::string_view schema, std::span<const model::table> tables)
{
    return compare_shop(read_catalogue(on, schema), schema, tables);
}

void check_encoding(session& on)
{
    const auto encoding = on.server_encoding();
    if (!encoding.empty() && encoding != "UTF8")
        throw error(error_kind::config,
                    fmt::format("the database at {} has the encoding {}: it must be UTF8, as others cannot hold the "
                                "names of all people and places, or count bytes as characters; make another with "
                                "CREATE DATABASE name ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0, and name it "
                                "with --db-name",
                                on.where(), encoding));
}

schema_state ensure_schema(session& on, std::string_view schema, const scenario::scenario& shop)
{
    check_schema_name(schema);
    check_encoding(on);
    if (on.exec("SHOW transaction_read_only").get(0, 0) == "on")
        throw error(error_kind::unavailable,
                    "the server at " + on.where() +
                        " is read-only (standby or default_transaction_read_only); name the primary with --db-host, or "
                        "take the setting back (bazaard doctor says whose it is)");
    const auto trusted = check_trust(on, schema, shop.tables(), trust_use::write);
    schema_work work(on, schema, shop);
    auto now = work.look();
    refuse_differences(now, schema);
    auto state = schema_state::found;
    if (!now.complete())
    {
        if (!now.shop_tables && now.own_schema)
            check_no_records(on, schema, shop.name());
        work.check_making(now);
        if (!trusted.taken_owner.empty())
            throw error(error_kind::config,
                        fmt::format("the schemas \"{}\" and \"bazaard\" lack things, and their owner is \"{}\", which "
                                    "\"{}\" is not a member of: let the owner run \"bazaard init\"",
                                    schema, trusted.taken_owner, trusted.role));
        const auto make = [&]
        {
            long_transaction all(on);
            on.exec(fmt::format("SELECT pg_advisory_xact_lock({})", making_lock));
            // While we waited, another daemon may have made it all.
            check_trust(on, schema, shop.tables(), trust_use::write);
            now = work.look();
            refuse_differences(now, schema);
            if (!now.shop_tables)
                state = schema_state::created;
            work.make(now);
            all.commit();
        };
        blaming(on, schema, shop.tables(), make);
    }
    work.check_using();
    work.check_fixed();
    return state;
}

void grant_use(session& on, std::string_view schema, const scenario::scenario& shop, std::string_view role,
               const use& more)
{
    long_transaction all(on);
    schema_work(on, schema, shop).grant(role, more);
    all.commit();
}

}  // namespace bazaar::postgres
