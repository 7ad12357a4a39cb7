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

/// DDL of a scenario's tables. Without a schema it is for people to read and for psql to run: names are then
/// unqualified and depend on search_path. With a search_path, a function of somebody else can replace one of
/// PostgreSQL's in a check or an index, so the program itself only runs the qualified form.
///
/// Determinism: depends only on the tables.
[[nodiscard]] std::string schema_sql(std::span<const model::table> tables, std::string_view schema = {});

/// What `ensure_schema` found or did.
enum class schema_state : std::uint8_t
{
    created,  ///< The shop's tables were made, fixed rows included.
    found,    ///< They existed, as they should be.
};

/// Creates the shop's tables, the daemon's own schema `bazaard` and the write functions, as far as they are missing;
/// checks existing ones, object by object.
///
/// One transaction per step, under a lock: of two daemons that start together, the second finds everything done.
/// Creates nothing if everything exists, so a role without CREATE is enough then.
///
/// Errors: throws `config` with one line for each difference, and has then changed nothing; `permission` names the role
/// and the missing privilege.
schema_state ensure_schema(session& on, std::string_view schema, const scenario::scenario& shop);

/// What runs may do in addition to the default.
struct use
{
    bool removes = false;  ///< Removes rows, as with --retain.
    bool touches = false;  ///< Changes fixed rows, as with --touch-interval.
};

/// Grants a role the privileges that a run in this existing schema needs, and those that `verify` needs. Revokes
/// nothing, so schemas with several runs keep working.
///
/// Errors: `config` if there is no such role; `permission` if the current role may not grant this.
void grant_use(session& on, std::string_view schema, const scenario::scenario& shop, std::string_view role,
               const use& more);

/// Only the differences, none if everything is as it should be; changes nothing. A missing table is a difference.
[[nodiscard]] std::vector<std::string> schema_differences(session& on, std::string_view schema,
                                                          std::span<const model::table> tables);

}  // namespace bazaar::postgres
