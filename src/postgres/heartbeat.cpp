#include "bazaar/postgres/heartbeat.hpp"

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/identifier.hpp"
#include "columns.hpp"

namespace bazaar::postgres
{

void touch(session& on, std::string_view schema, const scenario::scenario& shop)
{
    for (const auto& t : shop.tables())
    {
        if (t.kept_by != model::role::heartbeat || !kept_here(t))
            continue;
        std::string_view moment;
        for (const auto& column : t.columns)
            if (column.kind == model::type::timestamp && live(column))
                moment = column.name;
        expect(!moment.empty(), "a heartbeat table has a column for the moment");
        const auto key = quote_identifier(t.columns[t.key].name);
        const auto stamp = quote_identifier(moment);
        on.exec(fmt::format(
            "INSERT INTO {0} ({1}, {2}) VALUES (1, now()) ON CONFLICT ({1}) DO UPDATE SET {2} = EXCLUDED.{2}",
            quote_qualified(schema, t.name), key, stamp));
    }
}

}  // namespace bazaar::postgres
