#include "bazaar/postgres/record_reader.hpp"

#include <utility>

#include "bazaar/postgres/writer.hpp"

namespace bazaar::postgres
{

snapshot::snapshot(session& on) : transaction_(on, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
{
    on.exec("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; "
            "SET LOCAL lock_timeout = '60s'");
}

record_reader::record_reader(session& on, std::string schema, fields_of fields)
    : on_(on), schema_(std::move(schema)), fields_(std::move(fields))
{
}

std::string record_reader::where() const
{
    return on_.where();
}

std::optional<run::scenario_record> record_reader::recorded_scenario(std::string_view run)
{
    return postgres::recorded_scenario(on_, schema_, run);
}

std::optional<run::record> record_reader::load(std::string_view run)
{
    return postgres::load(on_, schema_, run, fields_);
}

std::vector<run::record> record_reader::list()
{
    return postgres::list(on_, schema_);
}

std::optional<unit_no> record_reader::highest_unit(const run::record& of, const scenario::scenario& shop)
{
    return postgres::highest_unit(on_, schema_, shop, model::key_codec(of.tag, of.seed, shop.tables()));
}

void record_reader::at_one_moment(const std::function<void()>& read)
{
    const snapshot one(on_);
    read();
}

}  // namespace bazaar::postgres
