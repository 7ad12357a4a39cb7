#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/postgres/session.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/run/saved_plan.hpp"

namespace bazaar::postgres
{

/// Stores a saved plan next to the run's record, piece by piece: other things of the run can be written in between. The
/// last piece removes the previously stored plan.
///
/// Lifetime: one saved plan.
/// Threads:  one.
class plan_writer
{
public:
    explicit plan_writer(run::saved_plan what);

    /// Writes the next piece; it can be written again when in doubt. False if nothing is left to write, or another
    /// process holds the lease.
    ///
    /// Errors: throws `query_error`.
    bool step(session& on, const ownership& own);

    [[nodiscard]] unit_no unit() const noexcept { return what_.at.unit; }

private:
    run::saved_plan what_;
    std::size_t pieces_;
    std::size_t next_ = 0;
    std::string slot_;  ///< Empty: not chosen yet.
};

/// The newest complete saved plan, as bytes. Nothing if there is none, or no table for it yet.
[[nodiscard]] std::optional<std::vector<std::byte>> kept_plan(session& on, std::string_view schema,
                                                              std::string_view run);

}  // namespace bazaar::postgres
