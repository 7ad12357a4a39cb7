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

// The place of the run that a command line names. Only place.cpp knows what its record is read from.

namespace bazaar::app
{

/// The database and schema of the flags; sessions are named after the run.
[[nodiscard]] postgres::place place_of_run(const options& opts);

/// The place of the run at --source-url; without that flag, `place_of_run`.
[[nodiscard]] postgres::place place_of_source(const options& opts);

/// An open place: the records of its runs, and the session through which everything else is read.
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

/// Connects, and checks that its tables can be read. `of` is the scenario that they belong to, if the run is recorded
/// elsewhere.
///
/// Errors: `config` if a view of a role that is not trusted stands in the place of a table.
[[nodiscard]] open_place open_for_reading(const postgres::place& at, const options& opts,
                                          const postgres::session::options& how = {},
                                          const scenario::entry* of = nullptr);

}  // namespace bazaar::app
