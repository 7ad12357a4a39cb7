#include "bazaar/postgres/diagnosis.hpp"

#include <fmt/format.h>

#include "bazaar/postgres/cdc.hpp"

namespace bazaar::postgres
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

class reader
{
public:
    reader(session& on, std::string_view schema, std::string_view publication, std::string_view role)
        : session_(on), schema_(schema), publication_(publication), role_(role)
    {
    }

    [[nodiscard]] server_facts server()
    {
        server_facts now;
        now.version = session_.server_version();
        now.encoding = session_.server_encoding();
        const auto rows = session_.exec(
            "SELECT pg_catalog.current_database(), pg_catalog.pg_is_in_recovery(), "
            "pg_catalog.current_setting('wal_level'), "
            "pg_catalog.current_setting('max_replication_slots'), "
            "(SELECT count(*) FROM pg_catalog.pg_replication_slots), "
            "pg_catalog.current_setting('max_wal_senders'), "
            "(SELECT count(*) FROM pg_catalog.pg_stat_replication), "
            "(SELECT setting::bigint * CASE WHEN setting = '-1' THEN 1 ELSE 1048576 END FROM pg_catalog.pg_settings "
            "WHERE name = 'max_slot_wal_keep_size'), "
            "(1000 * extract(epoch FROM pg_catalog.current_setting('wal_sender_timeout')::interval))::bigint, "
            "(1000 * extract(epoch FROM coalesce(pg_catalog.current_setting('idle_replication_slot_timeout', true), "
            "'0')::interval))::bigint, "
            // A client that asks for it knows.
            "coalesce((SELECT source FROM pg_catalog.pg_settings WHERE name = 'default_transaction_read_only' AND "
            "setting = 'on' AND source <> 'client' AND source <> 'session'), ''), session_user");
        now.database = rows.get(0, 0);
        now.standby = rows.get(0, 1) == "t";
        now.wal_level = rows.get(0, 2);
        now.slots_max = static_cast<int>(rows.number(0, 3));
        now.slots_used = static_cast<int>(rows.number(0, 4));
        now.senders_max = static_cast<int>(rows.number(0, 5));
        now.senders_used = static_cast<int>(rows.number(0, 6));
        now.slot_keep_bytes = rows.number(0, 7);
        now.sender_timeout = milliseconds(rows.number(0, 8));
        now.idle_slot_timeout = milliseconds(rows.number(0, 9));
        now.read_only = rows.get(0, 10);
        now.user = rows.get(0, 11);
        return now;
    }

    [[nodiscard]] publication_facts publication()
    {
        publication_facts now;
        // Filters, lists of columns and whole schemas came with PostgreSQL 15.
        const bool newer = session_.server_version() >= 150000;
        const auto there = session_.exec(
            fmt::format("SELECT puballtables{}, pubinsert, pubupdate, pubdelete FROM pg_catalog.pg_publication p WHERE "
                        "pubname = $1",
                        newer ? " OR EXISTS (SELECT FROM pg_catalog.pg_publication_namespace WHERE pnpubid = p.oid)"
                              : ""),
            {publication_});
        if (there.rows() == 0)
            return now;
        now.there = true;
        now.everything = there.get(0, 0) == "t";
        now.inserts = there.get(0, 1) == "t";
        now.updates = there.get(0, 2) == "t";
        now.deletes = there.get(0, 3) == "t";
        const auto rows = session_.exec(
            fmt::format("SELECT t.schemaname, t.tablename, {} FROM pg_catalog.pg_publication_tables t "
                        "JOIN pg_catalog.pg_publication p USING (pubname) "
                        "JOIN pg_catalog.pg_namespace n ON n.nspname = t.schemaname "
                        "JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename "
                        "LEFT JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid "
                        "WHERE pubname = $1 ORDER BY 1, 2",
                        newer ? "r.prqual IS NOT NULL, r.prattrs IS NOT NULL" : "false, false"),
            {publication_});
        for (int i = 0; i < rows.rows(); ++i)
            now.tables.push_back({std::string(rows.get(i, 0)), std::string(rows.get(i, 1)), rows.get(i, 2) == "t",
                                  rows.get(i, 3) == "t"});
        return now;
    }

    [[nodiscard]] role_facts role()
    {
        role_facts now;
        const auto rows = session_.exec(
            "SELECT r.rolcanlogin, r.rolreplication OR r.rolsuper, "
            "pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CONNECT'), "
            "coalesce(pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE'), true), "
            "CASE WHEN isfinite(r.rolvaliduntil) THEN extract(epoch FROM r.rolvaliduntil - now())::bigint END "
            "FROM pg_catalog.pg_roles r LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $2 WHERE r.rolname = $1",
            {role_, schema_});
        if (rows.rows() == 0)
            return now;
        now.there = true;
        now.login = rows.get(0, 0) == "t";
        now.replication = rows.get(0, 1) == "t";
        now.connect = rows.get(0, 2) == "t";
        now.usage = rows.get(0, 3) == "t";
        if (!rows.null(0, 4))
            now.expires = seconds(rows.number(0, 4));
        return now;
    }

    [[nodiscard]] table_facts table(std::string_view name)
    {
        table_facts now;
        now.name = name;
        const auto rows = session_.exec(
            "SELECT c.relpersistence = 'p', "
            "EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary), "
            "c.relreplident, "
            "c.relreplident <> 'i' OR EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND "
            "i.indisreplident AND i.indisvalid), "
            "coalesce(pg_catalog.pg_relation_size(nullif(c.reltoastrelid, 0)), 0) > 0, "
            "coalesce((SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE "
            "a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage IN ('x', 'e')), ''), "
            // Its owner sees all rows, unless forced.
            "coalesce(c.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls AND (c.relforcerowsecurity OR NOT "
            "pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE')), false), "
            "coalesce(pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT'), true), "
            "coalesce(pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT'), true), "
            "coalesce(pg_catalog.has_table_privilege(r.oid, c.oid, 'UPDATE'), true) "
            "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "LEFT JOIN pg_catalog.pg_roles r ON r.rolname = $3 "
            "WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')",
            {schema_, name, role_});
        if (rows.rows() == 0)
            return now;
        now.there = true;
        now.logged = rows.get(0, 0) == "t";
        now.key = rows.get(0, 1) == "t";
        now.identity = rows.get(0, 2).front();
        now.identity_index = rows.get(0, 3) == "t";
        now.out_of_line = rows.get(0, 4) == "t";
        now.wide_columns = rows.get(0, 5);
        now.row_security = rows.get(0, 6) == "t";
        now.may_select = rows.get(0, 7) == "t";
        now.may_insert = rows.get(0, 8) == "t";
        now.may_update = rows.get(0, 9) == "t";
        return now;
    }

    /// Only those with a transaction number: they hold back where a slot begins to read.
    [[nodiscard]] std::vector<transaction_facts> transactions()
    {
        std::vector<transaction_facts> found;
        const auto rows = session_.exec(
            "SELECT pid::text, false, coalesce(usename::text, ''), coalesce(datname::text, ''), "
            "extract(epoch FROM pg_catalog.clock_timestamp() - xact_start)::bigint "
            "FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL AND xact_start IS NOT NULL AND "
            "backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid() UNION ALL "
            "SELECT gid, true, owner::text, database::text, extract(epoch FROM pg_catalog.clock_timestamp() - "
            "prepared)::bigint FROM pg_catalog.pg_prepared_xacts ORDER BY 5 DESC");
        for (int i = 0; i < rows.rows(); ++i)
            found.push_back({std::string(rows.get(i, 0)), rows.get(i, 1) == "t", std::string(rows.get(i, 2)),
                             std::string(rows.get(i, 3)), seconds(rows.number(i, 4))});
        return found;
    }

private:
    session& session_;
    std::string_view schema_, publication_, role_;
};

}  // namespace

cdc_facts read_cdc_facts(session& on, std::string_view schema, std::string_view publication, std::string_view role,
                         std::span<const model::table> tables)
{
    reader from(on, schema, publication, role);
    cdc_facts now;
    now.server = from.server();
    now.publication = from.publication();
    now.role = from.role();
    for (const auto table : captured_tables(tables))
        now.tables.push_back(from.table(table));
    now.tables.push_back(from.table(signal_table));
    now.slots = read_slots(on);
    now.transactions = from.transactions();
    now.untrusted = examine_trust(on, schema, tables, trust_use::set_up, publication).faults;
    return now;
}

std::vector<slot_facts> read_slots(session& on)
{
    std::vector<slot_facts> found;
    const auto rows = on.exec(
        "SELECT slot_name, coalesce(plugin::text, ''), coalesce(database::text, ''), active, coalesce(wal_status, ''), "
        "greatest(coalesce(at.lsn - restart_lsn, 0), 0)::bigint, "
        "greatest(coalesce(at.lsn - confirmed_flush_lsn, 0), 0)::bigint FROM pg_catalog.pg_replication_slots, "
        "(SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE "
        "pg_catalog.pg_current_wal_lsn() END) AS at (lsn) WHERE NOT temporary ORDER BY 1");
    for (int i = 0; i < rows.rows(); ++i)
        found.push_back({std::string(rows.get(i, 0)), std::string(rows.get(i, 1)), std::string(rows.get(i, 2)),
                         rows.get(i, 3) == "t", std::string(rows.get(i, 4)), rows.number(i, 5), rows.number(i, 6)});
    return found;
}

}  // namespace bazaar::postgres
