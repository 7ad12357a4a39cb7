// A scenario file: any bytes. It has problems, each with its place, or a spec whose numbers are all of something.

#include "bazaar/io/yaml.hpp"
#include "bazaar/scenario/declared/check.hpp"
#include "reader.hpp"

namespace
{

using namespace bazaar;
using namespace bazaar::scenario;
using namespace bazaar::scenario::declared;

constexpr io::yaml_limits limits{.bytes = 8'000, .depth = 20, .values = 500};

void check_links(const spec& made, const std::vector<declared::link>& links)
{
    for (const auto& one : links)
    {
        fuzz::require(one.to < made.tables.size(), "a link goes to a table");
        fuzz::require(one.by == no_item || one.by < made.tables[one.to].columns.size(), "weights are of a column");
    }
}

void check_scope(const spec& made, const name_scope& names, std::size_t columns)
{
    for (const auto& one : names)
    {
        fuzz::require(one.is != source::form::setting || one.one < made.settings.size(), "a setting is there");
        fuzz::require(one.is != source::form::column || one.one < columns, "a column is there");
    }
}

void check_spec(const spec& made)
{
    fuzz::require(!made.name.empty() && made.tables.size() <= 16, "a spec has a name, and 16 tables at most");
    fuzz::require(!made.clock.stages.empty(), "there is a stage");
    for (const auto& table : made.tables)
    {
        fuzz::require(table.keys.column < table.columns.size(), "a table has a key");
        fuzz::require(table.rows_of == no_item || table.rows_of < made.lists.size(), "rows are of a list");
        check_links(made, table.links);
        check_scope(made, table.names, table.columns.size());
        for (const auto& column : table.columns)
            fuzz::require(!column.sql_type.empty(), "a column has a type");
        for (const auto& change : table.changes)
        {
            check_scope(made, change.names, table.columns.size());
            for (const auto& set : change.set)
                fuzz::require(set.column < table.columns.size(), "a change sets a column");
        }
        for (const auto& one : table.arrives)
            for (const auto stage : one.stages)
                fuzz::require(stage < made.clock.stages.size(), "an arrival is of a stage");
    }
    for (const auto& unit : made.units)
    {
        check_links(made, unit.links);
        check_scope(made, unit.names, 0);
        for (const auto& row : unit.rows)
            fuzz::require(row.table < made.tables.size() && row.times_most >= 1 && row.times_most <= 16,
                          "a row is of a table");
    }
    fuzz::require(state_bound(made) <= 256ULL << 20, "a plan needs no more than is allowed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto text = fuzz::text_of(data, size);
    problems found("s.yaml");
    problems warnings("s.yaml", "warning: ");
    const auto tree = io::read_yaml(text, found, limits);
    if (!tree.whole)
        return 0;
    const auto told = found.size();
    seed_files files;
    files["menu.csv"] = "id,price,fruit,weight\nA1,4.99,true,6\nA2,5.50,false,15\n";
    const auto made = check(extended(tree.root, node{}, found), files, found, warnings);
    fuzz::require(made.has_value() == (found.size() == told), "what is not taken has a problem");
    for (const auto& line : found.lines())
        fuzz::require(line.starts_with("s.yaml:") && line.find('\n') == line.npos, line);
    if (made)
        check_spec(*made);
    return 0;
}
