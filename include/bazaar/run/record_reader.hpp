#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::run
{

/// Which scenario a place is of, and the run that says so.
struct scenario_record
{
    std::string run;
    std::string scenario;
};

/// What the runs of one place have written about themselves, for those who read it: the reading side of the ledger's seam.
///
/// Threads: one at a time.
class record_reader
{
public:
    virtual ~record_reader() = default;

    /// For people.
    [[nodiscard]] virtual std::string where() const = 0;

    /// That of this run where it is recorded, else of another one of the place; nothing when none is. Reads nothing that a stranger
    /// could have a hand in: then nothing, too.
    [[nodiscard]] virtual std::optional<scenario_record> recorded_scenario(std::string_view run) = 0;

    /// The record of a run with its control log; nothing when there is no such run.
    ///
    /// Errors: `config` for an entry that this program does not know.
    [[nodiscard]] virtual std::optional<record> load(std::string_view run) = 0;

    /// All runs by name, without their logs.
    [[nodiscard]] virtual std::vector<record> list() = 0;

    /// The greatest unit that any row of this run names; nothing when none was written.
    [[nodiscard]] virtual std::optional<unit_no> highest_unit(const record& of, const scenario::scenario& shop) = 0;

    /// Calls `read`: all that it reads here is of one moment.
    virtual void at_one_moment(const std::function<void()>& read) = 0;
};

}  // namespace bazaar::run
