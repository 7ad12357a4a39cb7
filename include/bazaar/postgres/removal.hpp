#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "bazaar/postgres/store.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::postgres
{

/// Removes one run: the rows with its keys, children first, then its record. Rows of others stay, even if their keys
/// lie between ours. Fixed tables stay, because other runs share them; the run's changes in them are reverted.
/// After an interruption, call it again to finish.
///
/// `told` is called for every batch, with the table and the number of rows removed from it so far. `own` is a lease
/// that was just taken.
///
/// Errors: throws `config` if a row of somebody else refers to one of the run, and if rows have to be reverted for
/// which `shop` has other seed data than the run; and other errors of the session.
/// Limits: 5,000 rows per transaction.
void remove_run(session& on, const ownership& own, const run::record& recorded, const scenario::scenario& shop,
                const std::function<void(std::string_view table, std::uint64_t rows)>& told);

}  // namespace bazaar::postgres
