#include "bazaar/scenario/declared/check.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "checker.hpp"
#include "shapes.hpp"

namespace bazaar::scenario::declared
{

/// What stands at the top of the file.
void checker::heads()
{
    made_.name = root_.text("scenario");
    made_.version = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(root_.integer("version").value_or(1), 1, 1'000'000));
    made_.about = root_.text("about");
    made_.schema = made_.name;
    std::ranges::replace(made_.schema, '-', '_');
    if (const auto postgres = root_.block("postgres"); postgres && postgres->scalar("schema") != nullptr)
        made_.schema = postgres->text("schema");
    for (const auto& one : root_.entries("checks"))
        made_.checks.push_back({one.key, one.value.text});
    auto& kafka = made_.kafka;
    const auto here = root_.block("kafka");
    if (here && here->scalar("format") != nullptr)
    {
        const auto& format = here->scalar("format")->value;
        const auto start = expression_start(format);
        kafka.format = format.text;
        if (start != std::string::npos)
        {
            const auto named = std::string_view(format.text).substr(start);
            const auto found = std::ranges::find(made_.settings, named, &setting::name);
            const bool right = found != made_.settings.end() && found->kind == field_kind::choice &&
                               std::ranges::all_of(found->choices, [](const std::string& word)
                                                   { return word == "json" || word == "avro" || word == "protobuf"; });
            if (!right)
                return tell(format.at, "kafka.format",
                            "takes the name of a setting that is a choice of json, avro and protobuf");
            used_.insert(found->name);
            kafka.format_setting = static_cast<item_no>(found - made_.settings.begin());
            kafka.format = found->initial;
        }
    }
    if (!here)
        return;
    kafka.prefix = here->text("prefix");
    if (const auto registry = here->boolean("registry"))
        kafka.registry = *registry ? registry_use::yes : registry_use::no;
    kafka.package = here->text("package");
    kafka.name_space = here->text("namespace");
    kafka.partitions = static_cast<int>(here->integer("partitions").value_or(1));
    kafka.times = here->text("times");
}

spec checker::run()
{
    settings();
    clock();
    words();
    heads();
    declare();
    scopes();
    for (item_no t = 0; t < made_.tables.size(); ++t)
        if (tables_[t].at->value.is == shape::map)
        {
            seed_of(t);
            made_.tables[t].arrives = arrivals(tables_[t].body);
        }
    links();
    for (item_no t = 0; t < made_.tables.size(); ++t)
    {
        for (item_no c = 0; c < made_.tables[t].columns.size(); ++c)
            make_column(t, c);
        for (item_no v = 0; v < made_.tables[t].vars.size(); ++v)
            static_cast<void>(var_type(tables_[t].names, v));
    }
    keys();
    destinations();
    changes();
    lives();
    units();
    tables();
    for (item_no t = 0; t < made_.tables.size(); ++t)
        made_.tables[t].names = tables_[t].names.used;
    for (item_no u = 0; u < made_.units.size(); ++u)
        made_.units[u].names = units_[u].names.used;
    unused();
    limits();
    backlog();
    return std::move(made_);
}

std::optional<spec> check(const node& tree, const seed_files& files, problems& to, problems& warnings)
{
    const auto told = to.size();
    check_shapes(tree, to);
    if (tree.is != shape::map)
        return std::nullopt;
    auto made = checker(tree, files, to, warnings).run();
    return to.size() == told ? std::optional(std::move(made)) : std::nullopt;
}

std::vector<std::string> files_of(const node& tree)
{
    std::vector<std::string> all;
    const auto* const files = tree.find("files");
    for (const auto& one : files == nullptr ? std::vector<entry>{} : files->value.entries)
    {
        const auto* const csv = one.value.find("csv");
        if (csv != nullptr && csv->value.is == shape::scalar && !csv->value.text.empty() &&
            std::ranges::find(all, csv->value.text) == all.end())
            all.push_back(csv->value.text);
    }
    return all;
}

std::string extends_of(const node& tree)
{
    const auto* const found = tree.find("extends");
    return found == nullptr || found->value.is != shape::scalar ? std::string() : found->value.text;
}

namespace
{

bool is_taken_out(const node& value)
{
    return value.is == shape::scalar && !value.quoted && value.text == "~";
}

void lay_over(node& base, const node& over, std::string_view path, problems& to)
{
    for (const auto& one : over.entries)
    {
        const auto found = std::ranges::find(base.entries, one.key, &entry::key);
        const bool there = found != base.entries.end();
        if (is_taken_out(one.value))
        {
            if (there)
                base.entries.erase(found);
            else
                to.add(one.at, path, fmt::format("no key \"{}\" to take out", one.key));
        }
        else if (!there)
            base.entries.push_back(one);
        else if (found->value.is == shape::map && one.value.is == shape::map)
            lay_over(found->value, one.value, joined_path(path, one.key), to);
        else
            *found = one;
    }
}

}  // namespace

node extended(node base, const node& over, problems& to)
{
    // What is extended twice was so in the base.
    std::erase_if(base.entries, [](const entry& one) { return one.key == "extends"; });
    lay_over(base, over, {}, to);
    return base;
}

}  // namespace bazaar::scenario::declared
