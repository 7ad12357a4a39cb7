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

/// The state of a planner at a checkpoint, as bytes, so that a start need not plan from the beginning. A cache, never
/// the truth.
struct saved_plan
{
    checkpoint at;
    std::vector<std::byte> bytes;
};

/// `program` is a number that differs between builds of this program: what another build has planned is planned again,
/// so that all recorded checkpoints are compared.
[[nodiscard]] saved_plan save_plan(replanner& walk, const record& of, std::uint64_t program);

/// The result of restoring a saved plan.
struct restored_plan
{
    std::unique_ptr<scenario::planner> plan;  ///< Null if the bytes cannot be used.
    std::uint64_t steps = 0;                  ///< To be passed to `replanner`.
    std::string why_not;                      ///< Part of a sentence about the saved plan.
};

/// A planner of the run in the saved state: at a unit that is not beyond the run's mark, and for which the same digest
/// is recorded. Any other bytes yield no planner.
[[nodiscard]] restored_plan restore_plan(const scenario::scenario& shop, const record& of,
                                         std::span<const std::byte> bytes, std::uint64_t program);

}  // namespace bazaar::run
