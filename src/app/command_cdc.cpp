#include <algorithm>

#include <fmt/format.h>

#include "app/cdc_names.hpp"
#include "app/place.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/chosen.hpp"
#include "bazaar/postgres/blame.hpp"
#include "bazaar/postgres/cdc.hpp"
#include "bazaar/postgres/password.hpp"
#include "bazaar/postgres/trust.hpp"
#include "bazaar/process/confirm.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/output.hpp"

namespace bazaar::app
{
namespace
{

using kind = postgres::cdc_step::kind;

std::string_view word(kind what)
{
    switch (what)
    {
    case kind::made:
        return "made";
    case kind::found:
        return "is there";
    case kind::changed:
        return "changed";
    case kind::differs:
        return "differs";
    case kind::dropped:
        return "dropped";
    case kind::absent:
        return "not there";
    }
    return "";
}

postgres::cdc_options names_of(const options& opts)
{
    postgres::cdc_options how;
    how.schema = opts.schema;
    how.publication = publication_of(opts);
    how.role = opts.cdc_user;
    return how;
}

postgres::cdc_options setup_of(const options& opts, std::span<const model::table> tables)
{
    auto how = names_of(opts);
    if (!opts.cdc_password_file.empty())
        how.password = postgres::read_password(opts.cdc_password_file);
    how.apply = opts.apply;
    std::vector<std::string> unknown;
    for (const auto& [table, identity] : opts.replica_identities)
    {
        const auto captured = postgres::captured_tables(tables);
        if (table == "*")
            for (const auto name : captured)
                how.identities.try_emplace(std::string(name), identity);
        else if (std::ranges::find(captured, table) == captured.end())
            unknown.push_back(fmt::format("--replica-identity {}={}: there is no such table; there are {}", table,
                                          postgres::name(identity), fmt::join(captured, ", ")));
        else
            how.identities[table] = identity;
    }
    if (!unknown.empty())
        throw error(error_kind::usage, std::move(unknown));
    return how;
}

/// Prints the steps; whether something differs and was left.
bool told(const std::vector<postgres::cdc_step>& steps)
{
    bool differs = false;
    for (const auto& step : steps)
    {
        process::print_line(fmt::format("{:<10}{}", word(step.what), step.line));
        differs = differs || step.what == kind::differs;
    }
    if (differs)
        log(log_level::warning, "cdc", "what differs was left as it is: --apply changes it");
    return differs;
}

int drop(const options& opts, postgres::session& link)
{
    auto how = names_of(opts);
    how.slot = slot_of(opts);
    if (!opts.yes &&
        !process::confirmed(fmt::format("Drop slot {}, publication {}, signal table {}.{} and role {} at {}?", how.slot,
                                        how.publication, how.schema, postgres::signal_table, how.role, link.where())))
    {
        log(log_level::info, "cdc", "nothing was dropped");
        return 0;
    }
    told(postgres::cdc_drop(link, how, opts.force));
    return 0;
}

int set_up(const options& opts, postgres::session& link, std::span<const model::table> tables,
           const postgres::cdc_options& how)
{
    postgres::check_trust(link, opts.schema, tables, postgres::trust_use::set_up, how.publication);
    const auto made = postgres::blaming(link, opts.schema, tables,
                                        [&] { return postgres::cdc_setup(link, how, tables); });
    return told(made) ? findings : 0;
}

int set_up(const options& opts)
{
    // Before the database is asked: what is wrong with it is a mistake of the command line.
    auto how = setup_of(opts, opts.chosen->tables);
    const open_place there(place_of_run(opts));
    const auto& of = daemon::scenario_in(there.records(), opts);
    if (of.name != opts.chosen->name)
        how = setup_of(opts, of.tables);
    return set_up(opts, there.session(), of.tables, how);
}

}  // namespace

int cdc_setup(const options& opts, postgres::session& link, std::span<const model::table> tables)
{
    return set_up(opts, link, tables, setup_of(opts, tables));
}

int cdc(const options& opts)
{
    if (opts.verb != "drop")
        return set_up(opts);
    postgres::session link(postgres::resolve(opts.database, opts.run));
    return drop(opts, link);
}

}  // namespace bazaar::app
