#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/model/table.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::postgres
{

/// DDL of a scenario's tables. For people to read and psql to run without a schema: names are unqualified then, meant for a
/// search_path. In a search_path, a function of somebody else can stand for one of PostgreSQL's in a check or an index, so
/// what is run here is qualified.
///
/// Determinism: a function of the tables alone.
[[nodiscard]] std::string schema_sql(std::span<const model::table> tables, std::string_view schema = {});

/// What `ensure_schema` found or did.
enum class schema_state : std::uint8_t
{
    created,  ///< The shop's tables were made, fixed rows included.
    found,    ///< They were there, as they should be.
};

/// Makes the shop's tables, the daemon's own schema `bazaard` and the write functions, as far as they are
/// missing; checks what is there, object by object.
///
/// One transaction a step, under a lock: of two daemons that start together, the second finds it done. Makes
/// nothing where everything is there, so a role without CREATE is enough then. Errors: throws `config` with
/// one line for each difference, and has then touched nothing; `permission` names the role and
///         the missing privilege.
schema_state ensure_schema(session& on, std::string_view schema, const scenario::scenario& shop);

/// What runs may do beyond what they do by default.
struct use
{
    bool removes = false;  ///< Rows, as with --retain.
    bool touches = false;  ///< Fixed rows, as with --touch-interval.
};

/// Gives a role what a run in this schema needs, which has to be there, and what `verify` needs. Takes nothing away, so schemas with
/// several runs keep working.
///
/// Errors: `config` when there is no such role; `permission` when this one may not give that.
void grant_use(session& on, std::string_view schema, const scenario::scenario& shop, std::string_view role,
               const use& more);

/// The differences alone, none when all is as it should be; changes nothing. A missing table is a difference.
[[nodiscard]] std::vector<std::string> schema_differences(session& on, std::string_view schema,
                                                          std::span<const model::table> tables);

}  // namespace bazaar::postgres
