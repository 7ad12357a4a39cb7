#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checker.hpp"
#include "shapes.hpp"
#include "sql_types.hpp"

// Columns, and how they are stored.

namespace bazaar::scenario::declared
{
namespace
{

/// Whether a value of that type can stand in a column.
bool fits_column(value_type type, const sql_column_type& into)
{
    switch (into.kind)
    {
    case model::type::text:
    case model::type::json:
        return true;
    case model::type::boolean:
        return type.is == kind::boolean;
    case model::type::int64:
        return type.is == kind::decimal && type.scale == 0;
    case model::type::decimal:
        return type.is == kind::decimal && type.scale <= into.scale;
    case model::type::timestamp:
        return type.is == kind::time;
    case model::type::date:
        return type.is == kind::date;
    default:
        return type.is == kind::text;
    }
}

/// The type of values of a column that nothing is generated for.
value_type value_type_of(const sql_column_type& type)
{
    switch (type.kind)
    {
    case model::type::boolean:
        return {kind::boolean};
    case model::type::int64:
    case model::type::decimal:
        return {kind::decimal, type.scale};
    case model::type::timestamp:
        return {kind::time};
    case model::type::date:
        return {kind::date};
    default:
        return {kind::text};
    }
}

std::string why_not_fit(value_type type, const sql_column_type& into)
{
    if (type.is == kind::decimal && (into.kind == model::type::int64 || into.kind == model::type::decimal))
        return fmt::format("{} digit{} behind the point do not fit {}; round() it", type.scale,
                           type.scale == 1 ? "" : "s", into.name);
    return fmt::format("a {} for a column of {}", name(type.is), into.name);
}

}  // namespace

void checker::make_column(item_no t, item_no c)
{
    auto& work = tables_[t].columns[c];
    auto& made = made_.tables[t].columns[c];
    const auto& path = tables_[t].body.path();
    if (!begin(work, path, work.at->key))
        return;
    const auto own_path = joined_path(path, work.at->key);
    const bool is_map = work.at->value.is == shape::map;
    const fields here(work.at->value, "column", own_path);
    const auto* const type = is_map ? here.scalar("type") : nullptr;
    const auto wanted = type == nullptr ? std::nullopt : sql_type_of(type->value.text);
    if (type != nullptr && !wanted)
        tell(type->value.at, own_path,
             fmt::format("\"{}\" is no type of a column; one of: {}", type->value.text, sql_types_text));
    auto how = value(work.at->value, {.in = tables_[t].names,
                                      .path = own_path,
                                      .at = work.at->at,
                                      .is_column = true,
                                      .text_wanted = wanted && wanted->kind == model::type::text});
    const bool right = how && (type == nullptr || wanted);
    if (right)
    {
        made.how = *std::move(how);
        work.nullable = made.nullable = is_nullable(made.how, tables_[t].names);
        sql_type(t, c, here);
    }
    if (is_map)
        outlets(here, made);
    end(work, right);
}

void checker::default_type(column& made) const
{
    const auto type = made.how.type;
    const auto stored = [&](std::string_view name, model::type as)
    {
        made.sql_type = name;
        made.kind = as;
    };
    switch (type.is)
    {
    case kind::boolean:
        return stored("boolean", model::type::boolean);
    case kind::time:
        return stored("timestamp with time zone", model::type::timestamp);
    case kind::date:
        return stored("date", model::type::date);
    case kind::text:
        return std::holds_alternative<gen::object>(made.how.how) || std::holds_alternative<gen::list>(made.how.how)
                   ? stored("json", model::type::json)
                   : stored("text", model::type::text);
    default:
        break;
    }
    const auto* const drawn = std::get_if<gen::even>(&made.how.how);
    const bool small = drawn != nullptr && drawn->of.low >= -2'147'483'648 && drawn->of.high <= 2'147'483'647;
    if (type.scale == 0)
        return stored(small ? "integer" : "bigint", model::type::int64);
    made.scale = type.scale;
    stored(fmt::format("numeric(18,{})", type.scale), model::type::decimal);
}

/// The type of a key, or of a column that refers to one; false for others.
bool checker::key_type(item_no t, item_no c, const std::optional<sql_column_type>& wanted)
{
    auto& made = made_.tables[t].columns[c];
    std::string needed;
    if (const auto* const to = std::get_if<gen::reference>(&made.how.how))
    {
        const auto& what = tables_[t].names.used[to->slot];
        const auto& links = what.is == source::form::link ? made_.tables[t].links : made_.units[what.unit].links;
        needed = made_.tables[links[what.one].to].columns[what.two].sql_type;
    }
    else if (key_column(t) != c)
        return false;
    else if (std::holds_alternative<gen::row_uuid>(made.how.how))
        needed = "uuid";
    else
        needed = made.how.type.is == kind::decimal ? "bigint" : "text";
    const bool is_text = needed != "uuid" && needed != "bigint";
    made.kind = model::type::ref;
    made.sql_type = is_text && wanted ? wanted->name : needed;
    const auto& at = *tables_[t].columns[c].at;
    if (wanted && (is_text ? wanted->kind != model::type::text : wanted->name != needed))
        tell(at.value.find("type")->value.at, joined_path(tables_[t].body.path(), at.key),
             fmt::format("keys of this form are of type {}", is_text ? "text or varchar(n)" : needed));
    return true;
}

void checker::sql_type(item_no t, item_no c, const fields& here)
{
    const auto& work = tables_[t].columns[c];
    auto& made = made_.tables[t].columns[c];
    const auto& path = here.path();
    const auto* const at = work.at->value.is == shape::map ? here.scalar("type") : nullptr;
    const auto wanted = at == nullptr ? std::nullopt : sql_type_of(at->value.text);
    auto& type = made.how.type;
    if (made.how.how.index() == 0 && !wanted)
        return tell(work.at->at, path, "has no generator, so it needs a type");
    if (made.how.how.index() == 0)
        type = value_type_of(*wanted);
    if (key_type(t, c, wanted))
        return;
    if (type.is == kind::duration)
        return tell(work.at->at, path, "a span of time is no value of a column; divide it, as by 1s");
    if (!wanted && type.is == kind::decimal && type.scale > 9)
        return tell(work.at->at, path,
                    fmt::format("{} digits behind the point; round() it, or give it a type", type.scale));
    if (!wanted)
        return default_type(made);
    if (wanted->kind == model::type::ref)
        return tell(at->value.at, path, "uuid is the type of keys and of columns that refer to them");
    if (!fits_column(type, *wanted))
        return tell(at->value.at, path, why_not_fit(type, *wanted));
    made.sql_type = wanted->name;
    made.kind = wanted->kind;
    made.scale = wanted->scale;
}

void checker::outlets(const fields& here, column& made)
{
    made.unique = here.boolean("unique").value_or(false);
    if (here.scalar("in") != nullptr)
        made.in = here.word("in") == 0 ? outlet::postgres : outlet::kafka;
    made.time_form = here.text("as");
    if (!made.time_form.empty() && made.how.how.index() != 0 && made.how.type.is != kind::time)
        tell(here.find("as")->at, here.path(), "\"as\" does nothing here; it goes with times");
    if (const auto block = here.block("protobuf"))
    {
        if (const auto number_here = block->integer("number"))
            made.protobuf_number = static_cast<std::uint32_t>(*number_here);
        made.protobuf_type = block->text("type");
    }
    if (const auto block = here.block("avro"))
        made.avro_type = block->text("type");
}

// --- Keys

void checker::keys()
{
    for (item_no t = 0; t < made_.tables.size(); ++t)
        if (tables_[t].at->value.is == shape::map)
            one_key(t);
}

namespace
{

/// What no form of SQL, CSV or JSON has to escape.
bool is_plain_key(std::string_view text)
{
    return std::ranges::all_of(text,
                               [](char c)
                               {
                                   return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                                          std::string_view("-_./:+#").find(c) != std::string_view::npos;
                               });
}

int digits_of(std::uint64_t number)
{
    int digits = 1;
    for (; number > 9; number /= 10)
        ++digits;
    return digits;
}

}  // namespace

item_no checker::key_column(item_no t) const
{
    return column_named(t, tables_[t].body.text("key"));
}

void checker::one_key(item_no t)
{
    auto& made = made_.tables[t].keys;
    const auto& body = tables_[t].body;
    const auto* const at = body.scalar("key");
    made.column = at == nullptr ? no_item : column_of(t, at, body.path());
    if (made.column == no_item || tables_[t].columns[made.column].is != progress::done)
        return;
    auto& column = made_.tables[t].columns[made.column];
    const auto own_path = joined_path(body.path(), column.name);
    const auto place = tables_[t].columns[made.column].at->at;
    if (tables_[t].columns[made.column].nullable || column.how.when)
        tell(place, own_path, "a key has a value in every row");
    if (auto* const counted = std::get_if<gen::sequence>(&column.how.how))
        return sequence_key(t, *counted, place, own_path);
    if (std::holds_alternative<gen::row_uuid>(column.how.how))
        return;
    const auto start = expression_start(tables_[t].columns[made.column].at->value);
    const auto* const is = tables_[t].columns[made.column].at->value.find("is");
    const auto& from = is != nullptr ? is->value : tables_[t].columns[made.column].at->value;
    const auto begins = is != nullptr ? expression_start(from) : start;
    const auto named = plain_name(std::string_view(from.text).substr(std::min(begins, from.text.size())),
                                  tables_[t].names);
    const bool listed_here = named && tables_[t].names.sources[*named].is == source::form::file_cell;
    if (!listed_here)
        return tell(at->at, body.path_of("key"),
                    fmt::format("column {} names no row; a key is {{uuid: row}}, a sequence, or a column of rows_of "
                                "whose values all differ",
                                column.name));
    listed_key(t, tables_[t].names.sources[*named].two, at->at);
}

/// Keys that a file or list has.
void checker::listed_key(item_no t, item_no list_column, mark at)
{
    auto& made = made_.tables[t].keys;
    made.is = declared::key::form::listed;
    made.list = list_named(tables_[t].body.text("rows_of"));
    made.list_column = list_column;
    const auto& list = made_.lists[made.list];
    std::set<std::string_view> seen;
    for (std::size_t i = list_column; i < list.cells.size(); i += list.columns.size())
    {
        const auto& cell = list.cells[i];
        const auto row = i / list.columns.size() + 1;
        if (cell.empty() || cell.size() > 64 || !is_plain_key(cell))
            return tell(at, tables_[t].body.path_of("key"),
                        fmt::format("key {} \"{}\" of {} must be 1 to 64 letters of ASCII, digits and -_./:+#", row,
                                    cell, list.name));
        if (!seen.insert(cell).second)
            return tell(at, tables_[t].body.path_of("key"),
                        fmt::format("\"{}\" stands twice in {}, so it names no row", cell, list.name));
    }
}

void checker::sequence_key(item_no t, gen::sequence& counted, mark at, const std::string& path)
{
    auto& made = made_.tables[t].keys;
    made.first = counted.from;
    if (counted.prefix.empty() && counted.suffix.empty() && counted.digits == 0)
    {
        made.is = declared::key::form::bigint;
        return;
    }
    made.is = declared::key::form::sequence;
    made.prefix = counted.prefix;
    if (!counted.suffix.empty() || !is_plain_key(counted.prefix) || counted.prefix.size() > 32)
        return tell(at, path,
                    "a key has up to 32 letters of ASCII, digits and -_./:+# before {n}, and nothing behind it");
    const bool given = counted.digits > 0;
    if (!given)
        counted.digits = static_cast<std::uint8_t>(digits_of(counted.from));
    made.digits = counted.digits;
    std::uint64_t end = 1;
    for (int i = 0; i < counted.digits; ++i)
        end *= 10;
    const auto room = end <= counted.from ? 0 : end - counted.from;
    const auto& table = made_.tables[t];
    const bool grows = std::ranges::any_of(tables_[t].made_by,
                                           [](const insertion& one) { return one.by != insertion::form::own; }) ||
                       !table.arrives.empty();
    const auto seeds = [&](bool highest)
    {
        const auto rows = table.seed ? value_of(*table.seed, highest) : 0;
        return static_cast<std::uint64_t>(std::max<std::int64_t>(rows, 0));
    };
    // Rows that arrive need no more room than for all that will ever come.
    std::uint64_t most = seeds(true);
    bool ends = std::ranges::none_of(tables_[t].made_by,
                                     [](const insertion& one) { return one.by != insertion::form::own; });
    for (const auto& one : table.arrives)
    {
        const auto& last = one.is == arrival::form::count ? one.count : one.max;
        const auto rows = last ? value_of(*last, true) : 0;
        ends = ends && rows > 0;
        most += static_cast<std::uint64_t>(std::max<std::int64_t>(rows, 0));
    }
    const bool too_few = room == 0 || room < seeds(false) || (!given && grows && room < 1'000'000);
    if (too_few)
        tell(at, path,
             fmt::format("{} digits have room for {} rows; write {{n:09}} for nine digits", counted.digits, room));
    else if (ends ? room < most : (grows && room < 1'000'000) || room < seeds(true))
        warnings_.add(at, path, fmt::format("has room for {} rows; then the plan ends", room));
}

// --- Where a table goes

void checker::destinations()
{
    for (item_no t = 0; t < made_.tables.size(); ++t)
    {
        if (tables_[t].at->value.is != shape::map)
            continue;
        one_destination(t);
        topic(t);
        sql_of(t);
    }
}

void checker::one_destination(item_no t)
{
    auto& made = made_.tables[t].to;
    const auto& body = tables_[t].body;
    const auto* const at = body.find("to");
    if (at == nullptr)
    {
        made.postgres = true;
        return;
    }
    const auto take = [&](std::string_view word, mark place)
    {
        made.postgres = made.postgres || word == "postgres";
        made.kafka = made.kafka || word == "kafka";
        if (word != "postgres" && word != "kafka" && word != "none")
            tell(place, body.path_of("to"),
                 fmt::format("\"{}\" is no place; one of: postgres, kafka, none, [postgres, kafka]", word));
    };
    const auto start = expression_start(at->value);
    if (start == std::string::npos)
    {
        for (const auto& one : body.scalars("to"))
            take(one.value.text, one.value.at);
        return;
    }
    const auto named = std::string_view(at->value.text).substr(start);
    const auto found = std::ranges::find(made_.settings, named, &setting::name);
    if (found == made_.settings.end() || found->kind != field_kind::choice)
        return tell(at->value.at, body.path_of("to"),
                    "takes the name of a setting that is a choice of postgres, kafka and none");
    used_.insert(found->name);
    made.setting = static_cast<item_no>(found - made_.settings.begin());
    for (const auto& word : found->choices)
        if (word != "postgres" && word != "kafka" && word != "none")
            tell(at->value.at, body.path_of("to"),
                 fmt::format("setting {} has the word \"{}\"; only postgres, kafka and none are places", found->name,
                             word));
    made.postgres = found->initial == "postgres";
    made.kafka = found->initial == "kafka";
}

bool checker::may_go_to(item_no t, std::string_view place) const
{
    const auto& to = made_.tables[t].to;
    if (to.setting == no_item)
        return place == "postgres" ? to.postgres : to.kafka;
    const auto& words = made_.settings[to.setting].choices;
    return std::ranges::find(words, place) != words.end();
}

std::vector<item_no> checker::columns_in(const node& list, item_no t, std::string_view path)
{
    std::vector<item_no> all;
    for (const auto& item : list.items)
    {
        const entry one{{}, item.at, item};
        const auto column = item.is != shape::scalar ? no_item : column_named(t, item.text);
        if (column == no_item && item.is == shape::scalar)
            no_such(one, path, "column", names_of(made_.tables[t].columns));
        else if (std::ranges::find(all, column) != all.end())
            tell(item.at, path, fmt::format("column \"{}\" stands twice", item.text));
        else if (column != no_item)
            all.push_back(column);
    }
    return all;
}

void checker::topic(item_no t)
{
    auto& made = made_.tables[t].topic;
    auto& table = made_.tables[t];
    const auto& body = tables_[t].body;
    made.topic = made.record = table.name;
    made.key = table.keys.column;
    const auto here = body.block("kafka");
    if (!here)
        return;
    if (!may_go_to(t, "kafka"))
        tell(body.find("kafka")->at, body.path(), "\"kafka\" does nothing here; the table does not go to kafka");
    if (here->scalar("topic") != nullptr)
        made.topic = here->text("topic");
    if (here->scalar("record") != nullptr)
        made.record = here->text("record");
    const auto* const key = here->scalar("key");
    if (key != nullptr)
        made.key = key->value.text == "none" ? no_item : column_of(t, key, here->path());
    made.inserts_only = here->text("sends") == "inserts";
    made.partitions = static_cast<int>(here->integer("partitions").value_or(0));
    const auto nests = [&](const fields& from, std::vector<topic_options::nest>& into)
    {
        for (const auto& one : from.entries("nest"))
        {
            if (column_named(t, one.key) != no_item)
                tell(one.at, from.path_of("nest"), fmt::format("\"{}\" is a column, too; take another name", one.key));
            into.push_back({one.key, columns_in(one.value, t, joined_path(from.path_of("nest"), one.key))});
        }
    };
    nests(*here, made.nests);
    if (const auto protobuf = here->block("protobuf"))
        nests(*protobuf, made.protobuf_nests);
}

void checker::sql_of(item_no t)
{
    auto& made = made_.tables[t];
    const auto& body = tables_[t].body;
    if (const auto* const unique = body.find("unique"); unique != nullptr && unique->value.is == shape::list)
        for (const auto& item : unique->value.items)
            made.unique.push_back(columns_in(item, t, body.path_of("unique")));
    const auto here = body.block("sql");
    if (!here)
        return;
    if (!may_go_to(t, "postgres"))
        tell(body.find("sql")->at, body.path(), "\"sql\" does nothing here; the table does not go to postgres");
    for (const auto& one : here->entries("checks"))
        made.checks.push_back({one.key, one.value.text});
    for (const auto& one : here->scalars("indexes"))
        made.indexes.push_back(one.value.text);
    made.foreign_keys = here->boolean("foreign_keys").value_or(true);
}

}  // namespace bazaar::scenario::declared
