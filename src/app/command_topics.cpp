#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "app/cdc_names.hpp"
#include "app/kafka_link.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/io/offered_scenario.hpp"
#include "bazaar/kafka/scenario_outlets.hpp"
#include "bazaar/kafka/topics.hpp"
#include "bazaar/process/confirm.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/output.hpp"

namespace bazaar::app
{
namespace
{

void tell(std::string_view what, const std::vector<std::string>& names)
{
    for (const auto& name : names)
        process::print_line(fmt::format("{:<12}topic {}", what, name));
}

/// A table: which topic, what, how it is, how it is wished.
void tell(std::string_view what, const std::vector<kafka::drift>& all)
{
    if (all.empty())
        return;
    std::size_t topic = 5, setting = 7, is = 2;
    for (const auto& one : all)
    {
        topic = std::max(topic, one.topic.size());
        setting = std::max(setting, one.setting.size());
        is = std::max(is, one.is.size());
    }
    process::print_line(fmt::format("{}:", what));
    process::print_line(fmt::format("  {:<{}}  {:<{}}  {:<{}}  wished", "topic", topic, "setting", setting, "is", is));
    for (const auto& one : all)
        process::print_line(fmt::format("  {:<{}}  {:<{}}  {:<{}}  {}", one.topic, topic, one.setting, setting, one.is,
                                        is, one.wished));
}

/// Topics that a connector fills for tables in PostgreSQL, and those of tables that go to Kafka.
std::vector<model::topic> wished_topics(const options& opts, const capture::connector_options& how,
                                        const scenario::entry& of)
{
    const auto is_sent = [](const model::table& one) { return one.sink == model::target::kafka; };
    std::vector<model::topic> all;
    if (!std::ranges::all_of(of.tables, is_sent))
        all = capture::wished_topics(how, of.tables);
    if (std::ranges::none_of(of.tables, is_sent))
        return all;
    const auto& file = io::spec_of_text(of.text);
    const auto outlets = kafka::outlets_of(
        file, &of == opts.chosen ? opts.configuration : scenario::settings(of.fields), of.tables);
    std::ranges::move(kafka::topics_of(file, outlets, of.tables, how.replication), std::back_inserter(all));
    return all;
}

/// The names of the topics as a question has them.
std::string names_of(const options& opts, std::span<const model::topic> wished)
{
    if (opts.chosen->text.empty())
        return fmt::format("{}.{}.* and those that its connector fills beside them", opts.topic_prefix, opts.schema);
    std::string all;
    for (const auto& topic : wished)
        all += (all.empty() ? "" : ", ") + topic.name;
    return all;
}

int check(kafka::admin& at, std::span<const model::topic> wished)
{
    std::set<std::string> names;
    for (const auto& topic : wished)
        names.insert(topic.name);
    const auto there = at.describe(names);
    std::vector<std::string> found, missing;
    std::vector<kafka::drift> differs;
    for (const auto& topic : wished)
    {
        const auto is = there.find(topic.name);
        (is == there.end() ? missing : found).push_back(topic.name);
        if (is == there.end())
            continue;
        const auto more = kafka::differences(topic, is->second);
        differs.insert(differs.end(), more.begin(), more.end());
    }
    tell("is there", found);
    tell("missing", missing);
    tell("differs", differs);
    return missing.empty() && differs.empty() ? 0 : findings;
}

int remove(const options& opts, kafka::admin& at, std::span<const model::topic> wished)
{
    if (!opts.yes && !process::confirmed(fmt::format("Delete the topics {}, with all their messages, at {}?",
                                                     names_of(opts, wished), opts.bootstrap_servers)))
    {
        log(log_level::info, "topics", "nothing was deleted");
        return 0;
    }
    const auto gone = kafka::delete_topics(at, wished);
    tell("deleted", gone);
    if (gone.empty())
        process::print_line("there was no topic to delete");
    return 0;
}

topic_states ensure(const options& opts, kafka::admin& at, std::span<const model::topic> wished)
{
    const auto done = kafka::ensure_topics(at, wished, {opts.apply, opts.validate});
    tell(opts.validate ? "would make" : "made", done.made);
    tell("is there", done.found);
    tell(opts.validate ? "would change" : "changed", done.changed);
    tell("differs", done.left);
    const bool fixed = std::ranges::any_of(done.left,
                                           [](const kafka::drift& one)
                                           {
                                               return one.setting == "replication factor" ||
                                                      (one.setting == "partitions" &&
                                                       std::stoi(one.is) > std::stoi(one.wished));
                                           });
    if (!done.left.empty() && !opts.apply)
        log(log_level::warning, "topics", "what differs was left as it is: --apply changes it");
    if (fixed)
        log(log_level::warning, "topics",
            "Kafka takes no partition away, and copies are moved with its own kafka-reassign-partitions");
    if (std::ranges::any_of(done.changed, [](const kafka::drift& one) { return one.setting == "partitions"; }))
        log(log_level::warning, "topics",
            "with more partitions a key may go to another one: changes of one row from before and after are in no "
            "order");
    topic_states states{.made = done.made.size()};
    for (const auto& name : done.found)
        ++(std::ranges::find(done.left, name, &kafka::drift::topic) == done.left.end() ? states.there
                                                                                       : states.differing);
    return states;
}

}  // namespace

int exit_code(const topic_states& of) noexcept
{
    return of.differing == 0 ? 0 : findings;
}

topic_states ensure_topics(const options& opts, const scenario::entry& of)
{
    const auto wished = wished_topics(opts, topic_options(opts), of);
    auto at = kafka_admin(opts);
    return ensure(opts, at, wished);
}

int topics(const options& opts)
{
    if (opts.verb == "ensure")
        return exit_code(ensure_topics(opts, *opts.chosen));
    auto at = kafka_admin(opts);
    return opts.verb == "check" ? check(at, wished_topics(opts, topic_options(opts), *opts.chosen))
                                : remove(opts, at, wished_topics(opts, topic_names(opts), *opts.chosen));
}

}  // namespace bazaar::app
