#pragma once

#include <cstdint>
#include <stop_token>

#include "bazaar/base/id.hpp"
#include "bazaar/daemon/settings.hpp"
#include "bazaar/postgres/place.hpp"

namespace bazaar::daemon
{

/// How a bulk load of a run ended.
enum class load_end : std::uint8_t
{
    loaded,   ///< All of it is there now.
    there,    ///< The run was there before, with all of its history, or without a load.
    stopped,  ///< By `stop`; the same call goes on with it.
};

/// Writes the history of a new run to `at` by bulk load, or goes on with a load that was interrupted: the rows as they are at the
/// seam. The run then stands there, ready for `run`.
///
/// Errors: `config` for a run that began without a load; those of opening a run.
[[nodiscard]] load_end load_history(const settings& opts, const postgres::place& at, const std::stop_token& stop);

/// Writes the same rows into files of --to: one for each table, the run's card, and a script for psql.
///
/// Errors: `no_output` where a file is there already or cannot be made, `io`.
[[nodiscard]] load_end load_into_files(const settings& opts, const std::stop_token& stop);

/// Units in one chunk of a history.
[[nodiscard]] unit_no chunk_units_of(unit_no seam) noexcept;

}  // namespace bazaar::daemon
