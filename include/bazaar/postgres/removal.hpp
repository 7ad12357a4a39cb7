#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "bazaar/postgres/store.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::postgres
{

/// Removes one run: the rows with its keys, children first, then its record. Rows of others stay, also those whose keys
/// lie among ours. Fixed tables stay, other runs share them; what
/// the run changed in them is put back. What was interrupted is finished by calling it again.
///
/// `told` hears of every batch: the table and the rows removed from it so far. `own` is a lease that was just taken.
///
/// Errors: throws; `config` when a row of somebody else refers to one of the run, and when rows are to be put back that `shop` has of
/// other seed data than the run.
/// Limits: 5,000 rows a transaction.
void remove_run(session& on, const ownership& own, const run::record& recorded, const scenario::scenario& shop,
                const std::function<void(std::string_view table, std::uint64_t rows)>& told);

}  // namespace bazaar::postgres
