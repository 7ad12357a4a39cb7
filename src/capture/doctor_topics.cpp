// The rules of Kafka's topics.

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "capture/findings.hpp"

namespace bazaar::capture
{
namespace
{

using kind = remedy::kind;

}  // namespace

std::vector<finding> judge_topics(const std::map<std::string, kafka::found_topic>& found,
                                  std::span<const model::topic> topics, const expectation& wished)
{
    std::vector<finding> made;
    std::vector<std::string_view> missing;
    for (const auto& topic : topics)
        if (!found.contains(topic.name))
            missing.push_back(topic.name);
    // They go by the same command, and often all at once.
    if (!missing.empty())
        made.push_back(make("topic-missing", "topics", fmt::format("not there: {}", fmt::join(missing, ", ")),
                            {{kind::command, wished.command("topics ensure")}}));
    for (const auto& topic : topics)
    {
        const auto is = found.find(topic.name);
        if (is == found.end())
            continue;
        const auto subject = "topic " + topic.name;
        if (!is->second.led)
            made.push_back(make("topic-offline", subject, "a partition has no leader",
                                {{kind::advice, "see which of the brokers is down, and start it"}}));
        std::string settings;
        for (const auto& one : kafka::differences(topic, is->second))
        {
            const auto wrong = fmt::format("{} {}, wished {}", one.setting, one.is, one.wished);
            if (one.setting == kafka::partitions_setting && is->second.partitions < topic.partitions)
                made.push_back(make("topic-partitions-few", subject, wrong,
                                    {{kind::command, wished.command("topics ensure --apply")}}));
            else if (one.setting == kafka::partitions_setting)
                made.push_back(make("topic-partitions-many", subject, wrong,
                                    {{kind::advice, fmt::format("Kafka takes no partition away: say --partitions {} "
                                                                "everywhere, or delete the topic and make it again",
                                                                one.is)}}));
            else if (one.setting == kafka::copies_setting)
                made.push_back(make("topic-copies", subject, wrong,
                                    {{kind::advice, "move its copies with Kafka's kafka-reassign-partitions"}}));
            else
                settings += (settings.empty() ? "" : "; ") + wrong;
        }
        if (!settings.empty())
            made.push_back(
                make("topic-settings", subject, settings, {{kind::command, wished.command("topics ensure --apply")}}));
    }
    return made;
}

finding no_kafka(const std::string& servers, const std::string& why, bool refused)
{
    return make(refused ? "kafka-refused" : "kafka-unreachable", servers, why,
                {{kind::advice, refused ? "give a login that may describe topics, as docs/flags.md says"
                                        : "start the brokers, or say where they are with --bootstrap-servers"},
                 {kind::advice, "or leave them out with --skip kafka"}});
}

}  // namespace bazaar::capture
