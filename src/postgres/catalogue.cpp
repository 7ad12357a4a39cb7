#include "catalogue.hpp"

namespace bazaar::postgres
{

catalogue read_catalogue(session& on, std::string_view schema)
{
    catalogue found;
    found.exists = on.exec("SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1", {schema}).rows() > 0;
    if (!found.exists)
        return found;

    const auto columns = on.exec(
        // Behind a pooler the session's settings are somebody else's: quote_all_identifiers must not matter.
        "SELECT c.relname, c.relkind IN ('r', 'p'), a.attname, replace(pg_catalog.format_type(a.atttypid, "
        "a.atttypmod), '\"', ''), a.attnotnull, "
        "a.atthasdef OR a.attidentity <> '' "
        "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
        "WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.relname, a.attnum",
        {schema});
    for (int i = 0; i < columns.rows(); ++i)
    {
        auto& relation = found.relations[std::string(columns.get(i, 0))];
        relation.table = columns.get(i, 1) == "t";
        if (!columns.null(i, 2))
            relation.columns.push_back({std::string(columns.get(i, 2)), std::string(columns.get(i, 3)),
                                        columns.get(i, 4) == "t", columns.get(i, 5) == "t"});
    }
    const auto relation_of = [&](const result& rows, int row) -> catalogue::relation*
    {
        const auto place = found.relations.find(rows.get(row, 0));
        return place == found.relations.end() ? nullptr : &place->second;
    };

    const auto constraints = on.exec(
        "SELECT c.relname, k.contype, k.conname, "
        "(SELECT string_agg(a.attname, ', ' ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY AS "
        "u(attnum, n) "
        "JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum), "
        "fn.nspname, f.relname, "
        "(SELECT string_agg(a.attname, ', ' ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY AS "
        "u(attnum, n) "
        "JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) "
        "FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid "
        "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid LEFT JOIN pg_catalog.pg_namespace fn "
        "ON fn.oid = f.relnamespace "
        "WHERE n.nspname = $1 AND k.contype IN ('p', 'f', 'c') ORDER BY c.relname, k.conname",
        {schema});
    for (int i = 0; i < constraints.rows(); ++i)
    {
        auto* relation = relation_of(constraints, i);
        if (relation == nullptr)
            continue;
        const auto kind = constraints.get(i, 1);
        if (kind == "p")
            relation->key = constraints.get(i, 3);
        else if (kind == "c")
            relation->checks.emplace_back(constraints.get(i, 2));
        else
            relation->foreign_keys.push_back({std::string(constraints.get(i, 3)), std::string(constraints.get(i, 4)),
                                              std::string(constraints.get(i, 5)), std::string(constraints.get(i, 6))});
    }

    const auto indexes = on.exec(
        "SELECT c.relname, ic.relname, "
        "(SELECT string_agg(pg_catalog.pg_get_indexdef(i.indexrelid, g, true) || "
        "CASE WHEN i.indoption[g - 1] & 1 = 1 THEN ' DESC' ELSE '' END, ', ' ORDER BY g) "
        "FROM generate_series(1, i.indnkeyatts::integer) AS g), "
        "i.indisunique, i.indisvalid, i.indpred IS NOT NULL "
        "FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid "
        "JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON "
        "n.oid = c.relnamespace "
        "WHERE n.nspname = $1 ORDER BY c.relname, ic.relname",
        {schema});
    for (int i = 0; i < indexes.rows(); ++i)
        if (auto* relation = relation_of(indexes, i))
            relation->indexes.push_back({std::string(indexes.get(i, 1)), std::string(indexes.get(i, 2)),
                                         indexes.get(i, 3) == "t", indexes.get(i, 4) == "t", indexes.get(i, 5) == "t"});
    return found;
}

}  // namespace bazaar::postgres
