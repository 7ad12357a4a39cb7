#include "tables_work.hpp"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "bazaar/postgres/identifier.hpp"
#include "bazaar/postgres/key_range.hpp"
#include "bazaar/scenario/first_rows.hpp"

namespace bazaar::verify
{

tables_work::tables_work(postgres::session& session, const tables_request& request, report& to)
    : on(session),
      with(request),
      out(to),
      tables(request.shop.tables()),
      ids(request.recorded.tag, request.recorded.seed, request.shop.tables()),
      of{request.shop, request.recorded, ids, 0, 0},
      units(of),
      print(request.shop.tables(), request.shop.kinds(), ids)
{
}

std::string tables_work::between(std::uint8_t table, std::uint64_t first, std::uint64_t last) const
{
    if (numbered(table))
        return fmt::format("{} BETWEEN {} AND {}", compared[table]->key, first, last);
    return postgres::key_sql(tables[table], table, ids, compared[table]->key).between(first, last);
}

std::string tables_work::any_of(std::uint8_t table, std::span<const row_id> rows) const
{
    const auto list = postgres::array_text(rows |
                                           std::views::transform([&](const row_id& row) { return text_of(row); }));
    if (numbered(table))
        return fmt::format("{} = ANY ('{}'::bigint[])", compared[table]->key, list);
    return postgres::key_sql(tables[table], table, ids, compared[table]->key).any_of(list);
}

/// By the binary form of its key.
std::optional<row_id> tables_work::row_of(std::uint8_t table, const postgres::field& key) const
{
    const auto& form = ids.form(table);
    if (form.is_text())
        return ids.decode(table, key.view());
    if (form.names_unit())
    {
        uuid id{};
        if (key.size != id.size())
            return std::nullopt;
        std::copy_n(key.data, id.size(), id.begin());
        return ids.decode(table, id);
    }
    if (key.size != sizeof(std::int64_t))
        return std::nullopt;
    std::uint64_t number = 0;
    for (const char byte : key.view())
        number = number << 8 | static_cast<std::uint8_t>(byte);
    return ids.decode(table, static_cast<std::int64_t>(number));
}

std::optional<row_id> tables_work::id_of(std::uint8_t table, std::span<const postgres::field> row) const
{
    const auto& key = row[*compared[table]->place(tables[table].key)];
    if (key.data == nullptr)
        return std::nullopt;
    if (numbered(table))
    {
        std::uint64_t value = 0;
        for (const char byte : key.view())
            value = value << 8 | static_cast<std::uint8_t>(byte);
        return value < row_end ? std::optional(row_id{table, value, no_unit}) : std::nullopt;
    }
    const auto found = row_of(table, key);
    return found ? std::optional(units.named(*found)) : std::nullopt;
}

void tables_work::first_rows(const std::function<void(const row_id&, std::span<const model::value>)>& take) const
{
    for (std::uint8_t i = 0; i < tables.size(); ++i)
        if (planned(i))
            scenario::first_rows(with.shop, i, with.recorded.start,
                                 [&](std::span<const model::value> row)
                                 { take(row_named(i, row[tables[i].key]), row); });
}

void tables_work::take_planned(unit_walk& walk, unit_no end, const std::stop_token& stop,
                               const std::function<change_taker()>& make_taker)
{
    build_units(walk, with.shop, end, with.threads, stop, decided_,
                [&]
                {
                    return [this, take = make_taker(),
                            encode = std::make_shared<row_encoder>(compared, ids)](const model::unit& unit)
                    {
                        for (const auto& change : unit.changes)
                            if (planned(change.table))
                                take(unit, change, row_named(change.table, change.key(tables[change.table])), *encode);
                    };
                });
}

void tables_work::tell()
{
    if (!with.progress)
        return;
    progress.units = std::min<unit_no>(decided_.load(std::memory_order_relaxed), progress.units_all);
    with.progress(progress);
}

}  // namespace bazaar::verify
