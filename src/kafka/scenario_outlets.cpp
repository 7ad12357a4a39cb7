#include "bazaar/kafka/scenario_outlets.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"

namespace bazaar::kafka
{
namespace
{

namespace declared = scenario::declared;

/// A table of two places is two tables of the scenario; the second has a name of its own.
constexpr std::string_view twin_end = "_topic";

const declared::table& table_of(const declared::spec& file, std::string_view name)
{
    auto found = std::ranges::find(file.tables, name, &declared::table::name);
    if (found == file.tables.end() && name.ends_with(twin_end))
        found = std::ranges::find(file.tables, name.substr(0, name.size() - twin_end.size()), &declared::table::name);
    expect(found != file.tables.end(), "a table of a scenario file is one of its file");
    return *found;
}

record_format format_of(std::string_view word)
{
    return word == "avro" ? record_format::avro : word == "protobuf" ? record_format::protobuf : record_format::json;
}

time_form time_of(std::string_view word)
{
    constexpr std::pair<std::string_view, time_form> words[] = {
        {"timestamp-micros", time_form::timestamp_micros},
        {"timestamp-millis", time_form::timestamp_millis},
        {"local-timestamp-micros", time_form::local_timestamp_micros},
        {"local-timestamp-millis", time_form::local_timestamp_millis},
        {"iso8601", time_form::iso8601},
        {"millis", time_form::millis},
        {"seconds", time_form::seconds},
    };
    const auto* const found = std::ranges::find(words, word, &std::pair<std::string_view, time_form>::first);
    return found == std::end(words) ? time_form::standard : found->second;
}

/// The type that a word of Avro or Protobuf means for this column; nothing where it has no such form.
std::optional<field_type> type_of(std::string_view word, const model::column& c, record_format format)
{
    if (word == "int" || word == "int32")
        return field_type::int32;
    if (word == "long" || word == "int64")
        return field_type::int64;
    if (word == "float")
        return field_type::float32;
    if (word == "double")
        return field_type::float64;
    if (word == "string")
        return field_type::text;
    const bool own = word.empty() || ((word == "bool" || word == "boolean") && c.kind == model::type::boolean) ||
                     (word == "bytes" && (c.kind == model::type::bytes ||
                                          (c.kind == model::type::decimal && format == record_format::avro)));
    return own ? std::optional(field_type::standard) : std::nullopt;
}

/// Makes the outlet of one table.
class outlet_maker
{
public:
    outlet_maker(const declared::spec& file, record_format format, const model::table& table,
                 std::vector<std::string>& problems)
        : file_(file), of_(table_of(file, table.name)), table_(table), problems_(problems)
    {
        made_.format = format;
    }

    outlet make()
    {
        const auto& kafka = file_.kafka;
        made_.topic = kafka.prefix + of_.topic.topic;
        made_.framed = kafka.registry == declared::registry_use::yes ||
                       (kafka.registry == declared::registry_use::by_format && made_.format != record_format::json);
        made_.record = of_.topic.record;
        made_.space = made_.format == record_format::protobuf ? kafka.package : kafka.name_space;
        made_.inserts_only = of_.topic.inserts_only;
        made_.times = time_of(kafka.times);
        if (of_.topic.key != declared::no_item)
            made_.key = place_of(of_.topic.key, "key");
        for (const auto& column : table_.columns)
            made_.columns.push_back(form_of(column));
        nest(of_.topic.nests);
        if (made_.format == record_format::protobuf)
            nest(of_.topic.protobuf_nests);
        return std::move(made_);
    }

private:
    /// The place of a column of the file among those of the table: some stand in PostgreSQL alone.
    std::uint8_t place_of(declared::item_no number, std::string_view use)
    {
        const auto& name = of_.columns[number].name;
        const auto place = model::column_number(table_, name);
        if (place == model::no_column)
            problems_.push_back(
                fmt::format("{}.kafka.{}: column \"{}\" stands only in PostgreSQL", of_.name, use, name));
        return place;
    }

    column_form form_of(const model::column& column)
    {
        const auto& of = *std::ranges::find(of_.columns, column.name, &declared::column::name);
        column_form form;
        form.time = time_of(of.time_form);
        const bool is_avro = made_.format == record_format::avro, is_protobuf = made_.format == record_format::protobuf;
        const auto& word = is_avro ? of.avro_type : of.protobuf_type;
        if (is_protobuf)
            form.number = of.protobuf_number.value_or(0);
        if (!is_avro && !is_protobuf)
            return form;
        if (const auto type = type_of(word, column, made_.format))
            form.type = *type;
        else
            problems_.push_back(fmt::format("{}.columns.{}: a column of type {} cannot be written as {}", of_.name,
                                            of.name, of.sql_type, word));
        return form;
    }

    void nest(const std::vector<declared::topic_options::nest>& all)
    {
        for (const auto& one : all)
        {
            auto& made = made_.nested.emplace_back();
            made.name = one.name;
            for (const auto column : one.columns)
                made.columns.push_back(place_of(column, "nest"));
        }
    }

    const declared::spec& file_;
    const declared::table& of_;
    const model::table& table_;
    std::vector<std::string>& problems_;
    outlet made_;
};

}  // namespace

std::vector<outlet> outlets_of(const declared::spec& file, const scenario::settings& configuration,
                               std::span<const model::table> tables)
{
    const auto& setting = file.kafka.format_setting;
    const auto format = format_of(setting == declared::no_item ? file.kafka.format
                                                               : configuration.text(file.settings[setting].name));
    std::vector<outlet> made(tables.size());
    std::vector<std::string> problems;
    for (std::size_t i = 0; i < tables.size(); ++i)
    {
        if (tables[i].sink != model::target::kafka)
            continue;
        made[i] = outlet_maker(file, format, tables[i], problems).make();
    }
    for (std::size_t i = 0; problems.empty() && i < tables.size(); ++i)
        if (!made[i].topic.empty())
            for (auto& line : problems_of(made[i], tables[i]))
                problems.push_back(std::move(line));
    if (!problems.empty())
        throw error(error_kind::data, std::move(problems));
    return made;
}

std::vector<model::topic> topics_of(const declared::spec& file, std::span<const outlet> outlets,
                                    std::span<const model::table> tables, int replication)
{
    std::vector<model::topic> made;
    for (std::size_t i = 0; i < outlets.size(); ++i)
    {
        // Tables may share a topic.
        const auto same = std::ranges::find(made, outlets[i].topic, &model::topic::name);
        if (outlets[i].topic.empty())
            continue;
        const auto& of = table_of(file, tables[i].name).topic;
        const auto partitions = of.partitions == 0 ? file.kafka.partitions : of.partitions;
        if (same != made.end())
        {
            same->partitions = std::max(same->partitions, partitions);
            continue;
        }
        made.push_back({.name = outlets[i].topic,
                        .group = "default",
                        .partitions = partitions,
                        .replication = replication,
                        .settings = {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}}});
    }
    return made;
}

}  // namespace bazaar::kafka
