#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/manual.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/io/json_text.hpp"
#include "bazaar/process/output.hpp"
#include "bazaar/scenario/registry.hpp"

namespace bazaar::app
{
namespace
{

using json = nlohmann::ordered_json;

std::vector<std::string_view> tables_of(const scenario::entry& one)
{
    std::vector<std::string_view> names;
    for (const auto& table : one.tables)
        names.push_back(table.name);
    return names;
}

bool is_default(const scenario::entry& one)
{
    return one.name == scenario::default_name;
}

/// What the help says of the fields.
std::string flags_of(const scenario::entry& one)
{
    std::string text;
    for (const auto& entry : flag_table({&one, 1}, one))
        if (entry.of == &one)
            text += fmt::format("    {}\n        {} {}\n", term(entry), entry.help, facts(entry));
    return text;
}

std::string text_of(std::span<const scenario::entry> all)
{
    std::string text;
    for (const auto& one : all)
        text += fmt::format("{}{}, version {}{}\n  tables: {}\n  flags:\n{}", text.empty() ? "" : "\n", one.name,
                            one.version, is_default(one) ? ", the default" : "", fmt::join(tables_of(one), ", "),
                            flags_of(one));
    return text;
}

std::string json_of(std::span<const scenario::entry> all)
{
    json document = json::object();
    document["scenarios"] = json::array();
    for (const auto& one : all)
    {
        json told{{"name", one.name}, {"version", one.version}, {"default", is_default(one)}};
        told["tables"] = tables_of(one);
        told["fields"] = json::array();
        for (const auto& entry : flag_table({&one, 1}, one))
            if (entry.of == &one)
                told["fields"].push_back(
                    {{"name", entry.name}, {"default", entry.initial}, {"range", entry.range}, {"help", entry.help}});
        for (std::size_t i = 0; i < one.fields.size(); ++i)
            told["fields"][i]["steerable"] = one.fields[i].steerable;
        told["seed_files"] = one.files;
        document["scenarios"].push_back(std::move(told));
    }
    return io::json_text(document, 2) + '\n';
}

}  // namespace

int scenarios(const options& opts)
{
    process::print_out(opts.json ? json_of(scenario::registry()) : text_of(scenario::registry()));
    return 0;
}

}  // namespace bazaar::app
