#include "bazaar/postgres/trust.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/cdc.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "columns.hpp"
#include "own_tables.hpp"

namespace bazaar::postgres
{
namespace
{

/// Roles that are trusted by the role of this session. A membership counts that was granted by a superuser, or, unless ours is one, by
/// whoever could make himself a member of ours: who has ADMIN OPTION on any other role could put us into that one. A role that a
/// superuser has taken counts, unless the owner of the database has set it for all who come.
constexpr std::string_view trusted_sql =
    "WITH RECURSIVE own(oid, wary) AS ("
    "SELECT r.oid, r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = session_user UNION "
    "SELECT r.oid, r.rolsuper FROM pg_catalog.pg_roles r, pg_catalog.pg_roles s WHERE r.rolname = current_user AND "
    "s.rolname = session_user AND r.oid <> s.oid AND (NOT s.rolsuper OR NOT EXISTS (SELECT FROM "
    "pg_catalog.pg_db_role_setting d JOIN pg_catalog.pg_database b ON b.oid = d.setdatabase, "
    "pg_catalog.unnest(d.setconfig) AS u(line) WHERE d.setrole = 0 AND b.datname = pg_catalog.current_database() AND "
    "u.line LIKE 'role=%'))), "
    "ours(oid, wary) AS (SELECT o.oid, o.wary FROM own o UNION "
    "SELECT m.roleid, o.wary FROM ours o JOIN pg_catalog.pg_auth_members m ON m.member = o.oid "
    "LEFT JOIN pg_catalog.pg_roles g ON g.oid = m.grantor "
    "WHERE g.rolsuper OR (NOT o.wary AND (pg_catalog.pg_has_role(g.oid, o.oid, 'MEMBER'::text) OR (g.rolcreaterole AND "
    "pg_catalog.current_setting('server_version_num')::int < 160000)))) "
    "SELECT r.oid FROM pg_catalog.pg_roles r, pg_catalog.pg_roles s WHERE s.rolname = session_user AND "
    "(r.rolsuper OR EXISTS (SELECT FROM ours o WHERE o.oid = r.oid) OR "
    "pg_catalog.pg_has_role(r.oid, s.oid, 'MEMBER'::text)) "
    // Nobody is a member of it by a grant: it is whoever owns the database.
    "UNION SELECT d.oid FROM pg_catalog.pg_roles d, pg_catalog.pg_database b, pg_catalog.pg_roles o, "
    "pg_catalog.pg_roles "
    "s WHERE d.rolname = 'pg_database_owner' AND b.datname = pg_catalog.current_database() AND o.oid = b.datdba AND "
    "s.rolname = session_user AND (o.rolsuper OR EXISTS (SELECT FROM ours WHERE ours.oid = o.oid) OR "
    "pg_catalog.pg_has_role(o.oid, s.oid, 'MEMBER'::text))";

/// `named`: somebody was made a member of this role, other than those who made it (PostgreSQL 16 makes them members, with ADMIN).
constexpr std::string_view self_sql =
    "SELECT current_user::text, s.rolsuper OR c.rolsuper, b.datdba, "
    "(SELECT d.oid FROM pg_catalog.pg_roles d WHERE d.rolname = 'pg_database_owner'), "
    "EXISTS (SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.member WHERE m.roleid = "
    "s.oid AND NOT m.admin_option AND NOT g.rolsuper), session_user::text "
    "FROM pg_catalog.pg_roles s, pg_catalog.pg_roles c, pg_catalog.pg_database b WHERE s.rolname = session_user AND "
    "c.rolname = current_user AND b.datname = pg_catalog.current_database()";

/// Tables of the shop by name, all of `bazaard`, and what is a part of them.
constexpr std::string_view relations_sql =
    "WITH RECURSIVE t(oid) AS (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
    "c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (n.nspname = 'bazaard' OR (n.nspname = $1 AND "
    "c.relname = ANY ($2::name[]))) UNION SELECT i.inhrelid FROM t JOIN pg_catalog.pg_inherits i ON i.inhparent = "
    "t.oid) "
    "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relowner, pg_catalog.pg_get_userbyid(c.relowner), "
    "coalesce(r.rolsuper, false) FROM t JOIN pg_catalog.pg_class c ON c.oid = t.oid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.relowner "
    "ORDER BY 2, 3";

constexpr std::string_view schemas_sql =
    "SELECT n.nspname, n.nspowner, pg_catalog.pg_get_userbyid(n.nspowner), coalesce(r.rolsuper, false) FROM "
    "pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner WHERE n.nspname IN ('bazaard', "
    "$1) "
    "ORDER BY 1";

constexpr std::string_view functions_sql =
    "SELECT p.oid::pg_catalog.regprocedure::text, p.proowner, pg_catalog.pg_get_userbyid(p.proowner), "
    "coalesce(r.rolsuper, false), CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' "
    "END "
    "FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_catalog.pg_roles "
    "r "
    "ON r.oid = p.proowner WHERE n.nspname = 'bazaard' ORDER BY 1";

/// Who may make things in the schemas, or triggers on the tables, or tables that refer to these, their owners apart.
constexpr std::string_view rights_sql =
    "SELECT 'CREATE', 'schema', n.nspname, '', a.grantee, CASE a.grantee WHEN 0 THEN '' ELSE "
    "pg_catalog.pg_get_userbyid(a.grantee) END FROM pg_catalog.pg_namespace n, "
    "pg_catalog.aclexplode(n.nspacl) a WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner AND (n.nspname = "
    "'bazaard' OR (n.nspname = $1 "
    "AND n.nspname <> 'public')) UNION "
    "SELECT a.privilege_type, 'table', n.nspname, c.relname, a.grantee, CASE a.grantee WHEN 0 THEN '' ELSE "
    "pg_catalog.pg_get_userbyid(a.grantee) END FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace, "
    "LATERAL (SELECT c.relacl UNION ALL SELECT t.attacl FROM pg_catalog.pg_attribute t WHERE t.attrelid = c.oid) "
    "AS l(acl), pg_catalog.aclexplode(l.acl) a "
    "WHERE a.privilege_type IN ('TRIGGER', 'REFERENCES') AND a.grantee <> c.relowner AND c.oid = ANY ($2::oid[]) ORDER "
    "BY 3, 4, 6";

/// Functions that run when rows of the tables are written, removed or analyzed, with what leads to them: triggers, rules, policies,
/// checks, defaults, indexes with the functions of their operator classes, statistics, keys of partitions, types with the checks of
/// domains and casts, tables that refer to these, and their parents, whose readers and writers reach the rows. Tables that a rule, a
/// view or a reference leads to are followed in the same way. What PostgreSQL itself brings is not in pg_depend.
constexpr std::string_view hung_sql = R"(
WITH RECURSIVE hung(what, relation, drop_it, classid, objid) AS (
    SELECT 'trigger ' || g.tgname, g.tgrelid, 'DROP TRIGGER ' || quote_ident(g.tgname) || ' ON ',
        'pg_catalog.pg_trigger'::regclass::oid, g.oid
    FROM pg_catalog.pg_trigger g WHERE g.tgrelid = ANY ($1::oid[]) AND NOT g.tgisinternal AND g.tgenabled <> 'D'
    UNION ALL
    SELECT 'rule ' || w.rulename, w.ev_class, 'DROP RULE ' || quote_ident(w.rulename) || ' ON ',
        'pg_catalog.pg_rewrite'::regclass::oid, w.oid
    FROM pg_catalog.pg_rewrite w WHERE w.ev_class = ANY ($1::oid[])
    UNION ALL
    SELECT 'policy ' || y.polname, y.polrelid, 'DROP POLICY ' || quote_ident(y.polname) || ' ON ',
        'pg_catalog.pg_policy'::regclass::oid, y.oid
    FROM pg_catalog.pg_policy y WHERE y.polrelid = ANY ($1::oid[])
    UNION ALL
    SELECT 'constraint ' || k.conname, k.conrelid, '', 'pg_catalog.pg_constraint'::regclass::oid, k.oid
    FROM pg_catalog.pg_constraint k WHERE k.conrelid = ANY ($1::oid[])
    UNION ALL
    SELECT 'default of ' || a.attname, d.adrelid, '', 'pg_catalog.pg_attrdef'::regclass::oid, d.oid
    FROM pg_catalog.pg_attrdef d
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    WHERE d.adrelid = ANY ($1::oid[])
    UNION ALL
    SELECT 'index ' || c.relname, i.indrelid, '', 'pg_catalog.pg_class'::regclass::oid, i.indexrelid
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = ANY ($1::oid[])
    UNION ALL
    SELECT 'type of ' || a.attname, a.attrelid, '', 'pg_catalog.pg_type'::regclass::oid, a.atttypid
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
        AND t.typnamespace <> 'pg_catalog'::regnamespace
    UNION ALL
    SELECT 'statistics ' || x.stxname, x.stxrelid,
        'DROP STATISTICS ' || quote_ident(n.nspname) || '.' || quote_ident(x.stxname),
        'pg_catalog.pg_statistic_ext'::regclass::oid, x.oid
    FROM pg_catalog.pg_statistic_ext x JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace
    WHERE x.stxrelid = ANY ($1::oid[])
    UNION ALL
    SELECT 'key of partitions', d.objid, '', d.refclassid, d.refobjid
    FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = ANY ($1::oid[])
        AND d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass,
            'pg_catalog.pg_opclass'::regclass)
    UNION ALL
    SELECT 'reference by ' || k.conrelid::regclass::text, k.confrelid,
        'ALTER TABLE ' || k.conrelid::regclass::text || ' DROP CONSTRAINT ' || quote_ident(k.conname),
        'pg_catalog.pg_class'::regclass::oid, k.conrelid
    FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND k.confrelid = ANY ($1::oid[]) AND k.conrelid <> ALL ($1::oid[])
    UNION ALL
    SELECT 'parent ' || i.inhparent::regclass::text, i.inhrelid,
        CASE WHEN c.relispartition THEN 'ALTER TABLE ' || i.inhparent::regclass::text || ' DETACH PARTITION '
            || i.inhrelid::regclass::text
        ELSE 'ALTER TABLE ' || i.inhrelid::regclass::text || ' NO INHERIT ' || i.inhparent::regclass::text END,
        'pg_catalog.pg_class'::regclass::oid, i.inhparent
    FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
    WHERE i.inhrelid = ANY ($1::oid[]) AND i.inhparent <> ALL ($1::oid[])),
reached(what, relation, drop_it, classid, objid) AS (
    SELECT h.what, h.relation, h.drop_it, h.classid, h.objid FROM hung h
    UNION
    SELECT r.what, r.relation, r.drop_it, n.classid, n.objid FROM reached r, LATERAL (
        SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_depend d
        WHERE d.classid = r.classid AND d.objid = r.objid
            AND (d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass,
                    'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_opclass'::regclass, 'pg_catalog.pg_opfamily'::regclass)
                OR d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> ALL ($1::oid[])
                    AND r.classid IN ('pg_catalog.pg_rewrite'::regclass, 'pg_catalog.pg_policy'::regclass))
        UNION ALL
        SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
        WHERE d.refclassid = r.classid AND d.refobjid = r.objid
            AND r.classid IN ('pg_catalog.pg_opclass'::regclass, 'pg_catalog.pg_opfamily'::regclass)
            AND d.classid IN ('pg_catalog.pg_amproc'::regclass, 'pg_catalog.pg_amop'::regclass)
        UNION ALL
        SELECT 'pg_catalog.pg_opclass'::regclass::oid, o.oid FROM pg_catalog.pg_opclass o
        WHERE r.classid = 'pg_catalog.pg_type'::regclass AND o.opcintype = r.objid
        UNION ALL
        SELECT 'pg_catalog.pg_class'::regclass::oid, i.inhparent FROM pg_catalog.pg_inherits i
        WHERE r.classid = 'pg_catalog.pg_class'::regclass AND i.inhrelid = r.objid AND i.inhparent <> ALL ($1::oid[])
        UNION ALL
        SELECT 'pg_catalog.pg_constraint'::regclass::oid, k.oid FROM pg_catalog.pg_constraint k
        WHERE r.classid = 'pg_catalog.pg_type'::regclass AND k.contypid = r.objid
            OR r.classid = 'pg_catalog.pg_class'::regclass AND k.conrelid = r.objid
        UNION ALL
        SELECT 'pg_catalog.pg_cast'::regclass::oid, k.oid FROM pg_catalog.pg_cast k
        WHERE r.classid = 'pg_catalog.pg_type'::regclass AND k.castsource = r.objid
        UNION ALL
        SELECT 'pg_catalog.pg_trigger'::regclass::oid, g.oid FROM pg_catalog.pg_trigger g
        WHERE r.classid = 'pg_catalog.pg_class'::regclass AND g.tgrelid = r.objid AND NOT g.tgisinternal
            AND g.tgenabled <> 'D'
        UNION ALL
        SELECT 'pg_catalog.pg_rewrite'::regclass::oid, w.oid FROM pg_catalog.pg_rewrite w
        WHERE r.classid = 'pg_catalog.pg_class'::regclass AND w.ev_class = r.objid
        UNION ALL
        SELECT 'pg_catalog.pg_policy'::regclass::oid, y.oid FROM pg_catalog.pg_policy y
        WHERE r.classid = 'pg_catalog.pg_class'::regclass AND y.polrelid = r.objid
        UNION ALL
        SELECT 'pg_catalog.pg_attrdef'::regclass::oid, d.oid FROM pg_catalog.pg_attrdef d
        WHERE r.classid = 'pg_catalog.pg_class'::regclass AND d.adrelid = r.objid
        UNION ALL
        SELECT 'pg_catalog.pg_class'::regclass::oid, i.indexrelid FROM pg_catalog.pg_index i
        WHERE r.classid = 'pg_catalog.pg_class'::regclass AND i.indrelid = r.objid
        UNION ALL
        SELECT 'pg_catalog.pg_class'::regclass::oid, k.conrelid FROM pg_catalog.pg_constraint k
        WHERE r.classid = 'pg_catalog.pg_class'::regclass AND k.contype = 'f' AND k.confrelid = r.objid
            AND k.conrelid <> ALL ($1::oid[])) AS n(classid, objid))
SELECT r.what, n.nspname, c.relname, r.drop_it, 'function', p.oid::regprocedure::text, p.proowner,
    pg_catalog.pg_get_userbyid(p.proowner)
FROM reached r
JOIN pg_catalog.pg_proc p ON p.oid = r.objid AND r.classid = 'pg_catalog.pg_proc'::regclass
JOIN pg_catalog.pg_class c ON c.oid = r.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
UNION
SELECT r.what, n.nspname, c.relname, r.drop_it, 'type', t.oid::regtype::text, t.typowner,
    pg_catalog.pg_get_userbyid(t.typowner)
FROM reached r
JOIN pg_catalog.pg_type t ON t.oid = r.objid AND r.classid = 'pg_catalog.pg_type'::regclass
JOIN pg_catalog.pg_class c ON c.oid = r.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
UNION
SELECT r.what, n.nspname, c.relname, r.drop_it, 'table', t.oid::regclass::text, t.relowner,
    pg_catalog.pg_get_userbyid(t.relowner)
FROM reached r
JOIN pg_catalog.pg_class t ON t.oid = r.objid AND r.classid = 'pg_catalog.pg_class'::regclass
    AND t.relkind IN ('r', 'p', 'v', 'm', 'f')
JOIN pg_catalog.pg_class c ON c.oid = r.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY 2, 3, 1, 5, 6)";

/// Only superusers make event triggers; their functions may be another's.
constexpr std::string_view event_triggers_sql =
    "SELECT e.evtname, p.oid::pg_catalog.regprocedure::text, p.proowner, pg_catalog.pg_get_userbyid(p.proowner) FROM "
    "pg_catalog.pg_event_trigger e JOIN pg_catalog.pg_proc p ON p.oid = e.evtfoid WHERE e.evtenabled <> 'D' ORDER BY 1";

/// Functions and operators of others in the schemas that names without one are looked for in.
constexpr std::string_view path_sql =
    "SELECT n.nspname, p.oid::pg_catalog.regprocedure::text, pg_catalog.pg_get_userbyid(p.proowner), p.proowner FROM "
    "pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = ANY ($1::name[]) "
    "AND "
    "n.nspname <> 'pg_catalog' AND p.proowner <> ALL ($2::oid[]) ORDER BY 1, 2 LIMIT 5";

/// Names in the statements of `during` mean those of pg_catalog, also where a pooler takes no setting at the start.
template <typename During>
void with_empty_path(session& on, During during)
{
    const auto rows = on.exec("SHOW search_path");
    const std::string path(rows.get(0, 0));
    if (path.empty() || path == "\"\"")
        return during(std::string());
    const auto schemas = [&] { return std::string(on.exec("SELECT pg_catalog.current_schemas(false)").get(0, 0)); };
    if (!on.idle())
        return during(schemas());
    transaction all(on);
    const auto there = schemas();
    on.exec("SET LOCAL search_path = ''");
    during(there);
    all.commit();
}

class examination
{
public:
    examination(session& on, std::string_view schema, std::span<const model::table> tables, trust_use what,
                std::string_view publication)
        : session_(on), schema_(schema), use_(what), publication_(publication)
    {
        for (const auto& t : tables)
            if (kept_here(t))
                names_.push_back(t.name);
        names_.push_back(signal_table);
    }

    trust_report run()
    {
        with_empty_path(session_, [&](const std::string& path) { look(path); });
        return std::move(made_);
    }

private:
    struct object
    {
        std::string kind;    ///< "table", "view", ...
        std::string name;    ///< As people read it.
        std::string quoted;  ///< As ALTER takes it, with its kind before.
        std::string owner;   ///< Its number.
        std::string owner_name;
        bool of_superuser = false;
    };

    void look(const std::string& path)
    {
        read_self();
        if (use_ == trust_use::read)
        {
            relations();
            find_heir();
            views();
            return hung();
        }
        if (!path.empty())
            search(path);
        schemas();
        relations();
        functions();
        take_owner();
        find_heir();
        for (const auto& one : schemas_)
            if (!trusts(one) && !of_database_owner(one))
                refuse(one);
        for (const auto* some : {&relations_, &functions_})
            for (const auto& one : *some)
                if (!trusts(one))
                    refuse(one);
        rights();
        hung();
        event_triggers();
        if (!publication_.empty())
            publications();
    }

    void fault(std::string subject, std::string wrong, std::string mend)
    {
        // What leads to several things of a stranger is mended once.
        for (const auto& one : made_.faults)
            if (one.subject == subject && one.mend == mend)
                return;
        made_.faults.push_back({std::move(subject), std::move(wrong), std::move(mend)});
    }

    void read_self()
    {
        const auto self = session_.exec(self_sql);
        made_.role = self.get(0, 0);
        made_.superuser = self.get(0, 1) == "t";
        database_owner_ = {std::string(self.get(0, 2)), std::string(self.get(0, 3))};
        named_ = self.get(0, 4) == "t";
        const auto rows = session_.exec(trusted_sql);
        for (int i = 0; i < rows.rows(); ++i)
            trusted_.emplace(rows.get(i, 0));
    }

    [[nodiscard]] bool trusts(const object& one) const { return trusts(one.owner); }
    [[nodiscard]] bool trusts(std::string_view owner) const { return owner == taken_ || trusted_.contains(owner); }

    /// Whoever uses a database trusts its owner with the schema, superusers apart.
    [[nodiscard]] bool of_database_owner(const object& one) const
    {
        return (!made_.superuser || use_ == trust_use::set_up) && database_owner_.contains(one.owner);
    }

    [[nodiscard]] std::string nobody_of_ours(std::string_view owner) const
    {
        if (made_.superuser)
            return fmt::format("\"{}\", whom the superuser \"{}\" must not trust", owner, made_.role);
        return fmt::format("\"{}\", which \"{}\" is not a member of", owner, made_.role);
    }

    void refuse(const object& one)
    {
        fault(fmt::format("{} {}", one.kind, one.name), "its owner is " + nobody_of_ours(one.owner_name),
              fmt::format("ALTER {} OWNER TO {}", one.quoted, quote_identifier(heir_)));
    }

    /// Who should own what has another owner: the trusted role that has most of it.
    void find_heir()
    {
        heir_ = made_.role;
        std::map<std::string, int> numbers;
        int most = 0;
        for (const auto* some : {&relations_, &functions_})
            for (const auto& one : *some)
                if (trusts(one))
                    if (const int now = ++numbers[one.owner_name]; now > most)
                    {
                        most = now;
                        heir_ = one.owner_name;
                    }
    }

    void schemas()
    {
        const auto rows = session_.exec(schemas_sql, {schema_});
        for (int i = 0; i < rows.rows(); ++i)
        {
            const std::string name(rows.get(i, 0));
            schemas_.push_back({"schema", name, "SCHEMA " + quote_identifier(name), std::string(rows.get(i, 1)),
                                std::string(rows.get(i, 2)), rows.get(i, 3) == "t"});
        }
    }

    void relations()
    {
        static const std::map<char, std::pair<std::string, std::string>> kinds{
            {'r', {"table", "TABLE"}},
            {'p', {"table", "TABLE"}},
            {'v', {"view", "VIEW"}},
            {'m', {"materialized view", "MATERIALIZED VIEW"}},
            {'f', {"foreign table", "FOREIGN TABLE"}}};
        const auto rows = session_.exec(relations_sql, {schema_, array_text(names_)});
        for (int i = 0; i < rows.rows(); ++i)
        {
            const auto place = kinds.find(rows.get(i, 3).front());
            const auto& [kind, word] = place == kinds.end() ? kinds.at('r') : place->second;
            oids_.emplace_back(rows.get(i, 0));
            relations_.push_back({kind, fmt::format("{}.{}", rows.get(i, 1), rows.get(i, 2)),
                                  fmt::format("{} {}", word, quote_qualified(rows.get(i, 1), rows.get(i, 2))),
                                  std::string(rows.get(i, 4)), std::string(rows.get(i, 5)), rows.get(i, 6) == "t"});
            own_there_ = own_there_ || (rows.get(i, 1) == own_schema && rows.get(i, 2) == "run");
            shop_there_ = shop_there_ || (rows.get(i, 1) == schema_ && rows.get(i, 2) != signal_table);
        }
    }

    void functions()
    {
        const auto rows = session_.exec(functions_sql);
        for (int i = 0; i < rows.rows(); ++i)
            functions_.push_back({"function", std::string(rows.get(i, 0)),
                                  fmt::format("{} {}", rows.get(i, 4), rows.get(i, 0)), std::string(rows.get(i, 1)),
                                  std::string(rows.get(i, 2)), rows.get(i, 3) == "t"});
    }

    /// A view runs what it calls in the name of who reads it.
    void views()
    {
        for (const auto& one : relations_)
            if ((one.kind == "view" || one.kind == "foreign table") && !trusts(one))
                fault(
                    fmt::format("{} {}", one.kind, one.name),
                    fmt::format("it stands in the place of a table, and its owner is {}: what it calls would run with "
                                "the rights of \"{}\"",
                                nobody_of_ours(one.owner_name), made_.role),
                    fmt::format("DROP {}", one.quoted));
    }

    /// A role that may only write has nothing to know the owner by. One that owns everything is taken for it.
    void take_owner()
    {
        if (use_ == trust_use::write && (!own_there_ || !shop_there_ || made_.superuser || named_))
            return;
        std::set<std::string> owners;
        const auto signals = fmt::format("{}.{}", schema_, signal_table);
        for (const auto& one : relations_)
            if (!one.of_superuser || one.name != signals)
                owners.insert(one.owner);
        for (const auto& one : functions_)
            if (!one.of_superuser)
                owners.insert(one.owner);
        if (owners.size() != 1 || trusts(*owners.begin()))
            return;
        for (const auto& one : schemas_)
            if (one.owner != *owners.begin() && !trusts(one) && !of_database_owner(one))
                return;
        taken_ = *owners.begin();
        const auto place = std::ranges::find(relations_, taken_, &object::owner);
        made_.taken_owner = place->owner_name;
    }

    void rights()
    {
        const auto rows = session_.exec(rights_sql, {schema_, array_text(oids_)});
        for (int i = 0; i < rows.rows(); ++i)
        {
            const auto cell = [&](int column) { return rows.get(i, column); };
            const bool all = cell(4) == "0";
            if (!all && (trusts(cell(4)) || (!made_.superuser && database_owner_.contains(cell(4)))))
                continue;
            const bool schema = cell(1) == "schema";
            const auto name = schema ? std::string(cell(2)) : fmt::format("{}.{}", cell(2), cell(3));
            const auto quoted = schema ? "SCHEMA " + quote_identifier(cell(2)) : quote_qualified(cell(2), cell(3));
            fault(
                fmt::format("{} {}", cell(1), name),
                fmt::format("{} has the privilege {} on it", all ? "PUBLIC" : fmt::format("\"{}\"", cell(5)), cell(0)),
                fmt::format("REVOKE {} ON {} FROM {}", cell(0), quoted, all ? "PUBLIC" : quote_identifier(cell(5))));
        }
    }

    void hung()
    {
        const auto rows = session_.exec(hung_sql, {array_text(oids_)});
        for (int i = 0; i < rows.rows(); ++i)
        {
            const auto cell = [&](int column) { return rows.get(i, column); };
            // A read runs casts of the columns' types, and policies.
            if (use_ == trust_use::read &&
                (cell(4) != "function" || !(cell(0).starts_with("type of ") || cell(0).starts_with("policy "))))
                continue;
            const bool taken = cell(6) == taken_;
            if (trusts(cell(6)) && !(taken && use_ == trust_use::write))
                continue;
            const auto table = quote_qualified(cell(1), cell(2));
            auto wrong = fmt::format("its {} leads to the {} {}, whose owner is {}", cell(0), cell(4), cell(5),
                                     nobody_of_ours(cell(7)));
            std::string mend = taken             ? fmt::format("GRANT {} TO {}", quote_identifier(made_.role),
                                                               quote_identifier(cell(7)))
                               : cell(3).empty() ? fmt::format("ALTER {} {} OWNER TO {}",
                                                               cell(4) == "type"    ? "TYPE"
                                                               : cell(4) == "table" ? "TABLE"
                                                                                    : "FUNCTION",
                                                               cell(5), quote_identifier(heir_))
                                                 : fmt::format("{}{}", cell(3), cell(3).ends_with(" ON ") ? table : "");
            fault(fmt::format("table {}.{}", cell(1), cell(2)), std::move(wrong), std::move(mend));
        }
    }

    void event_triggers()
    {
        const auto rows = session_.exec(event_triggers_sql);
        for (int i = 0; i < rows.rows(); ++i)
            if (!trusts(rows.get(i, 2)))
                fault(fmt::format("event trigger {}", rows.get(i, 0)),
                      fmt::format("it calls the function {}, whose owner is {}", rows.get(i, 1),
                                  nobody_of_ours(rows.get(i, 3))),
                      fmt::format("ALTER FUNCTION {} OWNER TO {}", rows.get(i, 1), quote_identifier(heir_)));
    }

    void publications()
    {
        const auto rows = session_.exec("SELECT p.pubowner, pg_catalog.pg_get_userbyid(p.pubowner) FROM "
                                        "pg_catalog.pg_publication p WHERE p.pubname "
                                        "= $1",
                                        {publication_});
        if (rows.rows() == 0)
            return;
        const object one{"publication", std::string(publication_), "PUBLICATION " + quote_identifier(publication_),
                         std::string(rows.get(0, 0)), std::string(rows.get(0, 1))};
        if (!trusts(one))
            refuse(one);
    }

    void search(const std::string& path)
    {
        std::vector<std::string> trusted(trusted_.begin(), trusted_.end());
        const auto rows = session_.exec(path_sql, {path, array_text(trusted)});
        for (int i = 0; i < rows.rows(); ++i)
            fault(fmt::format("function {}", rows.get(i, 1)),
                  fmt::format("its schema is in search_path, where it can be taken for one of PostgreSQL's, and its "
                              "owner is {}",
                              nobody_of_ours(rows.get(i, 2))),
                  fmt::format("ALTER ROLE {} SET search_path = pg_catalog", quote_identifier(made_.role)));
    }

    session& session_;
    std::string schema_;
    trust_use use_;
    std::string_view publication_;
    std::vector<std::string_view> names_;

    std::set<std::string, std::less<>> trusted_;         ///< Numbers of roles.
    std::set<std::string, std::less<>> database_owner_;  ///< By both of its names.
    std::string taken_;
    std::string heir_;
    bool named_ = false;
    bool own_there_ = false;
    bool shop_there_ = false;
    std::vector<object> schemas_;
    std::vector<object> relations_;
    std::vector<std::string> oids_;
    std::vector<object> functions_;
    trust_report made_;
};

}  // namespace

std::string text(const trust_fault& one)
{
    return fmt::format("{}: {}; {}", one.subject, one.wrong, one.mend);
}

trust_report examine_trust(session& on, std::string_view schema, std::span<const model::table> tables, trust_use what,
                           std::string_view publication)
{
    return examination(on, schema, tables, what, publication).run();
}

trust_report check_trust(session& on, std::string_view schema, std::span<const model::table> tables, trust_use what,
                         std::string_view publication)
{
    auto found = examine_trust(on, schema, tables, what, publication);
    if (found.faults.empty())
        return found;
    std::vector<std::string> lines;
    for (const auto& one : found.faults)
        lines.push_back(text(one));
    lines.push_back(fmt::format("nothing was called or changed: another role could have code of its own run as \"{}\"; "
                                "mend it as said, if that is meant{}, or name another database with --db-name",
                                found.role,
                                found.superuser ? ", or run as the role that owns the shop, or as one that writes "
                                                  "(bazaard init --writer-role), not as a superuser"
                                                : ""));
    throw error(error_kind::config, std::move(lines));
}

std::vector<trust_fault> altered_functions(session& on, std::span<const write_function> functions)
{
    std::vector<trust_fault> found;
    std::vector<std::string_view> names;
    for (const auto& one : functions)
        names.push_back(one.name);
    const auto rows = on.exec(
        "SELECT p.proname, p.oid::pg_catalog.regprocedure::text, pg_catalog.pg_get_userbyid(p.proowner), "
        "p.proargtypes::text, p.prorettype = 20 AND NOT p.proretset AND p.prokind = 'f' AND p.provariadic = 0 AND "
        "p.pronargdefaults = 0 AND p.proargmodes IS NULL, l.lanname, p.prosrc, "
        "coalesce(pg_catalog.array_to_string(p.proconfig, ', '), ''), p.prosecdef, "
        "p.provolatile = 'v' AND NOT p.proisstrict AND p.proparallel = 'u' AND NOT p.proleakproof, "
        "p.probin IS NULL AND p.prosqlbody IS NULL AND p.prosupport = 0 AND p.protrftypes IS NULL, "
        "CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END "
        "FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN "
        "pg_catalog.pg_language l "
        "ON l.oid = p.prolang WHERE n.nspname = 'bazaard' AND p.proname = ANY ($1::name[]) ORDER BY 1, 2",
        {array_text(names)});
    for (int i = 0; i < rows.rows(); ++i)
    {
        const auto cell = [&](int column) { return rows.get(i, column); };
        const auto wanted = std::ranges::find(functions, cell(0), &write_function::name);
        std::string wrong;
        const auto differs = [&](bool so, std::string_view what)
        {
            if (so)
                wrong += fmt::format("{}{}", wrong.empty() ? "" : ", ", what);
        };
        const bool other = cell(3) != fmt::format("{}", fmt::join(wanted->types, " "));
        if (!other)
        {
            differs(cell(4) != "t", "its result");
            differs(cell(5) != "plpgsql", "its language");
            differs(cell(6) != wanted->body, "its body");
            differs(cell(7) != wanted->settings, "its settings");
            differs(cell(8) == "t", "SECURITY DEFINER");
            differs(cell(9) != "t", "its volatility or the like");
            differs(cell(10) != "t", "what it is linked to");
            if (wrong.empty())
                continue;
            wrong = fmt::format("it is not as bazaard makes it, by {}", wrong);
        }
        else
            wrong = "bazaard has made none of this name with these arguments";
        found.push_back({fmt::format("function {}", cell(1)), fmt::format("{}; its owner is \"{}\"", wrong, cell(2)),
                         fmt::format("DROP {} {}", cell(11), cell(1))});
    }
    return found;
}

}  // namespace bazaar::postgres
