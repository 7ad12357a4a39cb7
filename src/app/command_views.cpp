#include <algorithm>

#include <fmt/format.h>

#include "app/place.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/chosen.hpp"
#include "bazaar/postgres/blame.hpp"
#include "bazaar/postgres/views.hpp"
#include "bazaar/process/output.hpp"

namespace bazaar::app
{
namespace
{

using state = postgres::views_state;

std::string_view word(state what)
{
    switch (what)
    {
    case state::created:
        return "created";
    case state::replaced:
        return "replaced";
    case state::found:
        return "is there";
    case state::dropped:
        return "dropped";
    case state::absent:
        return "not there";
    }
    return "";
}

/// The set of --views, or else the first one of the scenario.
const scenario::view_set& set_of(const options& opts, const scenario::entry& of)
{
    const auto place = opts.view_set.empty() ? of.views.begin()
                                             : std::ranges::find(of.views, opts.view_set, &scenario::view_set::name);
    if (place == of.views.end())
        throw error(error_kind::usage, opts.view_set.empty() ? fmt::format("scenario {} has no views", of.name)
                                                             : fmt::format("--views {}: scenario {} has no such views",
                                                                           opts.view_set, of.name));
    return *place;
}

postgres::views_place place_of(const options& opts, const scenario::view_set& of)
{
    return {opts.schema, opts.run, opts.views_schema.empty() ? std::string(of.name) : opts.views_schema};
}

void print(state what, const scenario::view_set& of, const postgres::views_place& at)
{
    process::print_line(fmt::format("{:<10}views {} of run {} of schema {}, in schema {}", word(what), of.name, at.run,
                                    at.schema, at.views));
}

int drop_them(const options& opts, postgres::session& link, const scenario::entry& of)
{
    const auto& set = set_of(opts, of);
    const auto at = place_of(opts, set);
    print(postgres::drop_views(link, set, at), set, at);
    return 0;
}

}  // namespace

void check_views(const options& opts, const scenario::entry& of)
{
    postgres::check_views_place(place_of(opts, set_of(opts, of)));
}

void create_views(const options& opts, postgres::session& link, const scenario::entry& of)
{
    const auto& set = set_of(opts, of);
    const auto at = place_of(opts, set);
    print(postgres::blaming(link, opts.schema, of.tables,
                            [&] { return postgres::create_views(link, set, at, of.tables); }),
          set, at);
}

int views(const options& opts)
{
    const open_place there(place_of_run(opts));
    const auto& of = daemon::scenario_in(there.records(), opts);
    if (opts.verb == "drop")
        return drop_them(opts, there.session(), of);
    create_views(opts, there.session(), of);
    return 0;
}

}  // namespace bazaar::app
