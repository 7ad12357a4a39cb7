#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bazaar/scenario/declared/keys.hpp"

// The JSON Schema of scenario files, for editors.

namespace bazaar::scenario::declared
{
namespace
{

std::string json_of_text(std::string_view text)
{
    std::string made = "\"";
    for (const char c : text)
        made += c == '"' || c == '\\' ? fmt::format("\\{}", c) : std::string(1, c);
    return made + "\"";
}

std::string json_list(const std::vector<std::string>& items)
{
    return fmt::format("[{}]", fmt::join(items, ", "));
}

/// An object of these members, of which empty ones are left out.
std::string json_object(const std::vector<std::pair<std::string_view, std::string>>& members)
{
    std::vector<std::string> all;
    for (const auto& [name, value] : members)
        if (!value.empty())
            all.push_back(fmt::format("{}: {}", json_of_text(name), value));
    return fmt::format("{{{}}}", fmt::join(all, ", "));
}

std::string reference_to(std::string_view block)
{
    return json_object({{"$ref", json_of_text(fmt::format("#/$defs/{}", block))}});
}

std::string named_by(std::string_view pattern, const std::string& value)
{
    return json_object({{"type", "\"object\""},
                        {"propertyNames", json_object({{"pattern", json_of_text(pattern)}})},
                        {"additionalProperties", value}});
}

constexpr std::string_view any_name = "^[A-Za-z_][A-Za-z0-9_-]{0,62}$";
constexpr std::string_view outside_name = "^[A-Za-z_][A-Za-z0-9_]{0,62}$";
const std::string scalar_schema = reference_to("scalar");

std::string list_of_schema(const std::string& item)
{
    return json_object({{"type", "\"array\""}, {"items", item}});
}

std::string either(const std::vector<std::string>& all)
{
    return json_object({{"anyOf", json_list(all)}});
}

std::string map_of(const std::string& value)
{
    return json_object({{"type", "\"object\""}, {"additionalProperties", value}});
}

std::string words_schema(const key_row& row)
{
    std::vector<std::string> words;
    for (const auto word : split_words(row.of))
        if (row.is != value_form::setting || word != "word")
            words.push_back(json_of_text(word));
    return json_object({{"enum", json_list(words)}});
}

std::string scalar_of(const key_row& row)
{
    switch (row.is)
    {
    case value_form::name:
        return json_object({{"type", "\"string\""}, {"pattern", json_of_text("^[a-z][a-z0-9_-]{0,62}$")}});
    case value_form::identifier:
        return json_object({{"type", "\"string\""}, {"pattern", json_of_text(outside_name)}});
    case value_form::integer:
    case value_form::number:
        return json_object({{"type", row.is == value_form::integer ? "\"integer\"" : "\"number\""},
                            {"minimum", std::string(row.low)},
                            {"maximum", std::string(row.high)}});
    case value_form::boolean:
        return json_object({{"type", "\"boolean\""}});
    case value_form::word:
        return words_schema(row);
    case value_form::setting:
        return row.of.starts_with("word")
                   ? either({words_schema(row), json_object({{"type", "\"string\""}, {"pattern", "\"^=\""}})})
                   : scalar_schema;
    default:
        return scalar_schema;
    }
}

std::string schema_of_key(const key_row& row)
{
    const auto value = either({scalar_schema, reference_to("value")});
    const auto texts = list_of_schema(scalar_schema);
    switch (row.is)
    {
    case value_form::block:
        return reference_to(row.of);
    case value_form::blocks:
        return either({reference_to(row.of), list_of_schema(reference_to(row.of))});
    case value_form::block_list:
        return list_of_schema(reference_to(row.of));
    case value_form::named:
        return named_by(row.name == "tables" ? outside_name : any_name, reference_to(row.of));
    case value_form::named_lists:
        return map_of(list_of_schema(reference_to(row.of)));
    case value_form::generator:
        return value;
    case value_form::generators:
        return named_by(any_name, value);
    case value_form::columns:
        return named_by(outside_name, either({scalar_schema, reference_to("column")}));
    case value_form::expressions:
    case value_form::texts:
    case value_form::stages:
    case value_form::day_factors:
    case value_form::hour_factors:
        return map_of(scalar_schema);
    case value_form::column_lists:
        return map_of(texts);
    case value_form::keys_lists:
        return list_of_schema(texts);
    case value_form::words:
    case value_form::moments:
        return texts;
    case value_form::references:
    case value_form::targets:
        return either({scalar_schema, texts});
    case value_form::openings:
        return map_of(map_of(scalar_schema));
    case value_form::list:
        return map_of(either({json_object({{"type", "\"array\""}}), map_of(json_object({{"type", "\"number\""}}))}));
    case value_form::choice:
        return either({scalar_schema, texts, map_of(json_object({{"type", "\"number\""}}))});
    case value_form::row_count:
        return value;
    case value_form::time:
        return either({json_object({{"const", "\"now\""}}), reference_to("near_time")});
    case value_form::date:
        return either({scalar_schema, reference_to("birth")});
    default:
        return scalar_of(row);
    }
}

/// That one of the keys of `with` is there, or has that value.
std::string condition_of(const key_row& row)
{
    std::vector<std::string> all;
    for (const auto word : split_words(row.with))
    {
        const auto sign = word.find('=');
        const auto name = json_of_text(word.substr(0, sign));
        const auto required = fmt::format("[{}]", name);
        if (sign == word.npos)
        {
            all.push_back(json_object({{"required", required}}));
            continue;
        }
        // One that is left out has its default.
        const auto value = word.substr(sign + 1);
        const bool is_default = find_key(row.in, word.substr(0, sign))->initial == value;
        const auto constant = json_object({{"const", json_of_text(value)}});
        all.push_back(json_object({{"properties", fmt::format("{{{}: {}}}", name, constant)},
                                   {"required", is_default ? std::string() : required}}));
    }
    return either(all);
}

std::string schema_of_block(const block& of)
{
    std::vector<std::string> properties;
    std::vector<std::string> required;
    std::vector<std::string> heads;
    std::vector<std::string> dependent;
    std::vector<std::string> conditions;
    for (const auto* const row : keys_of(of.name))
    {
        auto schema = schema_of_key(*row);
        if (!row->help.empty())
            schema = fmt::format("{{\"description\": {}, {}", json_of_text(row->help), schema.substr(1));
        properties.push_back(fmt::format("{}: {}", json_of_text(row->name), schema));
        const auto needs = json_object({{"required", fmt::format("[{}]", json_of_text(row->name))}});
        if (row->head)
            heads.push_back(needs);
        if (row->required && row->with.empty())
            required.push_back(json_of_text(row->name));
        if (!row->with.empty())
            dependent.push_back(fmt::format("{}: {}", json_of_text(row->name), condition_of(*row)));
        if (row->required && !row->with.empty())
            conditions.push_back(json_object({{"if", condition_of(*row)}, {"then", needs}}));
    }
    const bool one_head = !heads.empty() && !of.may_have_no_head;
    return json_object(
        {{"type", "\"object\""},
         {"additionalProperties", "false"},
         {"required", required.empty() ? "" : json_list(required)},
         {"oneOf", one_head ? json_list(heads) : ""},
         {"dependentSchemas", dependent.empty() ? "" : fmt::format("{{{}}}", fmt::join(dependent, ", "))},
         {"allOf", conditions.empty() ? "" : json_list(conditions)},
         {"properties", fmt::format("{{\n   {}}}", fmt::join(properties, ",\n   "))}});
}

}  // namespace

std::string language_schema()
{
    std::vector<std::string> definitions{
        fmt::format("\"scalar\": {}", json_object({{"type", "[\"string\", \"number\", \"boolean\"]"}}))};
    for (const auto& one : blocks())
        definitions.push_back(fmt::format("{}: {}", json_of_text(one.name), schema_of_block(one)));
    return fmt::format(
        "{{\n \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n \"title\": \"bazaard scenario\",\n"
        " \"$ref\": \"#/$defs/file\",\n \"$defs\": {{\n  {}\n }}\n}}\n",
        fmt::join(definitions, ",\n  "));
}

}  // namespace bazaar::scenario::declared
