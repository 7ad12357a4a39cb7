#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bazaar/run/record.hpp"
#include "bazaar/run/replan.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::run
{

/// The state of a planner at a checkpoint, as bytes: saves planning from the beginning again. A cache, never the truth.
struct saved_plan
{
    checkpoint at;
    std::vector<std::byte> bytes;
};

/// `program` is a number that another build of this program does not have: what that one planned is planned again, so that
/// all recorded checkpoints are compared.
[[nodiscard]] saved_plan save_plan(replanner& walk, const record& of, std::uint64_t program);

/// What became of a saved plan.
struct restored_plan
{
    std::unique_ptr<scenario::planner> plan;  ///< Nothing when the bytes are of no use.
    std::uint64_t steps = 0;                  ///< As `replanner` takes it.
    std::string why_not;                      ///< A sentence part about the saved plan.
};

/// A planner of the run, in the saved state: at a unit that is not beyond the run's mark and where the same digest is
/// recorded. Bytes that are anything else make no planner.
[[nodiscard]] restored_plan restore_plan(const scenario::scenario& shop, const record& of,
                                         std::span<const std::byte> bytes, std::uint64_t program);

}  // namespace bazaar::run
