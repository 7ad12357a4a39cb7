#include "bazaar/postgres/cdc.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "columns.hpp"

namespace bazaar::postgres
{
namespace
{

constexpr std::array<std::string_view, 3> identity_names{"default", "full", "nothing"};

using kind = cdc_step::kind;

/// Makes what a connector needs, step by step, within one transaction.
class setup
{
public:
    setup(session& on, const cdc_options& how, std::span<const model::table> tables)
        : session_(on), how_(how), tables_(tables)
    {
    }

    std::vector<cdc_step> run()
    {
        check_server();
        transaction all(session_);
        make_signal_table();
        make_publication();
        for (const auto& [table, identity] : how_.identities)
            set_identity(table, identity);
        if (!how_.role.empty())
            make_role();
        all.commit();
        return std::move(steps_);
    }

private:
    void note(kind what, std::string line) { steps_.push_back({what, std::move(line)}); }

    [[nodiscard]] std::string qualified(std::string_view table) const { return quote_qualified(how_.schema, table); }

    /// A statement whose lack of privilege is told with what would be needed.
    void need(std::string_view sql, std::string_view privilege)
    {
        try
        {
            session_.exec(sql);
        }
        catch (const query_error& problem)
        {
            if (problem.cause().state() != "42501")
                throw;
            throw error(error_kind::permission,
                        fmt::format("the role \"{}\" may not do this: {}; it needs {} ({})", session_.user(),
                                    sql.substr(0, sql.find(" PASSWORD ")), privilege, problem.cause().message));
        }
    }

    void check_server()
    {
        std::vector<std::string> wrong;
        if (const auto level = session_.exec("SHOW wal_level").get(0, 0); level != "logical")
            wrong.push_back(
                fmt::format("wal_level of the server is {}: a connector needs logical; ALTER SYSTEM SET wal_level = "
                            "'logical', then restart the server",
                            level));
        for (const auto table : captured_tables(tables_))
            if (session_.exec("SELECT to_regclass($1) IS NOT NULL", {qualified(table)}).get(0, 0) != "t")
                wrong.push_back(
                    fmt::format("table {}.{} is not there: run \"bazaard init\" first", how_.schema, table));
        if (!wrong.empty())
            throw error(error_kind::config, std::move(wrong));
    }

    void make_signal_table()
    {
        if (session_.exec("SELECT to_regclass($1) IS NOT NULL", {qualified(signal_table)}).get(0, 0) == "t")
            return note(kind::found, fmt::format("signal table {}.{}", how_.schema, signal_table));
        need(fmt::format("CREATE TABLE {} (id varchar(42) PRIMARY KEY, type varchar(32) NOT NULL, data varchar(2048))",
                         qualified(signal_table)),
             fmt::format("CREATE on the schema {}", how_.schema));
        note(kind::made, fmt::format("signal table {}.{}", how_.schema, signal_table));
    }

    [[nodiscard]] std::set<std::string> wanted() const
    {
        std::set<std::string> names;
        for (const auto table : captured_tables(tables_))
            names.insert(fmt::format("{}.{}", how_.schema, table));
        names.insert(fmt::format("{}.{}", how_.schema, signal_table));
        return names;
    }

    [[nodiscard]] std::string table_list() const
    {
        std::string list;
        for (const auto table : captured_tables(tables_))
            list += qualified(table) + ", ";
        return list + qualified(signal_table);
    }

    void make_publication()
    {
        const auto name = quote_identifier(how_.publication);
        const auto there = session_.exec(
            "SELECT puballtables, pubinsert AND pubupdate AND pubdelete FROM pg_catalog.pg_publication WHERE "
            "pubname = $1",
            {how_.publication});
        const auto privilege = "ownership of the tables and CREATE on the database";
        if (there.rows() == 0)
        {
            need(fmt::format("CREATE PUBLICATION {} FOR TABLE {}", name, table_list()), privilege);
            return note(kind::made, fmt::format("publication {} for {} tables", how_.publication, wanted().size()));
        }
        std::vector<std::string> differences;
        if (there.get(0, 0) == "t")
            differences.emplace_back("it is for all tables");
        // Whole schemas came with PostgreSQL 15.
        else if (session_.server_version() >= 150000 &&
                 session_.exec("SELECT FROM pg_catalog.pg_publication_namespace n JOIN pg_catalog.pg_publication p ON "
                               "p.oid = pnpubid WHERE pubname = $1",
                               {how_.publication})
                         .rows() > 0)
            differences.emplace_back("it is for whole schemas");
        if (there.get(0, 1) != "t")
            differences.emplace_back("it does not publish insert, update and delete");
        std::set<std::string> found;
        const auto rows = session_.exec(
            "SELECT schemaname || '.' || tablename FROM pg_catalog.pg_publication_tables WHERE "
            "pubname = $1",
            {how_.publication});
        for (int i = 0; i < rows.rows(); ++i)
            found.emplace(rows.get(i, 0));
        const auto compare =
            [&](const std::set<std::string>& some, const std::set<std::string>& others, std::string_view says)
        {
            for (const auto& table : some)
                if (!others.contains(table))
                    differences.push_back(fmt::format("{} {}", says, table));
        };
        if (there.get(0, 0) != "t")
        {
            compare(wanted(), found, "it lacks");
            compare(found, wanted(), "it has");
        }
        const auto line = fmt::format("publication {}", how_.publication);
        if (differences.empty())
            return note(kind::found, line);
        const auto told = fmt::format("{}: {}", line, fmt::join(differences, ", "));
        if (!how_.apply)
            return note(kind::differs, told);
        if (there.get(0, 0) == "t")
        {
            need(fmt::format("DROP PUBLICATION {}", name), "ownership of the publication");
            need(fmt::format("CREATE PUBLICATION {} FOR TABLE {}", name, table_list()), privilege);
        }
        else
        {
            need(fmt::format("ALTER PUBLICATION {} SET TABLE {}", name, table_list()), privilege);
            need(fmt::format("ALTER PUBLICATION {} SET (publish = 'insert, update, delete, truncate')", name),
                 "ownership of the publication");
        }
        note(kind::changed, told);
    }

    void set_identity(std::string_view table, replica_identity wished)
    {
        const auto rows = session_.exec("SELECT relreplident FROM pg_catalog.pg_class WHERE oid = to_regclass($1)",
                                        {qualified(table)});
        const auto now = rows.rows() == 0 ? std::string_view() : rows.get(0, 0);
        const auto wanted = wished == replica_identity::full ? "f" : wished == replica_identity::nothing ? "n" : "d";
        const auto line = fmt::format("replica identity of {}.{}: {}", how_.schema, table, name(wished));
        if (now == wanted)
            return note(kind::found, line);
        need(fmt::format("ALTER TABLE {} REPLICA IDENTITY {}", qualified(table), name(wished)),
             "ownership of the table");
        note(kind::changed, line);
    }

    void make_role()
    {
        const auto role = quote_identifier(how_.role);
        const auto there = session_.exec(
            "SELECT rolcanlogin AND (rolreplication OR rolsuper) FROM pg_catalog.pg_roles WHERE "
            "rolname = $1",
            {how_.role});
        const auto privilege = "CREATEROLE and REPLICATION (before PostgreSQL 16: superuser)";
        const auto secret = how_.password
                                ? " PASSWORD " + quote_literal(session_.hashed_password(how_.role, *how_.password))
                                : std::string();
        if (there.rows() == 0)
        {
            if (!how_.password)
                throw error(error_kind::usage, fmt::format("the role {} is not there: give its password with "
                                                           "--cdc-password-file or BAZAARD_CDC_PASSWORD_FILE",
                                                           how_.role));
            need(fmt::format("CREATE ROLE {} LOGIN REPLICATION{}", role, secret), privilege);
            note(kind::made, fmt::format("role {}", how_.role));
        }
        else if (there.get(0, 0) != "t")
        {
            need(fmt::format("ALTER ROLE {} LOGIN REPLICATION{}", role, secret), privilege);
            note(kind::changed, fmt::format("role {}: LOGIN REPLICATION", how_.role));
        }
        else
            note(kind::found, fmt::format("role {}", how_.role));
        grant(role);
    }

    void grant(const std::string& role)
    {
        const auto owner = "ownership of schema and tables";
        const auto database = quote_identifier(session_.exec("SELECT current_database()").get(0, 0));
        need(fmt::format("GRANT CONNECT ON DATABASE {} TO {}", database, role), "ownership of the database");
        need(fmt::format("GRANT USAGE ON SCHEMA {} TO {}", quote_identifier(how_.schema), role), owner);
        need(fmt::format("GRANT SELECT ON {} TO {}", table_list(), role), owner);
        need(fmt::format("GRANT INSERT ON {} TO {}", qualified(signal_table), role), owner);
        for (const auto& t : tables_)
            if (kept_here(t) && t.kept_by == model::role::heartbeat)
                need(fmt::format("GRANT INSERT, UPDATE ON {} TO {}", qualified(t.name), role), owner);
        note(kind::found, fmt::format("privileges of {}", how_.role));
    }

    session& session_;
    const cdc_options& how_;
    std::span<const model::table> tables_;
    std::vector<cdc_step> steps_;
};

/// Ends whoever uses the slot, and waits until it is free.
void free_slot(session& on, const std::string& slot)
{
    on.exec("SELECT pg_catalog.pg_terminate_backend(active_pid, 5000) FROM pg_catalog.pg_replication_slots WHERE "
            "slot_name = $1 "
            "AND active_pid IS NOT NULL",
            {slot});
}

}  // namespace

std::string_view name(replica_identity what) noexcept
{
    return identity_names[static_cast<std::size_t>(what)];
}

std::optional<replica_identity> replica_identity_named(std::string_view word) noexcept
{
    const auto place = std::ranges::find(identity_names, word);
    if (place == identity_names.end())
        return std::nullopt;
    return static_cast<replica_identity>(place - identity_names.begin());
}

std::string default_cdc_name(std::string_view schema)
{
    std::string made = "bazaard_";
    for (const char c : schema.substr(0, 63 - made.size()))
    {
        const bool upper = c >= 'A' && c <= 'Z';
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        made += upper ? static_cast<char>(c - 'A' + 'a') : plain ? c : '_';
    }
    return made;
}

std::vector<std::string_view> captured_tables(std::span<const model::table> tables)
{
    std::vector<std::string_view> names;
    for (const auto& t : tables)
        if (kept_here(t))
            names.push_back(t.name);
    return names;
}

std::vector<cdc_step> cdc_setup(session& on, const cdc_options& how, std::span<const model::table> tables)
{
    return setup(on, how, tables).run();
}

std::vector<cdc_step> cdc_drop(session& on, const cdc_options& how, bool force)
{
    std::vector<cdc_step> steps;
    const auto slot = on.exec("SELECT active, active_pid FROM pg_catalog.pg_replication_slots WHERE slot_name = $1",
                              {how.slot});
    if (slot.rows() == 0)
        steps.push_back({kind::absent, fmt::format("slot {}", how.slot)});
    else
    {
        if (slot.get(0, 0) == "t" && !force)
            throw error(error_kind::config,
                        fmt::format("the slot {} is in use by server process {}: stop the connector first, or "
                                    "use --force; nothing was dropped",
                                    how.slot, slot.get(0, 1)));
        if (force)
            free_slot(on, how.slot);
        on.exec("SELECT pg_catalog.pg_drop_replication_slot($1)", {how.slot});
        steps.push_back({kind::dropped, fmt::format("slot {}", how.slot)});
    }
    const auto drop = [&](std::string_view what, std::string_view there, const std::string& sql)
    {
        const bool found = on.exec(there).rows() > 0;
        if (found)
            on.exec(sql);
        steps.push_back({found ? kind::dropped : kind::absent, std::string(what)});
    };
    transaction all(on);
    drop(fmt::format("publication {}", how.publication),
         fmt::format("SELECT FROM pg_catalog.pg_publication WHERE pubname = {}", quote_literal(how.publication)),
         "DROP PUBLICATION " + quote_identifier(how.publication));
    drop(fmt::format("signal table {}.{}", how.schema, signal_table),
         fmt::format("SELECT FROM pg_catalog.pg_tables WHERE schemaname = {} AND tablename = {}",
                     quote_literal(how.schema), quote_literal(signal_table)),
         "DROP TABLE " + quote_qualified(how.schema, signal_table));
    if (!how.role.empty())
        drop(fmt::format("role {}", how.role),
             fmt::format("SELECT FROM pg_catalog.pg_roles WHERE rolname = {}", quote_literal(how.role)),
             fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", quote_identifier(how.role)));
    all.commit();
    return steps;
}

}  // namespace bazaar::postgres
