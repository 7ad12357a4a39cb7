#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/model/control.hpp"
#include "bazaar/postgres/gateway.hpp"
#include "bazaar/run/ledger.hpp"
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

/// That of this run where it is recorded, else of another one of the schema; nothing when none is. Nothing, too, where this role may not
/// read the records, or a stranger could have code of his own run by that: `check_trust` says what is wrong. It needs no such check before.
[[nodiscard]] std::optional<run::scenario_record> recorded_scenario(session& on, std::string_view schema,
                                                                    std::string_view run);

/// What is wrong with a run of scenario `wanted` there, as a sentence.
[[nodiscard]] std::string other_scenario(std::string_view schema, const run::scenario_record& there,
                                         std::string_view wanted);

/// All runs of a schema by name, without their logs.
[[nodiscard]] std::vector<run::record> list(session& on, std::string_view schema);

/// Writes the run row with its log, a lease of epoch 1, and the initial rows of all planned tables, in one
/// transaction.
///
/// Errors: throws `config` when the run exists, or another run of the schema has its tag, or another scenario.
/// Limits: `batch_rows` rows a message; memory for one batch.
void create(session& on, const run::record& record, const scenario::scenario& shop, std::size_t batch_rows = 1000,
            const run::holder& by = {}, const run::first_rows& wanted = {});

/// The right to write in the name of a run: its lease at one epoch, on the server where it was taken.
struct ownership
{
    std::string schema;
    std::string run = "main";
    std::uint32_t tag = 0;
    std::int64_t epoch = 1;
    server_life life{};
};

/// Adds one entry at its place in the log, counted from 0. It is durable when this returns. Calling it again with the same
/// entry changes nothing, so a doubt is no harm. False when the entry was there already.
///
/// Errors: throws `temporary` when the lease is another's, `run::history_lost` when the server is not the one of the lease.
bool append(session& on, const ownership& own, std::uint64_t sequence, const model::control& entry,
            std::span<const scenario::field> fields);

/// Adds a checkpoint; one of the same unit stays. Errors: as `append`.
void append(session& on, const ownership& own, const run::checkpoint& state);

/// Sets the mark of settled units, which never goes back, and renews the lease; what the server's clock shows. Errors: as `append`.
time mark(session& on, const ownership& own, run::progress now);

/// Sets the mark and gives the lease back. Errors: as `append`.
void release(session& on, const ownership& own, run::progress now);

}  // namespace bazaar::postgres
