#include "bazaar/scenario/declared/testdatapy.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "shapes.hpp"
#include "testdatapy_keys.hpp"
#include "testdatapy_parts.hpp"

// The whole file, and its entities.

namespace bazaar::scenario::declared
{
namespace theirs
{

bool entity::has(std::string_view column) const
{
    return std::ranges::find(names, column) != names.end();
}

namespace
{

const node* map_in(const node& here, std::string_view key)
{
    const auto* const found = here.find(key);
    return found == nullptr || found->value.is != shape::map ? nullptr : &found->value;
}

/// "orders" of "orders": "order". Nothing is known of other plurals.
std::string singular(std::string_view name)
{
    return std::string(name.size() > 1 && name.ends_with('s') ? name.substr(0, name.size() - 1) : name);
}

/// "ecommerce-correlated" of "configs/ecommerce-correlated.yaml".
std::string scenario_name(std::string_view file)
{
    constexpr std::size_t longest = 60;
    auto name = file.substr(file.rfind('/') + 1);
    name = name.substr(0, name.rfind('.'));
    std::string made;
    for (const char c : name.substr(0, longest))
    {
        const char small = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        made += (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9') || small == '_' ? small : '-';
    }
    return is_name(made) ? made : "shop" + (made.empty() ? made : "-" + made);
}

}  // namespace

entity* translator::find(std::string_view name)
{
    const auto found = std::ranges::find(entities_, name, &entity::name);
    return found == entities_.end() ? nullptr : &*found;
}

std::vector<std::string_view> translator::entity_names() const
{
    std::vector<std::string_view> all;
    for (const auto& one : entities_)
        all.push_back(one.name);
    return all;
}

const entity* translator::column_of(std::string_view what, std::string& column, mark at, const std::string& path)
{
    const auto [name, rest] = split_at_dot(what);
    if (rest.empty())
    {
        tell(at, path, fmt::format("\"{}\" is no ENTITY.FIELD", what));
        return nullptr;
    }
    const auto* const to = find(name);
    if (to == nullptr)
    {
        tell(at, path, fmt::format("no entity \"{}\"; {}", name, near(name, entity_names())));
        return nullptr;
    }
    const auto inside = split_at_dot(rest);
    if (!to->has(inside.first))
    {
        tell(at, path,
             fmt::format("{} has no field \"{}\"; {}", name, inside.first,
                         near(inside.first, {to->names.begin(), to->names.end()})));
        return nullptr;
    }
    if (!inside.second.empty())
    {
        tell(at, path,
             fmt::format("{} is a part of {}.{}; only whole fields can be referred to", rest, name, inside.first));
        return nullptr;
    }
    column = inside.first;
    return to;
}

void translator::gather(std::string_view section, bool is_master)
{
    const auto* const all = map_in(tree_, section);
    for (const auto& one : all == nullptr ? std::vector<entry>{} : all->entries)
    {
        const auto& at = *std::ranges::find(all->entries, one.key, &entry::key);
        if (find(one.key) != nullptr)
            tell(one.at, {}, fmt::format("\"{}\" is in master_data, too; each needs a name of its own", one.key));
        if (!check_block(at.value, is_master ? "master" : "transaction", one.key, to_) || find(one.key) != nullptr)
            continue;
        auto& made = entities_.emplace_back();
        made.name = one.key;
        made.at = &at;
        made.is_master = is_master;
        made.is_csv = is_master && text_in(at.value, "source") == "csv";
        made.fields = map_in(at.value, is_master ? "schema" : "derived_fields");
        made.relationships = map_in(at.value, "relationships");
        made.made_links = map_at(one.at);
        made.made_vars = map_at(one.at);
        made.made_columns = map_at(one.at);
        if (is_master && (made.fields == nullptr || made.fields->entries.empty()))
            tell(one.at, one.key, "\"schema\" is missing: nothing says which fields there are");
    }
}

/// What names a row, and the names of all columns.
void translator::id_of(entity& of)
{
    const auto in_fields = [&](std::string_view name)
    {
        return (of.fields != nullptr && of.fields->find(name) != nullptr) ||
               (of.relationships != nullptr && of.relationships->find(name) != nullptr);
    };
    const auto* const says = of.body().find("id_field");
    if (says != nullptr && says->value.is == shape::scalar)
        of.id = says->value.text;
    else
    {
        const std::vector<std::string> usual{singular(of.name) + "_id", of.name + "_id", "id"};
        const auto found = std::ranges::find_if(usual, in_fields);
        of.id = found == usual.end() ? usual.front() : *found;
    }
    of.adds_id = !in_fields(of.id);
    const auto at = says == nullptr ? of.at->at : says->value.at;
    if (of.adds_id && of.is_master)
        tell(at, says == nullptr ? of.name : of.name + ".id_field",
             says == nullptr ? fmt::format("nothing says which field names a row; say id_field")
                             : fmt::format("no field \"{}\"; {}", of.id,
                                           of.fields == nullptr ? "there is none" : near(of.id, keys_in(*of.fields))));
    else if (of.adds_id)
        note(at, of.name, fmt::format("{} is in no field: it is a uuid of its own", of.id));
    name_columns(of);
}

void translator::name_columns(entity& of)
{
    if (of.adds_id)
        of.names.push_back(of.id);
    for (const auto* const part : {of.relationships, of.fields})
    {
        if (part == nullptr)
            continue;
        for (const auto& one : part->entries)
        {
            if (of.has(one.key))
                tell(one.at, of.name,
                     fmt::format("\"{}\" is a relationship, too; each needs a name of its own", one.key));
            else
                of.names.push_back(one.key);
            const auto* const lookup = part == of.relationships ? map_in(one.value, "mapped_field") : nullptr;
            const auto target = lookup == nullptr ? std::string() : text_in(*lookup, "target_field");
            if (!target.empty() && !of.has(target) && (of.fields == nullptr || of.fields->find(target) == nullptr))
                of.names.push_back(target);
        }
    }
    of.taken.insert(of.names.begin(), of.names.end());
}

/// Those that others refer to first, else as they stand. Rings are told of.
std::vector<std::size_t> translator::in_order()
{
    const auto needs = [&](const entity& of)
    {
        std::vector<const entity*> all;
        const auto add = [&](const entry* text, mark)
        {
            const auto* const to = text == nullptr ? nullptr : find(split_at_dot(text->value.text).first);
            if (to != nullptr)
                all.push_back(to);
        };
        for (const auto& one : of.relationships == nullptr ? std::vector<entry>{} : of.relationships->entries)
            add(one.value.find("references"), one.at);
        for (const auto& one : of.fields == nullptr ? std::vector<entry>{} : of.fields->entries)
            if (text_in(one.value, "type") == "reference")
                add(one.value.find("source"), one.at);
        return all;
    };
    std::vector<std::size_t> order;
    std::vector<bool> done(entities_.size());
    while (order.size() < entities_.size())
    {
        const auto before = order.size();
        for (std::size_t i = 0; i < entities_.size() && order.size() == before; ++i)
        {
            const auto all = done[i] ? std::vector<const entity*>{} : needs(entities_[i]);
            if (done[i] || std::ranges::any_of(all, [&](const entity* one)
                                               { return !done[static_cast<std::size_t>(one - entities_.data())]; }))
                continue;
            done[i] = true;
            order.push_back(i);
        }
        if (order.size() > before)
            continue;
        const auto ring = static_cast<std::size_t>(std::ranges::find(done, false) - done.begin());
        tell(entities_[ring].at->at, entities_[ring].name,
             "refers to itself, or to rows that refer to it; none of them could be the first");
        break;
    }
    return order;
}

bool translator::goes_out(const entity& of) const
{
    return of.body().find("kafka_topic") != nullptr && (!of.is_master || truth_in(of.body(), "bulk_load", true));
}

void translator::id_column(entity& of)
{
    if (of.adds_id && !of.is_master)
        put(of.made_columns, of.id, of.at->at, map_of(of.at->at, "uuid", "row"));
    const auto* const said = of.fields == nullptr ? nullptr : of.fields->find(of.id);
    const auto type = said == nullptr ? std::string() : text_in(said->value, "type");
    const auto format = said == nullptr ? std::string() : text_in(said->value, "format");
    const bool names_rows = of.is_csv || type == "uuid" ||
                            (type == "string" &&
                             (format.find("{seq") != format.npos || format.find("{index") != format.npos));
    if (said != nullptr && !names_rows)
        tell(said->at, of.name,
             fmt::format("{} names a row: a string with {{seq:04d}} in its format, or a uuid", of.id));
    if (said == nullptr && !of.adds_id)
        tell(of.at->at, of.name,
             fmt::format("{} refers to another row, so it does not name this one; say another id_field", of.id));
}

void translator::columns(entity& of)
{
    const auto path = of.name + (of.is_master ? ".schema" : ".derived_fields");
    id_column(of);
    for (const auto& one : of.relationships == nullptr ? std::vector<entry>{} : of.relationships->entries)
        relationship(of, one);
    for (const auto& one : of.fields == nullptr ? std::vector<entry>{} : of.fields->entries)
    {
        const auto own = fmt::format("{}.{}", path, one.key);
        auto made = of.is_csv ? from_csv(of, one, own) : field(of, one, place::column, own);
        const auto there = std::ranges::find(of.made_columns.entries, one.key, &entry::key);
        if (there == of.made_columns.entries.end())
            put(of.made_columns, one.key, one.at, std::move(made));
        else if (there->value.find("is") != nullptr)
        {
            // A lookup, and what it is where nothing is found.
            const auto found = there->value.find("is")->value.text.substr(2);
            there->value.entries.push_back(
                {"when", one.at, scalar(one.at, fmt::format("= coalesce(concat({}), '') != ''", found))});
            there->value.entries.push_back({"else", one.at, std::move(made)});
        }
        if (truth_in(one.value, "key_only", false))
            note(one.at, path, fmt::format("{} is a part of the record, not of its key alone", one.key));
    }
    // The key first, as in the records.
    const auto id = std::ranges::find(of.made_columns.entries, of.id, &entry::key);
    if (id != of.made_columns.entries.end())
        std::rotate(of.made_columns.entries.begin(), id, id + 1);
}

/// Rows of PostgreSQL have the moment at which they were written.
void translator::version(entity& of, node& made)
{
    const auto is_moment = [](const entry& one)
    { return one.value.find("time") != nullptr && text_in(one.value, "time") == "now"; };
    const auto found = std::ranges::find_if(of.made_columns.entries, is_moment);
    auto name = found == of.made_columns.entries.end() ? free_name(of, "planned_at") : found->key;
    const auto* const topic = of.body().find("kafka_topic");
    std::string more;
    if (found == of.made_columns.entries.end())
    {
        auto column = map_of(of.at->at, "time", "now");
        put(column, "in", of.at->at, "postgres");
        put(of.made_columns, name, of.at->at, std::move(column));
        more = fmt::format(", with the moment of each row in {}", name);
    }
    put(made, "version", of.at->at, name);
    note(topic->at, of.name,
         fmt::format("rows go to a table of PostgreSQL{}; --sink kafka makes them records of topic {}", more,
                     topic->value.text));
}

void translator::rows(const entity& of, node& made)
{
    const auto& body = of.body();
    if (of.is_csv)
    {
        put(made, "rows_of", of.at->at, of.name + "_file");
        put(made, "seed", of.at->at, "all");
    }
    else if (of.is_master)
    {
        const auto* const count = body.find("count");
        put(made, "seed", count == nullptr ? of.at->at : count->at,
            count == nullptr ? scalar(of.at->at, "100") : count->value);
    }
    else
    {
        const auto* const rate = body.find("rate_per_second");
        const auto at = rate == nullptr ? of.at->at : rate->at;
        auto arrives = map_of(at, "rate", text_in(body, "rate_per_second", "10") + "/s");
        if (const auto* const most = body.find("max_messages"))
            put(arrives, "max", most->at, most->value);
        put(made, "arrives", at, std::move(arrives));
    }
}

void translator::topic(const entity& of, node& made)
{
    const auto& body = of.body();
    const auto* const name = body.find("kafka_topic");
    auto kafka = map_of(name->at, "topic", name->value.text);
    if (const auto* const key = body.find("key_field"); key != nullptr && key->value.is == shape::scalar)
    {
        if (!of.has(key->value.text))
            tell(key->value.at, of.name + ".key_field",
                 fmt::format("no field \"{}\"; {}", key->value.text,
                             near(key->value.text, {of.names.begin(), of.names.end()})));
        put(kafka, "key", key->at, key->value);
    }
    if (const auto* const record = body.find("protobuf_class"); record != nullptr && record->value.is == shape::scalar)
        put(kafka, "record", record->at, record->value);
    put(made, "kafka", name->at, std::move(kafka));
}

void translator::unused_keys(const entity& of)
{
    for (const auto* const key : {"protobuf_module", "schema_path", "proto_file_path", "auto_compile",
                                  "temp_compilation", "validate_dependencies"})
        if (const auto* const one = of.body().find(key))
            note(one->at, of.name, fmt::format("{} is not needed: records are encoded without compiled classes", key));
    if (const auto* const one = of.body().find("csv_export"))
    {
        if (one->value.is != shape::scalar)
            check_block(one->value, "csv_export", of.name + ".csv_export", to_);
        note(one->at, of.name, "csv_export: no file is written; `bazaard plan` prints the rows");
    }
    if (const auto* const one = of.body().find("file"); one != nullptr && !of.is_csv)
        tell(one->at, of.name, "\"file\" does nothing here; it goes with \"source: csv\"");
    if (const auto* const one = of.body().find("count"); one != nullptr && of.is_csv)
        tell(one->at, of.name, "\"count\" does nothing here; there are as many rows as the file has");
}

node translator::table(entity& of)
{
    auto made = map_at(of.at->value.at);
    const auto& body = of.body();
    const bool out = goes_out(of);
    unused_keys(of);
    if (of.is_csv)
    {
        const auto* const file = body.find("file");
        if (file == nullptr)
            tell(of.at->at, of.name, "\"file\" is missing; it is needed with \"source: csv\"");
        else
        {
            put(made_files_, of.name + "_file", file->at, map_of(file->at, "csv", file->value.text));
            note(file->at, of.name, fmt::format("{} is looked for beside this file", file->value.text));
        }
    }
    if (of.is_master && !out && truth_in(body, "bulk_load", true))
        tell(of.at->at, of.name,
             "\"kafka_topic\" is missing; with bulk_load: false it is there to be referred to alone");
    if (const auto* const load = body.find("bulk_load"); of.is_master && !out && load != nullptr)
        note(load->at, of.name, "it is there to be referred to; none of its rows is written");
    columns(of);
    put(made, "to", of.at->at, out ? "= sink" : "none");
    put(made, "key", of.at->at, of.id);
    any_out_ = any_out_ || out;
    if (out)
        version(of, made);
    rows(of, made);
    if (out)
        topic(of, made);
    if (!of.made_links.entries.empty())
        put(made, "links", of.at->at, std::move(of.made_links));
    if (!of.made_vars.entries.empty())
        put(made, "vars", of.at->at, std::move(of.made_vars));
    put(made, "columns", of.at->at, std::move(of.made_columns));
    return made;
}

void translator::heads(node& made)
{
    const auto at = tree_.entries.front().at;
    put(made, "bazaar", at, "1");
    put(made, "scenario", at, scenario_name(file_));
    if (any_out_)
    {
        const auto choice = [&](std::vector<std::string> words, std::string help)
        {
            auto list = scalar(at, {});
            list.is = shape::list;
            for (auto& word : words)
                list.items.push_back(scalar(at, std::move(word)));
            auto setting = map_at(at);
            put(setting, "choice", at, std::move(list));
            put(setting, "help", at, std::move(help));
            return setting;
        };
        auto settings = map_at(at);
        put(settings, "sink", at, choice({"postgres", "kafka"}, "where rows go: tables, or records of topics"));
        put(settings, "records", at, choice({"json", "protobuf", "avro"}, "form of the records"));
        put(made, "settings", at, std::move(settings));
        put(made, "kafka", at, map_of(at, "format", "= records"));
    }
    if (!made_files_.entries.empty())
        put(made, "files", at, std::move(made_files_));
    if (!made_lists_.entries.empty())
        put(made, "lists", at, std::move(made_lists_));
}

node translator::translate()
{
    made_files_ = made_lists_ = map_at(tree_.at);
    check_block(tree_, "file", {}, to_);
    if (const auto* const protobuf = tree_.find("protobuf_settings"))
    {
        check_block(protobuf->value, "protobuf_settings", "protobuf_settings", to_);
        note(protobuf->at, {}, "protobuf_settings: not needed, as records are encoded without protoc");
    }
    gather("master_data", true);
    gather("transactional_data", false);
    if (entities_.empty() && to_.empty())
        tell(tree_.at, {}, "neither master_data nor transactional_data has an entity");
    for (auto& one : entities_)
        id_of(one);
    const auto order = in_order();
    std::vector<node> made_tables(entities_.size());
    for (std::size_t i = 0; i < entities_.size(); ++i)
        made_tables[i] = table(entities_[i]);
    for (const auto& one :
         map_in(tree_, "mappings") == nullptr ? std::vector<entry>{} : map_in(tree_, "mappings")->entries)
        if (made_lists_.find(one.key) == nullptr)
            note(one.at, "mappings", fmt::format("no mapped_field uses {}", one.key));
    auto made = map_at(tree_.at);
    heads(made);
    auto all = map_at(tree_.at);
    for (const auto i : order)
        put(all, entities_[i].name, entities_[i].at->at, std::move(made_tables[i]));
    put(made, "tables", tree_.at, std::move(all));
    return made;
}

}  // namespace theirs

bool is_testdatapy(const node& tree) noexcept
{
    const bool is_theirs = tree.find("master_data") != nullptr || tree.find("transactional_data") != nullptr;
    return is_theirs && tree.find("bazaar") == nullptr && tree.find("tables") == nullptr;
}

node from_testdatapy(const node& tree, std::string_view file, problems& to, problems& notes)
{
    return theirs::translator(tree, file, to, notes).translate();
}

}  // namespace bazaar::scenario::declared
