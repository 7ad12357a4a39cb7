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

/// Finds the fields of a run's scenario: `set` entries are stored by field name and numbered by these.
using fields_of = std::function<std::span<const scenario::field>(const run::record& of)>;

/// The run row with its control log. Nothing if there is no such run, or no schema `bazaard` yet.
///
/// Errors: throws `config` for a `set` entry of a field that the scenario does not have.
[[nodiscard]] std::optional<run::record> load(session& on, std::string_view schema, std::string_view run,
                                              const fields_of& fields);

/// The scenario of this run if it is recorded, else that of another run of the schema; nothing if there is none. Also
/// nothing if this role may not read the records, or if an untrusted role could have its own code run by reading:
/// `check_trust` says what is wrong. It can be called before that check.
[[nodiscard]] std::optional<run::scenario_record> recorded_scenario(session& on, std::string_view schema,
                                                                    std::string_view run);

/// Why a run of scenario `wanted` cannot be there, as a sentence.
[[nodiscard]] std::string other_scenario(std::string_view schema, const run::scenario_record& there,
                                         std::string_view wanted);

/// All runs of a schema by name, without their logs.
[[nodiscard]] std::vector<run::record> list(session& on, std::string_view schema);

/// Writes the run row with its log, a lease of epoch 1, and the initial rows of all planned tables, in one
/// transaction.
///
/// Errors: throws `config` if the run exists, or another run of the schema has its tag or another scenario.
/// Limits: `batch_rows` rows per message; memory for one batch.
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

/// Adds one entry at its place in the log, counted from 0. It is durable when this returns. Calling it again with the
/// same entry changes nothing, so it can be repeated when in doubt. False if the entry was there already.
///
/// Errors: throws `temporary` if another process holds the lease, `run::history_lost` if the server is not the one of
/// the lease.
bool append(session& on, const ownership& own, std::uint64_t sequence, const model::control& entry,
            std::span<const scenario::field> fields);

/// Adds a checkpoint; an existing one of the same unit is kept. Errors: as for `append`.
void append(session& on, const ownership& own, const run::checkpoint& state);

/// Sets the mark of settled units, which never goes back, and renews the lease. Returns the time of the server's clock.
/// Errors: as for `append`.
time mark(session& on, const ownership& own, run::progress now);

/// Sets the mark and gives the lease back. Errors: as for `append`.
void release(session& on, const ownership& own, run::progress now);

}  // namespace bazaar::postgres
