#include "app/chosen.hpp"

#include <utility>

#include <fmt/format.h>

#include "app/card.hpp"
#include "app/stage.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/postgres/store.hpp"

namespace bazaar::app
{
namespace
{

constexpr std::string_view ways_out = ", and that cannot change; leave the flag out, name another schema with "
                                      "--db-schema, or remove that run with bazaard reset";

bool asks_for_another(const options& opts, std::string_view scenario)
{
    return opts.is_given("scenario") && opts.chosen->name != scenario;
}

/// `whose` is what has the scenario.
std::string contradiction(const options& opts, std::string_view scenario, std::string_view whose)
{
    return fmt::format("--scenario {}: {} is of the scenario {}", opts.chosen->name, whose, scenario);
}

void refuse_another(const options& opts, std::string_view scenario, std::string_view run)
{
    if (asks_for_another(opts, scenario))
        throw error(error_kind::config, contradiction(opts, scenario, fmt::format("run {}", run)).append(ways_out));
}

void check_card(const options& opts, std::string_view scenario)
{
    if (asks_for_another(opts, scenario))
        throw error(error_kind::usage, contradiction(opts, scenario, "the card " + opts.card));
}

}  // namespace

void check_scenario(const options& opts, const run::record& recorded)
{
    opts.card.empty() ? refuse_another(opts, recorded.scenario, recorded.run) : check_card(opts, recorded.scenario);
}

std::vector<std::string> misfits(const options& opts, std::string_view scenario, std::string_view whose)
{
    std::vector<std::string> lines;
    if (opts.chosen->name == scenario)
        return lines;
    if (asks_for_another(opts, scenario))
        return {contradiction(opts, scenario, whose).append(ways_out)};
    for (const auto& [name, text] : opts.given_settings)
        lines.push_back(fmt::format("--{} {}: is a flag of the scenario {}, and {} is of {}: leave it out", name, text,
                                    opts.chosen->name, whose, scenario));
    return lines;
}

options for_scenario(options opts, const scenario::entry& of)
{
    if (opts.chosen->name == of.name)
        return opts;
    opts.chosen = &of;
    opts.configuration = scenario::settings(of.fields);
    for (const auto& [name, text] : opts.given_settings)
        opts.given.erase(name);
    opts.given_settings.clear();
    return opts;
}

options for_card(options opts)
{
    auto card = given_card(opts);
    const auto& of = entry_named(card.scenario);
    opts.run = std::move(card.run);
    check_card(opts, of.name);
    if (auto wrong = misfits(opts, of.name, "the card " + opts.card); !wrong.empty())
        throw error(error_kind::usage, std::move(wrong));
    return for_scenario(std::move(opts), of);
}

const scenario::entry& scenario_in(postgres::session& on, const options& opts)
{
    const auto found = postgres::recorded_scenario(on, opts.schema, opts.run);
    if (!found)
        return *opts.chosen;
    refuse_another(opts, found->scenario, found->run);
    return entry_named(found->scenario);
}

const scenario::entry& scenario_of_run(run::ledger& in, const options& opts)
{
    const auto name = in.recorded_scenario();
    if (!name || *name == opts.chosen->name)
        return *opts.chosen;
    if (auto wrong = misfits(opts, *name, "run " + opts.run); !wrong.empty())
        throw error(error_kind::config, std::move(wrong));
    return entry_named(*name);
}

}  // namespace bazaar::app
