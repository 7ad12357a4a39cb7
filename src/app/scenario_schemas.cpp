#include "app/scenario_schemas.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/scenario_text.hpp"
#include "bazaar/io/json.hpp"
#include "bazaar/io/json_text.hpp"
#include "bazaar/io/offered_scenario.hpp"
#include "bazaar/kafka/encoder.hpp"
#include "bazaar/kafka/scenario_outlets.hpp"
#include "bazaar/postgres/schema.hpp"

namespace bazaar::app
{
namespace
{

namespace declared = scenario::declared;

/// The scenario with as many tables in Kafka as settings allow.
const scenario::entry& sent_to_kafka(const declared::spec& what, const scenario::entry& as)
{
    std::vector<declared::given_setting> given;
    for (const auto& table : what.tables)
        if (table.to.setting != declared::no_item && goes_to_kafka(what, table.to))
            given.emplace_back(what.settings[table.to.setting].name, "kafka");
    return given.empty() ? as : io::offered_text(as.text, given);
}

/// A schema as people read it: a registry gets JSON in one line.
std::string shown_schema(const kafka::outlet& to, const model::table& from)
{
    auto text = kafka::schema_text(to, from);
    return to.format == kafka::record_format::protobuf
               ? text
               : io::json_text(io::read_json<nlohmann::ordered_json>(text), 2) + '\n';
}

}  // namespace

std::string schemas_text(const declared::spec& what, const scenario::entry& as)
{
    std::vector<model::table> tables;
    std::ranges::copy_if(as.tables, std::back_inserter(tables),
                         [](const model::table& one) { return one.sink == model::target::postgres; });
    auto text = tables.empty() ? std::string() : postgres::schema_sql(tables, what.schema);
    // What it says of itself is of a file of its own.
    text.erase(0, std::min(text.find("CREATE "), text.size()));
    const auto& sent = sent_to_kafka(what, as);
    const auto outlets = kafka::outlets_of(what, scenario::settings(sent.fields), sent.tables);
    for (std::size_t i = 0; i < outlets.size(); ++i)
    {
        const auto& to = outlets[i];
        if (to.topic.empty())
            continue;
        text += fmt::format("{}-- topic {}, {}, key {}\n{}", text.empty() ? "" : "\n", to.topic, name(to.format),
                            to.key == model::no_column ? "none" : sent.tables[i].columns[to.key].name,
                            shown_schema(to, sent.tables[i]));
    }
    return text;
}

}  // namespace bazaar::app
