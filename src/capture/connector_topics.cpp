#include "bazaar/capture/connector_topics.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "bazaar/capture/connector_config.hpp"
#include "capture/java_regex.hpp"

namespace bazaar::capture
{
namespace
{

using settings = std::map<std::string, std::string>;
using model::op;

/// Whether a transformation takes a message.
enum class takes : std::uint8_t
{
    no,
    yes,
    maybe,
};

std::string trimmed(std::string_view text)
{
    const auto begin = text.find_first_not_of(" \t\r\n");
    return begin == text.npos ? std::string()
                              : std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

/// Those that change neither a value nor whether a message is sent, nor to which topic.
constexpr std::array<std::string_view, 13> harmless{"InsertHeader",
                                                    "DropHeaders",
                                                    "SetSchemaMetadata$Value",
                                                    "ValueToKey",
                                                    "ExtractChangedRecordState",
                                                    "ExtractSchemaToNewRecord",
                                                    "ActivateTracingSpan",
                                                    "ActivateOpenTracingSpan",
                                                    "VectorToJsonConverter",
                                                    "DecodeLogicalDecodingMessageContent",
                                                    "PartitionRouting",
                                                    "ComputePartition",
                                                    "SchemaChangeEventFilter"};

/// Those that send a message to a topic that its content, or the time, gives.
constexpr std::array<std::string_view, 5> elsewhere{"ContentBasedRouter", "TimestampRouter", "MessageTimestampRouter",
                                                    "EventRouter", "ExtractTopic$Value"};

class chain
{
public:
    chain(const settings& config, const verify::encodings& how, std::span<const model::table> tables,
          const std::string& schema, connector_limits& to)
        : config_(config), how_(how), tables_(tables), schema_(schema), to_(to), flat_(tables.size())
    {
    }

    void go()
    {
        begin();
        for (const auto& alias : words_of(value("transforms")))
        {
            own_ = "transforms." + alias + ".";
            const auto type = value(own_ + "type");
            by_ = fmt::format("transforms.{} ({})", alias, type.substr(type.rfind('.') + 1));
            step(type.substr(type.rfind('.') + 1));
        }
        std::map<std::string, std::size_t> shared;
        each_table(
            [&](std::uint8_t i)
            {
                for (const auto& name : topics_[i])
                    shared[name] += flat_[i] && !tells_table_ ? 1U : 0U;
            });
        each_table(
            [&](std::uint8_t i)
            {
                for (const auto& name : topics_[i])
                    if (shared[name] > 1)
                        to_.table(i, fmt::format("topic {}, which several tables share: transforms.*.add.fields has no "
                                                 "table",
                                                 name));
                to_.topics[i] = std::move(topics_[i]);
            });
        to_.transactions = std::move(transactions_);
    }

private:
    [[nodiscard]] std::string value(const std::string& name, const char* unsaid = "") const
    {
        const auto found = config_.find(name);
        return found == config_.end() ? unsaid : found->second;
    }

    [[nodiscard]] std::string own(const char* name, const char* unsaid = "") const
    {
        return value(own_ + name, unsaid);
    }

    template <typename Function>
    void each_table(const Function& take)
    {
        for (std::uint8_t i = 0; i < tables_.size(); ++i)
            if (tables_[i].kept_by != model::role::heartbeat)
                take(i);
    }

    /// Names that the connector itself gives.
    void begin()
    {
        const auto prefix = value("topic.prefix"), delimiter = value("topic.delimiter", ".");
        const auto strategy = value("topic.naming.strategy", "io.debezium.schema.SchemaTopicNamingStrategy");
        const auto kind = strategy.substr(strategy.rfind('.') + 1);
        const bool routed = kind == "SchemaRegexTopicNamingStrategy";
        const bool known = routed || kind == "SchemaTopicNamingStrategy" || kind == "SchemaUnicodeTopicNamingStrategy";
        transactions_.insert(prefix + delimiter + value("topic.transaction", "transaction"));
        each_table(
            [&](std::uint8_t i)
            {
                const auto plain = prefix + delimiter + schema_ + delimiter + std::string(tables_[i].name);
                const auto name = topic_characters(plain);
                if (known && (kind != "SchemaUnicodeTopicNamingStrategy" || name == plain))
                    topics_[i].insert(name);
                else
                    to_.table(i, "topic.naming.strategy " + strategy);
            });
        if (routed)
        {
            own_.clear();
            by_ = "topic.regex";
            route("topic.regex", "topic.replacement", false);
        }
    }

    /// Whether the transformation takes events that come with this topic.
    [[nodiscard]] takes applies(const std::string& topic) const
    {
        const auto name = own_.empty() ? std::string() : own("predicate");
        if (name.empty())
            return takes::yes;
        const auto type = value("predicates." + name + ".type");
        auto found = takes::maybe;
        if (type.ends_with(".TopicNameMatches"))
        {
            const auto regex = java_regex::read(value("predicates." + name + ".pattern"));
            const auto is = regex ? regex->is(topic) : std::nullopt;
            found = !is ? takes::maybe : *is ? takes::yes : takes::no;
        }
        else if (type.ends_with(".RecordIsTombstone"))
            found = takes::no;
        const bool not_so = own("negate") == "true";
        return found == takes::maybe || !not_so ? found : found == takes::yes ? takes::no : takes::yes;
    }

    /// The same, where it has an expression of its own for topics.
    [[nodiscard]] takes applies_by_topic(const std::string& topic) const
    {
        const auto expression = own("topic.regex");
        const auto by_predicate = applies(topic);
        if (expression.empty() || by_predicate == takes::no)
            return by_predicate;
        const auto regex = java_regex::read(expression);
        const auto is = regex ? regex->is(topic) : std::nullopt;
        return !is ? takes::maybe : *is ? by_predicate : takes::no;
    }

    /// Whether it takes events of a table.
    [[nodiscard]] bool may_take(std::uint8_t table, bool by_topic = false)
    {
        const auto& names = topics_[table];
        return names.empty() ||
               std::ranges::any_of(names, [&](const std::string& name)
                                   { return (by_topic ? applies_by_topic(name) : applies(name)) != takes::no; });
    }

    void route(const char* expression, const char* replacement, bool metadata)
    {
        const auto text = own(expression);
        const auto regex = java_regex::read(text);
        const auto move = [&](std::set<std::string>& names)
        {
            std::set<std::string> made;
            for (const auto& name : names)
            {
                const auto taken = applies(name);
                const auto is = regex ? regex->is(name) : std::nullopt;
                const auto target = is.value_or(false) ? regex->replaced(name, own(replacement)) : std::nullopt;
                if (taken != takes::no && (!is || (*is && !target)))
                    return false;
                if (taken != takes::yes || !*is || target->empty())
                    made.insert(name);
                if (taken != takes::no && *is && !target->empty())
                    made.insert(*target);
            }
            names = std::move(made);
            return true;
        };
        each_table(
            [&](std::uint8_t i)
            {
                if (move(topics_[i]))
                    return;
                topics_[i].clear();
                to_.table(i, fmt::format("{}: regular expression {} is not understood", by_, text));
            });
        if (metadata && !move(transactions_))
            transactions_.clear();
    }

    void step(const std::string& type)
    {
        if (type == "RegexRouter")
            route("regex", "replacement", true);
        else if (type == "ByLogicalTableRouter")
            route("topic.regex", "topic.replacement", true);
        else if (type == "ExtractNewRecordState")
            flatten();
        else if (type == "Filter" || type.starts_with("Filter$"))
            each_table(
                [&](std::uint8_t i)
                {
                    if (may_take(i, true))
                        to_.table(i, by_);
                });
        else if (std::ranges::find(elsewhere, type) != elsewhere.end())
            each_table(
                [&](std::uint8_t i)
                {
                    if (!may_take(i, true))
                        return;
                    to_.table(i, by_);
                    if (type != "ContentBasedRouter")
                        topics_[i].clear();
                });
        else if (type == "ReplaceField$Value")
            replace_fields();
        else if (type == "MaskField$Value")
            change(words_of(own("fields")));
        else if (type == "HeaderFrom$Value")
        {
            if (own("operation") != "copy")
                change(words_of(own("fields")));
        }
        else if (type == "Cast$Value")
            cast();
        else if (type == "TimestampConverter$Value")
        {
            // Numbers are recognised, whatever they count.
            if (const auto target = own("target.type"); target != "unix" && target != "Timestamp")
                change(words_of(own("field")));
        }
        else if (type == "TimezoneConverter")
            change_columns([](const model::column& c) { return c.kind == model::type::timestamp; });
        else if (type == "InsertField$Value" || type == "HeaderToValue")
        {
            std::vector<std::string> names = words_of(own("fields"));
            for (const auto* const one :
                 {"static.field", "topic.field", "partition.field", "offset.field", "timestamp.field"})
                names.push_back(trimmed(own(one)));
            change(names);
        }
        else if (!type.ends_with("$Key") && std::ranges::find(harmless, type) == harmless.end())
        {
            // Whatever it does, nobody here knows it.
            each_table(
                [&](std::uint8_t i)
                {
                    if (may_take(i))
                        to_.table(i, by_);
                });
            change_columns([](const model::column&) { return true; });
        }
    }

    void flatten()
    {
        const auto mode = own("delete.tombstone.handling.mode");
        const auto older = own("delete.handling.mode");
        for (const auto& field : words_of(own("add.fields")))
            tells_table_ = tells_table_ || field.substr(0, field.find(':')) == "table" ||
                           field.substr(0, field.find(':')) == "source.table";
        const bool told = mode.starts_with("rewrite") || (mode.empty() && older == "rewrite");
        each_table(
            [&](std::uint8_t i)
            {
                if (!may_take(i))
                    return;
                flat_[i] = true;
                if (!told)
                    to_.operation(i, op::erase,
                                  mode.empty() && !older.empty()
                                      ? fmt::format("{}delete.handling.mode {}", own_, older)
                                      : fmt::format("{}delete.tombstone.handling.mode {}", own_,
                                                    mode.empty() ? "tombstone" : mode));
                if (!own("route.by.field").empty())
                {
                    topics_[i].clear();
                    to_.table(i, own_ + "route.by.field");
                }
            });
    }

    template <typename Condition>
    void change_columns(const Condition& is_changed)
    {
        each_table(
            [&](std::uint8_t i)
            {
                for (std::size_t c = 0; may_take(i) && c < tables_[i].columns.size(); ++c)
                    if (is_changed(tables_[i].columns[c]))
                        column(i, c);
            });
    }

    void column(std::uint8_t table, std::size_t at)
    {
        if (at == tables_[table].key)
            to_.unreadable.emplace(table, fmt::format("{} of its key {}", by_, tables_[table].columns[at].name));
        else
            to_.column(table, at, by_);
    }

    /// Fields that are sent otherwise, or not at all.
    void change(const std::function<bool(std::string_view)>& is_changed)
    {
        each_table(
            [&](std::uint8_t i)
            {
                if (!may_take(i))
                    return;
                // What an event cannot be read without.
                if (flat_[i] ? is_changed(how_.op) : is_changed("op") || is_changed("source") || is_changed("after"))
                    to_.unreadable.emplace(i, by_);
                for (std::size_t c = 0; flat_[i] && c < tables_[i].columns.size(); ++c)
                    if (is_changed(tables_[i].columns[c].name))
                        column(i, c);
            });
    }

    void change(const std::vector<std::string>& names)
    {
        change([&](std::string_view name) { return std::ranges::find(names, name) != names.end(); });
    }

    void replace_fields()
    {
        // Each with the name that it had once.
        auto names = words_of(own("exclude") + "," + own("blacklist"));
        const auto kept = words_of(own("include") + "," + own("whitelist"));
        for (const auto& pair : words_of(own("renames")))
            names.push_back(trimmed(pair.substr(0, pair.find(':'))));
        change(
            [&](std::string_view name)
            {
                return std::ranges::find(names, name) != names.end() ||
                       (!kept.empty() && std::ranges::find(kept, name) == kept.end());
            });
    }

    void cast()
    {
        std::vector<std::string> names;
        for (const auto& pair : words_of(own("spec")))
            if (pair.find(':') != pair.npos)
                names.push_back(trimmed(pair.substr(0, pair.find(':'))));
        // A type alone is that of the whole value, which is none of the simple ones.
        change(names);
    }

    const settings& config_;
    const verify::encodings& how_;
    std::span<const model::table> tables_;
    const std::string& schema_;
    connector_limits& to_;
    std::vector<bool> flat_;  ///< By table: its events are rows by now.
    std::map<std::uint8_t, std::set<std::string>> topics_;
    std::set<std::string> transactions_;
    bool tells_table_ = false;  ///< So do rows themselves.
    std::string own_, by_;      ///< Of the transformation at hand.
};

}  // namespace

std::vector<std::string> words_of(std::string_view list)
{
    std::vector<std::string> parts;
    while (!list.empty())
    {
        const auto comma = std::min(list.find(','), list.size());
        if (auto one = trimmed(list.substr(0, comma)); !one.empty())
            parts.push_back(std::move(one));
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return parts;
}

std::vector<std::string> expressions_of(std::string_view list)
{
    std::vector<std::string> parts(1);
    for (std::size_t i = 0; i < list.size(); ++i)
        if (list[i] == '\\' && i + 1 < list.size())
        {
            if (list[i + 1] != ',')
                parts.back() += list[i];
            parts.back() += list[++i];
        }
        else if (list[i] == ',')
            parts.emplace_back();
        else
            parts.back() += list[i];
    for (auto& one : parts)
        one = trimmed(one);
    std::erase(parts, std::string());
    return parts;
}

void add_topics(const settings& config, const verify::encodings& how, std::span<const model::table> tables,
                const std::string& schema, connector_limits& to)
{
    chain(config, how, tables, schema, to).go();
}

}  // namespace bazaar::capture
