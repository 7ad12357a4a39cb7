#include "bazaar/daemon/chosen.hpp"

#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/daemon/card.hpp"
#include "bazaar/daemon/stage.hpp"

namespace bazaar::daemon
{
namespace
{

constexpr std::string_view ways_to_another = ", and that cannot change; leave the flag out, name another schema with "
                                             "--db-schema, or remove that run with bazaard reset";

bool asks_for_another(const settings& opts, std::string_view scenario)
{
    return opts.is_given("scenario") && opts.chosen->name != scenario;
}

void refuse_another_text(const settings& opts, const run::record& recorded, error_kind kind)
{
    if (auto line = another_text(opts, recorded); !line.empty())
        throw error(kind, line);
}

/// `whose` is what has the scenario.
std::string contradiction(const settings& opts, std::string_view scenario, std::string_view whose)
{
    return fmt::format("--scenario {}: {} is of the scenario {}", opts.chosen->name, whose, scenario);
}

void refuse_another(const settings& opts, std::string_view scenario, std::string_view run)
{
    if (asks_for_another(opts, scenario))
        throw error(error_kind::config,
                    contradiction(opts, scenario, fmt::format("run {}", run)).append(ways_to_another));
}

void check_card(const settings& opts, std::string_view scenario)
{
    if (asks_for_another(opts, scenario))
        throw error(error_kind::usage, contradiction(opts, scenario, "the card " + opts.card));
}

}  // namespace

void check_scenario(const settings& opts, const run::record& recorded)
{
    opts.card.empty() ? refuse_another(opts, recorded.scenario, recorded.run) : check_card(opts, recorded.scenario);
    refuse_another_text(opts, recorded, opts.card.empty() ? error_kind::config : error_kind::usage);
}

std::string another_text(const settings& opts, const run::record& recorded)
{
    if (!opts.is_given("scenario") || opts.chosen->name != recorded.scenario ||
        opts.chosen->text == recorded.scenario_text)
        return {};
    const auto& given = opts.given.find("scenario")->second.text;
    return fmt::format("--scenario {}: {} was begun with another text of the scenario {}; leave the flag out to go on "
                       "with that one, or begin another run in another schema with --run NEW --db-schema NEW",
                       given, opts.card.empty() ? "run " + recorded.run : "the run of the card " + opts.card,
                       recorded.scenario);
}

std::vector<std::string> misfits(const settings& opts, std::string_view scenario, std::string_view whose)
{
    std::vector<std::string> lines;
    if (opts.chosen->name == scenario)
        return lines;
    if (asks_for_another(opts, scenario))
        return {contradiction(opts, scenario, whose).append(ways_to_another)};
    for (const auto& [name, text] : opts.given_settings)
        lines.push_back(fmt::format("--{} {}: is a flag of the scenario {}, and {} is of {}: leave it out", name, text,
                                    opts.chosen->name, whose, scenario));
    return lines;
}

std::vector<std::string> misfits(const settings& opts, const run::record& recorded)
{
    auto lines = misfits(opts, recorded.scenario, "run " + recorded.run);
    if (auto line = another_text(opts, recorded); !line.empty())
        lines.push_back(std::move(line));
    return lines;
}

void take_scenario(settings& opts, const scenario::entry& of)
{
    if (opts.chosen == &of)
        return;
    // Of a file there may be several, one for each way in which settings change its tables.
    const bool same = opts.chosen->name == of.name && opts.chosen->text == of.text;
    opts.chosen = &of;
    if (same)
        return;
    opts.configuration = scenario::settings(of.fields);
    for (const auto& [name, text] : opts.given_settings)
        opts.given.erase(name);
    opts.given_settings.clear();
}

void take_card(settings& opts)
{
    auto card = given_card(opts);
    const auto& of = entry_of(card);
    opts.run = std::move(card.run);
    check_card(opts, of.name);
    refuse_another_text(opts, card, error_kind::usage);
    if (auto wrong = misfits(opts, of.name, "the card " + opts.card); !wrong.empty())
        throw error(error_kind::usage, std::move(wrong));
    take_scenario(opts, of);
}

const scenario::entry& scenario_in(run::record_reader& in, const settings& opts)
{
    const auto found = in.recorded_scenario(opts.run);
    if (!found)
        return *opts.chosen;
    refuse_another(opts, found->scenario, found->run);
    return entry_of(*found);
}

const scenario::entry& scenario_of_run(run::record_reader& in, const settings& opts)
{
    const auto found = in.recorded_scenario(opts.run);
    if (!found || found->run != opts.run || (found->scenario == opts.chosen->name && found->text.empty()))
        return *opts.chosen;
    if (auto wrong = misfits(opts, found->scenario, "run " + opts.run); !wrong.empty())
        throw error(error_kind::config, std::move(wrong));
    return entry_of(*found);
}

}  // namespace bazaar::daemon
