#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cdc_names.hpp"
#include "app/chosen.hpp"
#include "app/connector.hpp"
#include "app/kafka_link.hpp"
#include "app/place.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/app/flag.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/base/plain.hpp"
#include "bazaar/base/words.hpp"
#include "bazaar/capture/doctor.hpp"
#include "bazaar/io/json_text.hpp"
#include "bazaar/postgres/views.hpp"
#include "bazaar/process/output.hpp"

namespace bazaar::app
{
namespace
{

using json = nlohmann::ordered_json;

/// The command line, with the flags of ours that it needs to find the same: those of environment and file it finds by itself.
std::string complete(const options& opts, std::string_view words)
{
    const auto table = flag_table(scenario::registry(), *opts.chosen);
    const auto first = words.substr(0, words.find(' '));
    const auto rest = words.substr(std::min(first.size() + 1, words.size()));
    const auto second = rest.substr(0, rest.find(' '));
    const auto what = std::ranges::find(all_commands, first, [](command one) { return name(one); });
    expect(what != all_commands.end(), "a remedy is a command of this program");
    std::string line = "bazaard " + std::string(words);
    for (const auto& entry : table)
    {
        const auto given = opts.given.find(entry.name);
        if (given == opts.given.end() || given->second.origin != "command line" || !entry.commands.has(*what, second) ||
            words.find(fmt::format("--{} ", entry.name)) != words.npos)
            continue;
        line += fmt::format(" --{}", entry.name);
        if (entry.form == flag_form::value)
            line += ' ' + shell_word(given->second.text);
    }
    return line;
}

std::map<std::string, std::string> texts(const json& config)
{
    std::map<std::string, std::string> made;
    for (const auto& [key, value] : config.items())
        made[key] = value.get<std::string>();
    return made;
}

std::vector<capture::finding> look_at_connect(const options& opts, const capture::expectation& wished)
{
    const capture::connect_rest at(connect_place_of(opts));
    capture::connector_facts found;
    try
    {
        found = capture::read_connector(at, wished.connector);
    }
    catch (const error& problem)
    {
        if (problem.kind() == error_kind::usage)
            throw;
        return {capture::no_connect(at.url(), problem.what(), problem.kind() == error_kind::permission)};
    }
    auto made = capture::judge_connector(found, wished, texts(wished_connector(opts)));
    for (const auto& line : impossible_names(opts))
        made.push_back(capture::impossible_name(wished.connector, line));
    return made;
}

std::vector<capture::finding> look_at_kafka(const options& opts, const capture::expectation& wished)
{
    const auto topics = capture::wished_topics(topic_options(opts), wished.tables);
    std::set<std::string> names;
    for (const auto& topic : topics)
        names.insert(topic.name);
    try
    {
        auto at = kafka_admin(opts);
        return capture::judge_topics(at.describe(names), topics, wished);
    }
    catch (const error& problem)
    {
        if (problem.kind() != error_kind::unavailable && problem.kind() != error_kind::permission)
            throw;
        return {capture::no_kafka(opts.bootstrap_servers, problem.what(), problem.kind() == error_kind::permission)};
    }
}

std::string_view label(capture::remedy::kind how)
{
    switch (how)
    {
    case capture::remedy::kind::sql:
        return "psql: ";
    case capture::remedy::kind::command:
        return "run: ";
    case capture::remedy::kind::restart:
    case capture::remedy::kind::advice:
        return "";
    }
    return "";
}

std::size_t number_of(std::span<const capture::finding> found, capture::severity weight)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(found, [&](const capture::finding& one) { return one.what.weight == weight; }));
}

std::string text_of(std::span<const capture::finding> found, std::span<const std::string_view> examined)
{
    std::string text;
    for (const auto& one : found)
    {
        const auto add = [&](const std::string& line) { text += plain(line) + '\n'; };
        add(fmt::format("{:<8} {}: {}: {}", name(one.what.weight), one.what.code, one.subject, one.wrong));
        add(fmt::format("         {}", one.what.effect));
        for (const auto& step : one.mend)
            add(fmt::format("         -> {}{}", label(step.how), step.text));
        add({});
    }
    const auto looked = fmt::format("looked at: {}", fmt::join(examined, ", "));
    if (found.empty())
        return fmt::format("no findings; {}\n", looked);
    std::string counts;
    for (const auto weight : {capture::severity::error, capture::severity::warning, capture::severity::notice})
        if (const auto number = number_of(found, weight); number > 0)
            counts += fmt::format("{}{} {}{}", counts.empty() ? "" : ", ", number, name(weight),
                                  number == 1 ? "" : "s");
    return text + fmt::format("{} finding{}: {}; {}\n", found.size(), found.size() == 1 ? "" : "s", counts, looked);
}

std::string json_of(std::span<const capture::finding> found, std::span<const std::string_view> examined)
{
    json all = json::object();
    all["findings"] = json::array();
    for (const auto& one : found)
    {
        json steps = json::array();
        for (const auto& step : one.mend)
            steps.push_back({{"kind", name(step.how)}, {"text", step.text}});
        all["findings"].push_back({{"code", one.what.code},
                                   {"severity", name(one.what.weight)},
                                   {"subject", one.subject},
                                   {"problem", one.wrong},
                                   {"effect", one.what.effect},
                                   {"remedy", std::move(steps)}});
    }
    for (const auto weight : {capture::severity::error, capture::severity::warning, capture::severity::notice})
        all[fmt::format("{}s", name(weight))] = number_of(found, weight);
    all["examined"] = examined;
    return io::json_text(all, 2) + '\n';
}

/// What remedies have to name, too, as nobody has named it.
options as_found(const options& given, const scenario::entry& of)
{
    auto opts = for_scenario(given, of);
    if (of.name != scenario::default_name)
        opts.given.try_emplace("scenario", given_value{std::string(of.name), "command line", {}, "--scenario"});
    return opts;
}

}  // namespace

int doctor(const options& given)
{
    const open_place there({postgres::resolve(given.database), given.schema});
    auto& link = there.session();
    const auto& of = daemon::scenario_in(there.records(), given);
    const options opts = as_found(given, of);
    capture::expectation wished;
    wished.schema = opts.schema;
    wished.publication = publication_of(opts);
    wished.slot = slot_of(opts);
    wished.role = opts.cdc_user;
    wished.password_file = !opts.cdc_password_file.empty();
    wished.connector = connector_name(opts);
    wished.tables = of.tables;
    wished.slot_wal_max = opts.slot_wal_warn;
    wished.command = [&](std::string_view words) { return complete(opts, words); };

    std::vector<std::string_view> examined{"database"};
    auto facts = postgres::read_cdc_facts(link, wished.schema, wished.publication, wished.role, wished.tables);
    const auto functions = postgres::make_write_functions(wished.schema, wished.tables, of.kinds);
    facts.altered = postgres::altered_functions(link, functions);
    std::vector<capture::finding> of_connector;
    auto connector = capture::connector_health::unknown;
    if (!opts.skip_connect)
    {
        of_connector = look_at_connect(opts, wished);
        connector = capture::health(of_connector);
        examined.emplace_back("connect");
    }
    auto found = capture::judge_database(facts, wished, connector);
    for (const auto& set : of.views)
        for (const auto& views : postgres::find_views(link, set, wished.schema))
            if (auto wrong = capture::judge_views(views, set.name, wished))
                found.push_back(std::move(*wrong));
    found.insert(found.end(), of_connector.begin(), of_connector.end());
    if (!opts.skip_kafka)
    {
        const auto of_topics = look_at_kafka(opts, wished);
        found.insert(found.end(), of_topics.begin(), of_topics.end());
        examined.emplace_back("kafka");
    }
    std::ranges::stable_sort(found, {}, [](const capture::finding& one) { return one.what.weight; });
    process::print_out(opts.json ? json_of(found, examined) : text_of(found, examined));
    return found.empty() ? 0 : findings;
}

}  // namespace bazaar::app
