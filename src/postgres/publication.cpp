#include "bazaar/postgres/publication.hpp"

namespace bazaar::postgres
{

publication_content read_publication(session& on, std::string_view name, std::string_view schema)
{
    publication_content found;
    const auto head = on.exec(
        "SELECT pubinsert, pubupdate, pubdelete FROM pg_catalog.pg_publication WHERE pubname = $1", {name});
    if (head.rows() == 0)
        return found;
    found.there = true;
    found.inserts = head.get(0, 0) == "t";
    found.updates = head.get(0, 1) == "t";
    found.deletes = head.get(0, 2) == "t";
    // Lists of columns and conditions came with PostgreSQL 15.
    const auto rows = on.exec(on.server_version() >= 150000
                                  ? "SELECT t.tablename, a.name, t.rowfilter IS NOT NULL FROM "
                                    "pg_catalog.pg_publication_tables t CROSS JOIN LATERAL "
                                    "pg_catalog.unnest(t.attnames) AS a(name) WHERE t.pubname = $1 AND "
                                    "t.schemaname = $2"
                                  : "SELECT t.tablename, a.attname, false FROM pg_catalog.pg_publication_tables t JOIN "
                                    "pg_catalog.pg_namespace n ON n.nspname = t.schemaname JOIN pg_catalog.pg_class c "
                                    "ON c.relnamespace = n.oid AND c.relname = t.tablename JOIN "
                                    "pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT "
                                    "a.attisdropped WHERE t.pubname = $1 AND t.schemaname = $2",
                              {name, schema});
    for (int i = 0; i < rows.rows(); ++i)
    {
        auto& table = found.tables[std::string(rows.get(i, 0))];
        table.columns.emplace(rows.get(i, 1));
        table.filtered = table.filtered || rows.get(i, 2) == "t";
    }
    return found;
}

}  // namespace bazaar::postgres
