#include "testdatapy_keys.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bazaar/base/words.hpp"
#include "bazaar/scenario/declared/keys.hpp"
#include "bazaar/scenario/declared/scalars.hpp"
#include "shapes.hpp"

namespace bazaar::scenario::declared::theirs
{
namespace
{

constexpr std::string_view integer_low = "-1000000000000000";
constexpr std::string_view integer_high = "1000000000000000";
constexpr std::string_view minutes_most = "5256000";
constexpr std::string_view every_entity = "master transaction";
constexpr std::string_view offsets = "reference timestamp_millis";

constexpr key keys_of_theirs[] = {
    {.in = "file", .name = "master_data", .is = form::map},
    {.in = "file", .name = "transactional_data", .is = form::map},
    {.in = "file", .name = "mappings", .is = form::map},
    {.in = "file", .name = "protobuf_settings", .is = form::map},

    {.in = "protobuf_settings", .name = "schema_paths", .is = form::list},
    {.in = "protobuf_settings", .name = "protoc_path"},
    {.in = "protobuf_settings", .name = "timeout", .is = form::number, .low = "0", .high = "1000000"},
    {.in = "protobuf_settings master transaction", .name = "auto_compile", .is = form::boolean},
    {.in = "protobuf_settings master transaction", .name = "temp_compilation", .is = form::boolean},
    {.in = "protobuf_settings master transaction", .name = "validate_dependencies", .is = form::boolean},

    {.in = "master", .name = "source", .is = form::word, .of = "faker csv"},
    {.in = "master", .name = "file"},
    {.in = "master", .name = "count", .is = form::integer, .low = "1", .high = "1000000000"},
    {.in = "master", .name = "bulk_load", .is = form::boolean},
    {.in = "master", .name = "schema", .is = form::map},
    {.in = "transaction", .name = "kafka_topic", .required = true},
    {.in = "master", .name = "kafka_topic"},
    {.in = every_entity, .name = "id_field"},
    {.in = every_entity, .name = "key_field"},
    {.in = every_entity, .name = "csv_export", .is = form::any},
    {.in = every_entity, .name = "protobuf_module"},
    {.in = every_entity, .name = "protobuf_class"},
    {.in = every_entity, .name = "schema_path"},
    {.in = every_entity, .name = "proto_file_path"},
    {.in = "transaction", .name = "rate_per_second", .is = form::number, .low = "0.000001", .high = "1000000"},
    {.in = "transaction", .name = "max_messages", .is = form::integer, .low = "1", .high = "1000000000000"},
    {.in = "transaction", .name = "track_recent", .is = form::boolean},
    {.in = "transaction", .name = "relationships", .is = form::map},
    {.in = "transaction", .name = "derived_fields", .is = form::map},

    {.in = "csv_export", .name = "file", .required = true},
    {.in = "csv_export", .name = "enabled", .is = form::boolean},
    {.in = "csv_export", .name = "include_headers", .is = form::boolean},
    {.in = "csv_export", .name = "flatten_objects", .is = form::boolean},
    {.in = "csv_export", .name = "delimiter"},

    {.in = "relationship", .name = "references", .required = true},
    {.in = "relationship", .name = "distribution", .is = form::word, .of = "uniform weighted zipf"},
    {.in = "relationship", .name = "alpha", .is = form::number, .low = "1.01", .high = "10"},
    {.in = "relationship", .name = "weight_field"},
    {.in = "relationship", .name = "recency_bias", .is = form::boolean},
    {.in = "relationship", .name = "max_delay_minutes", .is = form::number, .low = "0.02", .high = minutes_most},
    {.in = "relationship", .name = "percentage", .is = form::number, .low = "0", .high = "100"},
    {.in = "relationship", .name = "mapped_field", .is = form::map},
    {.in = "array", .name = "type", .is = form::word, .of = "array"},
    {.in = "array", .name = "min_items", .is = form::integer, .low = "0", .high = "16"},
    {.in = "array", .name = "max_items", .is = form::integer, .low = "0", .high = "16"},
    {.in = "array", .name = "item_schema", .is = form::map, .required = true},
    {.in = "mapped_field", .name = "source_field", .required = true},
    {.in = "mapped_field", .name = "target_field", .required = true},
    {.in = "mapped_field", .name = "mapping", .required = true},

    {.in = "field", .name = "type", .required = true},
    {.in = "field", .name = "key_only", .is = form::boolean},
    {.in = "string", .name = "initial_value", .is = form::scalar},
    {.in = "string", .name = "default", .is = form::scalar},
    {.in = "string timestamp reference faker", .name = "format"},
    {.in = "string template", .name = "template"},
    {.in = "string template", .name = "fields", .is = form::map},
    {.in = "faker", .name = "method", .required = true},
    {.in = "faker", .name = "text"},
    {.in = "faker", .name = "start_date"},
    {.in = "faker", .name = "end_date"},
    {.in = "integer faker", .name = "min", .is = form::integer, .low = integer_low, .high = integer_high},
    {.in = "integer faker", .name = "max", .is = form::integer, .low = integer_low, .high = integer_high},
    {.in = "float random_float", .name = "min", .is = form::number, .low = integer_low, .high = integer_high},
    {.in = "float random_float", .name = "max", .is = form::number, .low = integer_low, .high = integer_high},
    {.in = "choice weighted_choice", .name = "choices", .is = form::list, .required = true},
    {.in = "weighted_choice", .name = "weights", .is = form::list, .required = true},
    {.in = "random_boolean", .name = "probability", .is = form::number, .low = "0", .high = "1"},
    {.in = "timestamp_millis", .name = "relative_to_reference"},
    {.in = "timestamp_millis", .name = "fallback", .is = form::word, .of = "now"},
    {.in = offsets, .name = "offset_minutes_min", .is = form::number, .low = "-5256000", .high = minutes_most},
    {.in = offsets, .name = "offset_minutes_max", .is = form::number, .low = "-5256000", .high = minutes_most},
    {.in = "calculated", .name = "formula"},
    {.in = "calculated", .name = "expression"},
    {.in = "conditional", .name = "condition_field"},
    {.in = "conditional", .name = "condition_value", .is = form::scalar},
    {.in = "conditional", .name = "when_true", .is = form::map},
    {.in = "conditional", .name = "when_false", .is = form::map},
    {.in = "conditional", .name = "conditions", .is = form::any},
    {.in = "reference", .name = "source", .required = true},
    {.in = "reference", .name = "via"},
    {.in = "object", .name = "properties", .is = form::map, .required = true},
};

constexpr std::array<std::string_view, 17> types{
    "string",      "faker",           "integer",        "float",     "random_float", "uuid",
    "choice",      "weighted_choice", "random_boolean", "boolean",   "timestamp",    "timestamp_millis",
    "conditional", "calculated",      "template",       "reference", "object"};

bool stands_in(const key& one, std::string_view block)
{
    const bool is_type = std::ranges::find(types, block) != types.end();
    const auto blocks = split_words(one.in);
    return std::ranges::find(blocks, block) != blocks.end() || (is_type && one.in == "field");
}

/// What is wrong with a number, if anything is.
std::string wrong_number(const key& one, const std::string& text)
{
    const auto read = number_of(text);
    if (!read || (one.is == form::integer && !integer_of(text)))
        return fmt::format("\"{}\" is no {}number", text, one.is == form::integer ? "whole " : "");
    if (one.low.empty())
        return {};
    if (compare(*read, *number_of(one.low)) < 0 || compare(*read, *number_of(one.high)) > 0)
        return fmt::format("{}; must be from {} to {}", text, one.low, one.high);
    return {};
}

std::string wrong_scalar(const key& one, const std::string& text)
{
    bool value = false;
    const auto words = split_words(one.of);
    switch (one.is)
    {
    case form::integer:
    case form::number:
        return wrong_number(one, text);
    case form::boolean:
        return is_truth(text, value) ? std::string() : fmt::format("\"{}\" is neither true nor false", text);
    case form::word:
        return std::ranges::find(words, text) != words.end()
                   ? std::string()
                   : fmt::format("\"{}\" is none of {}; {}", text, fmt::join(words, ", "), near(text, words));
    default:
        return {};
    }
}

void check_value(const key& one, const node& here, const std::string& path, problems& to)
{
    if (one.is == form::any)
        return;
    if (one.is == form::map)
    {
        if (here.is != shape::map)
            to.add(here.at, path, "a map of keys must stand here");
    }
    else if (one.is == form::list)
    {
        if (here.is != shape::list || here.items.empty())
            to.add(here.at, path, "a list must stand here, as [a, b]");
        for (const auto& item : here.items)
            if (item.is != shape::scalar)
                to.add(item.at, path, "a list or map where one value must stand");
    }
    else if (here.is != shape::scalar)
        to.add(here.at, path, fmt::format("a {} where one value must stand", here.is == shape::map ? "map" : "list"));
    else if (const auto why = wrong_scalar(one, here.text); !why.empty())
        to.add(here.at, path, why);
}

}  // namespace

std::span<const std::string_view> field_types() noexcept
{
    return types;
}

bool is_truth(std::string_view text, bool& value) noexcept
{
    constexpr std::array<std::string_view, 3> yes{"true", "yes", "on"};
    constexpr std::array<std::string_view, 3> no{"false", "no", "off"};
    const auto says = [&](std::string_view word) { return same_letters(word, text); };
    value = std::ranges::any_of(yes, says);
    return value || std::ranges::any_of(no, says);
}

std::string near(std::string_view word, std::vector<std::string_view> known, std::size_t count)
{
    return fmt::format("near: {}", fmt::join(nearest(word, std::move(known), count), ", "));
}

bool check_block(const node& here, std::string_view block, std::string_view path, problems& to)
{
    if (here.is != shape::map)
    {
        to.add(here.at, path, "a map of keys must stand here");
        return false;
    }
    std::vector<std::string_view> known;
    for (const auto& one : keys_of_theirs)
    {
        if (!stands_in(one, block))
            continue;
        known.push_back(one.name);
        const auto* const there = here.find(one.name);
        if (there == nullptr && one.required)
            to.add(here.at, path, fmt::format("\"{}\" is missing", one.name));
        if (there == nullptr)
            continue;
        if (is_left_out(there->value))
            to.add(there->at, path, fmt::format("\"{}\" has no value", one.name));
        else
            check_value(one, there->value, joined_path(path, one.name), to);
    }
    for (const auto& one : here.entries)
        if (std::ranges::find(known, one.key) == known.end())
            to.add(one.at, path,
                   known.empty() ? fmt::format("unknown key \"{}\"", one.key)
                                 : fmt::format("unknown key \"{}\"; {}", one.key, near(one.key, known)));
    return true;
}

}  // namespace bazaar::scenario::declared::theirs
