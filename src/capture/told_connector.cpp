#include "bazaar/capture/told_connector.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bazaar/base/error.hpp"
#include "bazaar/capture/connector_topics.hpp"
#include "bazaar/io/json.hpp"
#include "bazaar/io/small_file.hpp"

namespace bazaar::capture
{
namespace
{

using verify::encodings;
using settings = std::map<std::string, std::string>;

constexpr std::string_view json_converter = "org.apache.kafka.connect.json.JsonConverter";
constexpr std::string_view flattening = "io.debezium.transforms.ExtractNewRecordState";
/// Writes moments in a form of its own.
constexpr std::string_view time_converter = "org.apache.kafka.connect.transforms.TimestampConverter";

template <typename Meaning>
struct word
{
    std::string_view text;
    Meaning means;
};

constexpr std::array decimals{word<encodings::decimals>{"precise", encodings::decimals::precise},
                              word<encodings::decimals>{"string", encodings::decimals::text},
                              word<encodings::decimals>{"double", encodings::decimals::real}};

/// Of a column with microseconds, as the shop's are.
constexpr std::array moments{word<encodings::moments>{"adaptive", encodings::moments::microseconds},
                             word<encodings::moments>{"adaptive_time_microseconds", encodings::moments::microseconds},
                             word<encodings::moments>{"microseconds", encodings::moments::microseconds},
                             word<encodings::moments>{"nanoseconds", encodings::moments::nanoseconds},
                             word<encodings::moments>{"connect", encodings::moments::milliseconds},
                             word<encodings::moments>{"isostring", encodings::moments::none},
                             word<encodings::moments>{"structured", encodings::moments::recognised}};

/// Reads one configuration and collects what is wrong with it.
class connector_reading
{
public:
    connector_reading(const settings& config, const std::string& place) : config_(config), place_(place) {}

    told_connector go()
    {
        if (const auto of = value("connector.class"); !of)
            wrong("there is no connector.class");
        else if (*of != "PostgresConnector" && *of != "io.debezium.connector.postgresql.PostgresConnector")
            wrong(fmt::format("connector.class is {}: no connector of Debezium for PostgreSQL", *of));
        made_.topic_prefix = value("topic.prefix").value_or("");
        made_.slot = value("slot.name").value_or("debezium");
        if (value("plugin.name").value_or("pgoutput") == "pgoutput")
            made_.publication = value("publication.name").value_or("dbz_publication");
        if (made_.topic_prefix.empty())
            wrong("there is no topic.prefix");
        made_.how.money = one_of("decimal.handling.mode", decimals, decimals[0].means);
        made_.how.time = one_of("time.precision.mode", moments, moments[0].means);
        if (const auto mark = value("unavailable.value.placeholder"))
            made_.how.unavailable = *mark;
        for (const auto& word : words_of(value("skipped.operations").value_or("t")))
            if (word != "none" && (word.size() != 1 || std::string_view("cudt").find(word) == std::string_view::npos))
                wrong(fmt::format("skipped.operations has {}: each must be one of c, u, d, t, none", word));
        converter();
        transforms();
        made_.config = config_;
        if (!wrong_.empty())
            throw error(error_kind::data, std::move(wrong_));
        return std::move(made_);
    }

private:
    void wrong(const std::string& line) { wrong_.push_back(fmt::format("{}: {}", place_, line)); }

    [[nodiscard]] std::optional<std::string> value(const std::string& name) const
    {
        const auto found = config_.find(name);
        return found == config_.end() ? std::nullopt : std::optional(found->second);
    }

    template <typename Meaning, std::size_t Count>
    Meaning one_of(const std::string& name, const std::array<word<Meaning>, Count>& words, Meaning unsaid)
    {
        const auto said = value(name);
        if (!said)
            return unsaid;
        std::string all;
        for (const auto& w : words)
        {
            if (w.text == *said)
                return w.means;
            all += (all.empty() ? "" : ", ") + std::string(w.text);
        }
        wrong(fmt::format("{} is {}: it must be one of {}", name, *said, all));
        return unsaid;
    }

    /// What is not said here, the worker says: then it is recognised.
    void converter()
    {
        const auto of = value("value.converter");
        const auto schemas = value("value.converter.schemas.enable");
        if (of && *of != json_converter)
            wrong(fmt::format("value.converter is {}: only messages in JSON can be read", *of));
        if (schemas && *schemas != "true" && *schemas != "false")
            wrong(fmt::format("value.converter.schemas.enable is {}: it must be true or false", *schemas));
        if (of)
            made_.how.schemas = schemas.value_or("true") == "true";
        // Exact numbers are then numbers of JSON.
        if (value("value.converter.decimal.format") == "NUMERIC" && made_.how.money == encodings::decimals::precise)
            made_.how.money = encodings::decimals::real;
    }

    void transforms()
    {
        bool flat = false, some = false;
        for (const auto& alias : words_of(value("transforms").value_or("")))
        {
            const auto own = "transforms." + alias + ".";
            const auto type = value(own + "type");
            if (!type)
                wrong(fmt::format("transforms names {}, and there is no {}type", alias, own));
            else if (type->starts_with(time_converter))
                made_.how.time = encodings::moments::recognised;
            else if (*type == flattening)
            {
                flat = true;
                some = some || value(own + "predicate").has_value();
                added_fields(own);
            }
        }
        // A predicate takes some of the messages.
        if (!some)
            made_.how.flat = flat;
    }

    void added_fields(const std::string& own)
    {
        const auto prefix = value(own + "add.fields.prefix").value_or("__");
        std::map<std::string, std::string> names;
        for (const auto& field : words_of(value(own + "add.fields").value_or("")))
        {
            // "op", "source.lsn", and either with a new name: "op:operation".
            const auto colon = std::min(field.find(':'), field.size());
            auto what = field.substr(0, colon);
            auto called = colon < field.size() ? field.substr(colon + 1) : what;
            for (char& c : called)
                c = c == '.' ? '_' : c;
            // Of the times only the envelope's own says when the message was made.
            if (what.starts_with("source.") && !what.starts_with("source.ts_"))
                what.erase(0, std::string_view("source.").size());
            names.emplace(what, prefix + called);
        }
        const auto take = [&](const char* what, std::string& to)
        {
            const auto found = names.find(what);
            if (found != names.end())
                to = found->second;
            return found != names.end();
        };
        if (!take("op", made_.how.op))
            wrong(fmt::format("{}add.fields has no op: what such rows tell proves nothing; op,lsn,txId", own));
        take("lsn", made_.how.lsn);
        take("txId", made_.how.transaction);
        take("table", made_.how.table);
        take("snapshot", made_.how.snapshot);
        static_cast<void>(take("ts_ns", made_.how.stamp) || take("ts_us", made_.how.stamp) ||
                          take("ts_ms", made_.how.stamp));
    }

    const settings& config_;
    const std::string& place_;
    told_connector made_;
    std::vector<std::string> wrong_;
};

}  // namespace

told_connector told_by(const settings& config, const std::string& place)
{
    return connector_reading(config, place).go();
}

settings read_connector_config(const std::string& file)
{
    const auto bytes = io::read_small_file(file, "--connector-config " + file);
    if (const auto problem = io::json_problem(bytes); !problem.empty())
        throw error(error_kind::data, fmt::format("{}: is no connector's configuration: {}", file, problem));
    auto config = io::read_json<nlohmann::json>(bytes);
    // As POST /connectors takes it.
    if (config.is_object() && config.contains("config"))
        config = config["config"];
    if (!config.is_object())
        throw error(
            error_kind::data,
            fmt::format("{}: is no connector's configuration: it must be one JSON object of names and texts", file));
    settings made;
    for (const auto& [name, value] : config.items())
        made[name] = value.is_string() ? value.get<std::string>() : value.dump();
    return made;
}

}  // namespace bazaar::capture
