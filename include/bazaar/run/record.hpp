#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/model/control.hpp"

namespace bazaar::run
{

/// Digest of the planner's state at one point of the plan: it reveals a program that plans differently.
struct checkpoint
{
    unit_no unit = 0;         ///< The next unit.
    std::uint64_t steps = 0;  ///< Entries of the control log that the planner has applied.
    std::uint64_t digest = 0;

    friend bool operator==(const checkpoint&, const checkpoint&) = default;
};

/// The run row and its control log: together with the program, everything that is needed to reproduce the run.
struct record
{
    std::string schema;        ///< Schema of the shop's tables.
    std::string run = "main";  ///< Name of the run within the schema.
    std::uint32_t tag = 0;     ///< `run_tag` of the name, as ids carry it.
    std::uint64_t seed = 0;
    std::string scenario;
    std::uint32_t scenario_version = 0;
    std::string scenario_text;    ///< The file that defines the scenario; empty if the program itself defines it.
    std::uint64_t catalogue = 0;  ///< Digest of the seed data.
    time start;                   ///< T0.
    std::uint32_t window = 1024;  ///< W: bound on the span of unsettled units.
    std::vector<std::pair<std::string, std::string>> settings;  ///< Scenario fields by name, as a user would type them.
    std::vector<model::control> log;                            ///< In the order of their sequence.
    std::vector<checkpoint> checkpoints;                        ///< By unit.
    unit_no settled = 0;                                        ///< All units below are settled.
    bool live = false;      ///< The run had caught up with the clock: from then on a pause is a shift.
    bool removing = false;  ///< Somebody has begun to remove the run.
    bool clean = false;     ///< The last owner stopped cleanly: no unit at or above `settled` was ever sent.
};

}  // namespace bazaar::run
