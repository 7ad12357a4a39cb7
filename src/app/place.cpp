#include "app/place.hpp"

#include "bazaar/daemon/chosen.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/postgres/record_reader.hpp"

namespace bazaar::app
{

postgres::place place_of_run(const options& opts)
{
    return {postgres::resolve(opts.database, opts.run), opts.schema};
}

postgres::place place_of_source(const options& opts)
{
    if (!opts.source_url)
        return place_of_run(opts);
    postgres::connection_flags flags;
    flags.url = opts.source_url;
    return {postgres::resolve(flags, opts.run), opts.schema};
}

open_place::open_place(const postgres::place& at, const postgres::session::options& how)
    : schema_(at.schema),
      session_(std::make_unique<postgres::session>(at.database, how)),
      records_(std::make_unique<postgres::record_reader>(*session_, schema_, daemon::fields_of))
{
}

void open_place::check(std::span<const model::table> tables, postgres::trust_use what) const
{
    postgres::check_trust(*session_, schema_, tables, what);
}

open_place open_for_reading(const postgres::place& at, const options& opts, const postgres::session::options& how,
                            const scenario::entry* of)
{
    open_place made(at, how);
    made.check((of != nullptr ? *of : daemon::scenario_in(made.records(), opts)).tables, postgres::trust_use::read);
    return made;
}

}  // namespace bazaar::app
