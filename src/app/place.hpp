#pragma once

#include <memory>
#include <span>
#include <string>

#include "bazaar/app/options.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/postgres/place.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/postgres/trust.hpp"
#include "bazaar/run/record_reader.hpp"

// Where the run of a command line is. place.cpp alone knows what its record is read from.

namespace bazaar::app
{

/// The database and schema of the flags; sessions are named after the run.
[[nodiscard]] postgres::place place_of_run(const options& opts);

/// Where the run of --source-url is written; without that flag, the same.
[[nodiscard]] postgres::place place_of_source(const options& opts);

/// A place that is open: what runs have written about themselves there, and the session by which everything else is read.
class open_place
{
public:
    /// Connects.
    explicit open_place(const postgres::place& at, const postgres::session::options& how = {});

    [[nodiscard]] run::record_reader& records() const noexcept { return *records_; }
    [[nodiscard]] postgres::session& session() const noexcept { return *session_; }

    /// Errors: those of `check_trust`.
    void check(std::span<const model::table> tables, postgres::trust_use what) const;

private:
    std::string schema_;
    std::unique_ptr<postgres::session> session_;
    std::unique_ptr<run::record_reader> records_;
};

/// Connects, and looks whether its tables can be read. `of` is whose they are, where the run is recorded elsewhere.
///
/// Errors: `config` where a view of somebody whom the role does not trust stands in the place of a table.
[[nodiscard]] open_place open_for_reading(const postgres::place& at, const options& opts,
                                          const postgres::session::options& how = {},
                                          const scenario::entry* of = nullptr);

}  // namespace bazaar::app
