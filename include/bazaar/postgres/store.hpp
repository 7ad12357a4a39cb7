#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/model/control.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::postgres
{

/// Finds the fields of a scenario by its name: `set` entries are stored by field name and numbered by these.
using fields_of = std::function<std::span<const scenario::field>(std::string_view scenario)>;

/// The run row with its control log. Nothing when there is no such run, or no schema `bazaard` yet.
///
/// Errors: throws `config` for a `set` entry of a field that the scenario does not have.
[[nodiscard]] std::optional<run::record> load(session& on, std::string_view schema, std::string_view run,
                                              const fields_of& fields);

/// All runs of a schema by name, without their logs.
[[nodiscard]] std::vector<run::record> list(session& on, std::string_view schema);

/// Writes the run row together with the initial rows of all planned tables, in one transaction.
///
/// Errors: throws `config` when the run exists, or another run of the schema has its tag.
/// Limits: `batch_rows` rows a message; memory for one batch.
void create(session& on, const run::record& record, const scenario::scenario& shop, std::size_t batch_rows = 1000);

/// Adds one entry behind the last. It is durable when this returns.
///
/// Errors: throws; after a lost link call it again only when `load` does not show the entry.
void append(session& on, std::string_view schema, std::string_view run, const model::control& entry,
            std::string_view field_name = {});

/// Sets the mark of settled units, and whether the owner has stopped cleanly and was live.
struct progress
{
    unit_no settled = 0;
    bool clean = false;
    bool live = false;
};
void mark(session& on, std::string_view schema, std::string_view run, progress now);

}  // namespace bazaar::postgres
