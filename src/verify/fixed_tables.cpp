#include "fixed_tables.hpp"

#include <map>
#include <string>

#include "field_text.hpp"

namespace bazaar::verify
{

void compare_fixed(tables_work& work, std::uint8_t table)
{
    const auto& t = work.tables[table];
    const auto& shape = *work.compared[table];
    const auto place = *shape.place(t.key);
    row_encoder encode(work.compared, work.ids);
    std::map<std::string, std::string, std::less<>> wanted;
    work.with.shop.fixed_rows(table,
                              [&](std::span<const model::value> row)
                              {
                                  auto bytes = encode.bytes(table, row);
                                  const std::string key(fields_of(bytes)[place].view());
                                  wanted.emplace(key, std::move(bytes));
                              });
    const auto add = [&](defect what, const postgres::field& key, std::size_t at, const postgres::field* expected,
                         const postgres::field* found)
    {
        const auto text = [&](std::size_t of, const postgres::field& value)
        { return field_text(work.print, t.columns[shape.columns[of]], shape.types[of], value); };
        finding one;
        one.what = what;
        one.table = t.name;
        one.key = text(place, key);
        if (expected != nullptr)
        {
            one.column = t.columns[shape.columns[at]].name;
            one.expected = text(at, *expected);
            one.found = text(at, *found);
        }
        work.out.add(std::move(one));
    };
    std::map<std::string, bool, std::less<>> seen;
    postgres::row_reader rows(work.on, shape);
    std::uint64_t read = 0;
    while (rows.next())
    {
        if (++read % rows_between == 0)
            work.check_stop();
        const auto& key = rows.row()[place];
        const auto planned = wanted.find(key.view());
        if (planned == wanted.end())
        {
            add(defect::foreign_edit, key, 0, nullptr, nullptr);
            continue;
        }
        if (!seen.emplace(key.view(), true).second)
            add(defect::extra, key, 0, nullptr, nullptr);
        const auto expected = fields_of(planned->second);
        for (std::size_t i = 0; i < expected.size(); ++i)
            if (!(expected[i] == rows.row()[i]))
                add(defect::different, key, i, &expected[i], &rows.row()[i]);
    }
    for (const auto& [key, bytes] : wanted)
        if (!seen.contains(key))
            add(defect::missing, fields_of(bytes)[place], 0, nullptr, nullptr);
    work.progress.rows += read;
}

}  // namespace bazaar::verify
