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

/// Keeps a saved plan beside the run's record, piece by piece: other things of the run can be written in between. The last
/// piece empties what was kept before.
///
/// Lifetime: of one saved plan.
/// Threads:  one.
class plan_writer
{
public:
    explicit plan_writer(run::saved_plan what);

    /// Writes the next piece; writing it again after a doubt is no harm. False when nothing is left to write, or the lease is
    /// another's.
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

/// The newest saved plan that is whole, as bytes. Nothing when there is none, or no table for it yet.
[[nodiscard]] std::optional<std::vector<std::byte>> kept_plan(session& on, std::string_view schema,
                                                              std::string_view run);

}  // namespace bazaar::postgres
