#include "bazaar/kafka/topics.hpp"

#include <algorithm>
#include <charconv>
#include <thread>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/kafka/classify.hpp"

namespace bazaar::kafka
{
namespace
{

using clock = std::chrono::steady_clock;

constexpr auto poll_interval = std::chrono::milliseconds(100);

constexpr auto partition_count = partitions_setting;
constexpr auto copies = copies_setting;

std::set<std::string> names_of(std::span<const model::topic> topics)
{
    std::set<std::string> names;
    for (const auto& topic : topics)
        names.insert(topic.name);
    return names;
}

/// All that was refused, at once; the first gives the kind.
[[noreturn]] void refuse(const std::vector<error>& all)
{
    std::vector<std::string> lines;
    for (const auto& one : all)
        lines.insert(lines.end(), one.lines().begin(), one.lines().end());
    throw error(all.front().kind(), std::move(lines));
}

void keep(std::vector<error>& all, const admin& at, const std::string& what, const outcome& why)
{
    try
    {
        at.fail(what, why);
    }
    catch (const error& made)
    {
        all.push_back(made);
    }
}

/// Creates what is missing. A request that was not answered in time may have been done, so it is looked at again.
std::vector<std::string> create_missing(admin& at, std::span<const model::topic> wished, bool validate)
{
    std::vector<std::string> made;
    const auto end = clock::now() + at.timeout();
    for (;;)
    {
        const auto there = at.list();
        std::vector<model::topic> missing;
        for (const auto& topic : wished)
            if (!there.contains(topic.name) && std::ranges::find(made, topic.name) == made.end())
                missing.push_back(topic);
        const auto outcomes = at.create(missing, validate);
        std::vector<error> refused;
        bool again = false;
        for (std::size_t i = 0; i < outcomes.size(); ++i)
        {
            const auto& [what, code, problem] = outcomes[i];
            if (what == outcome::kind::done)
                made.push_back(missing[i].name);
            else if (what == outcome::kind::failed && is_passing(code) && clock::now() < end)
                again = true;
            else if (what == outcome::kind::failed)
                keep(refused, at, "create topic " + missing[i].name, outcomes[i]);
        }
        if (!refused.empty())
            refuse(refused);
        if (!again)
            return made;
        std::this_thread::sleep_for(poll_interval);
    }
}

/// Producing to a topic whose partitions have no leader yet fails.
void await_leaders(admin& at, const std::set<std::string>& names)
{
    const auto end = clock::now() + at.timeout();
    for (;;)
    {
        const auto there = at.list();
        const auto waits = std::ranges::find_if(names,
                                                [&](const std::string& name)
                                                {
                                                    const auto found = there.find(name);
                                                    return found == there.end() || !found->second.led;
                                                });
        if (waits == names.end())
            return;
        if (clock::now() >= end)
            throw error(error_kind::unavailable,
                        fmt::format("topic {} has partitions without a leader after {:.0f} s: are all brokers running?",
                                    *waits, std::chrono::duration<double>(at.timeout()).count()));
        std::this_thread::sleep_for(poll_interval);
    }
}

}  // namespace

std::vector<drift> differences(const model::topic& wished, const found_topic& is)
{
    std::vector<drift> all;
    const auto compare = [&](std::string_view setting, const std::string& there, const std::string& wish)
    {
        if (there != wish)
            all.push_back({wished.name, std::string(setting), there, wish});
    };
    if (wished.partitions > 0)
        compare(partition_count, std::to_string(is.partitions), std::to_string(wished.partitions));
    if (wished.replication > 0)
        compare(copies, std::to_string(is.replication), std::to_string(wished.replication));
    for (const auto& [name, value] : wished.settings)
    {
        const auto there = is.settings.find(name);
        compare(name, there == is.settings.end() ? "" : there->second, value);
    }
    return all;
}

ensured ensure_topics(admin& at, std::span<const model::topic> wished, const ensure_options& how)
{
    ensured done;
    const auto names = names_of(wished);
    done.made = create_missing(at, wished, how.validate);
    if (!how.validate)
        await_leaders(at, names);
    const auto there = at.describe(names);
    std::vector<error> refused;
    for (const auto& topic : wished)
    {
        const auto is = there.find(topic.name);
        if (is == there.end())
            continue;
        if (std::ranges::find(done.made, topic.name) == done.made.end())
            done.found.push_back(topic.name);
        std::map<std::string, std::string> settings;
        for (auto& difference : differences(topic, is->second))
        {
            const bool more = difference.setting == partition_count && topic.partitions > is->second.partitions;
            const bool fixed = difference.setting == copies || (difference.setting == partition_count && !more);
            if (!how.apply || fixed)
            {
                done.left.push_back(std::move(difference));
                continue;
            }
            if (!more)
                settings[difference.setting] = difference.wished;
            else if (const auto grown = at.grow(topic.name, topic.partitions, how.validate);
                     grown.what == outcome::kind::failed)
                keep(refused, at, "add partitions to topic " + topic.name, grown);
            done.changed.push_back(std::move(difference));
        }
        if (settings.empty())
            continue;
        if (const auto altered = at.alter(topic.name, is->second, settings, how.validate);
            altered.what == outcome::kind::failed)
            keep(refused, at, "alter topic " + topic.name, altered);
    }
    if (!refused.empty())
        refuse(refused);
    if (!how.validate && !done.changed.empty())
        await_leaders(at, names);
    return done;
}

std::vector<std::string> delete_topics(admin& at, std::span<const model::topic> wished)
{
    const auto there = at.list();
    std::vector<std::string> going;
    for (const auto& topic : wished)
        if (there.contains(topic.name))
            going.push_back(topic.name);
    const auto outcomes = at.remove(going);
    std::vector<error> refused;
    for (std::size_t i = 0; i < outcomes.size(); ++i)
        if (outcomes[i].what == outcome::kind::failed)
            keep(refused, at, "delete topic " + going[i], outcomes[i]);
    if (!refused.empty())
        refuse(refused);
    // Whoever creates them anew at once must not meet the old ones.
    const auto end = clock::now() + at.timeout();
    while (!at.describe({going.begin(), going.end()}).empty() && clock::now() < end)
        std::this_thread::sleep_for(poll_interval);
    return going;
}

}  // namespace bazaar::kafka
