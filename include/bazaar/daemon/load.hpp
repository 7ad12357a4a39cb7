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
    loaded,   ///< The history is now complete.
    there,    ///< The run existed before, with its complete history, or without a load.
    stopped,  ///< Stopped by `stop`; calling it again continues.
};

/// Writes the history of a new run to `at` by bulk load, or continues a load that was interrupted: the rows as they are
/// at the seam. The run is then ready for `run`.
///
/// Errors: `config` for a run that began without a load; those of opening a run.
[[nodiscard]] load_end load_history(const settings& opts, const postgres::place& at, const std::stop_token& stop);

/// Writes the same rows into files in the directory of --to: one for each table, the run's card, and a script for psql.
///
/// Errors: `no_output` if a file exists already or cannot be created, `io`.
[[nodiscard]] load_end load_into_files(const settings& opts, const std::stop_token& stop);

/// Units in one chunk of a history.
[[nodiscard]] unit_no chunk_units_of(unit_no seam) noexcept;

}  // namespace bazaar::daemon
