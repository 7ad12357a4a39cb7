#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::run
{

/// The scenario that a place belongs to, and the run that recorded it.
struct scenario_record
{
    std::string run;
    std::string scenario;
    std::string text{};  ///< The file that defines it; empty if the program itself defines it.
    std::vector<std::pair<std::string, std::string>> settings{};
};

/// Reads what the runs of one place have written about themselves: the reading side of the ledger's seam.
///
/// Threads: one at a time.
class record_reader
{
public:
    virtual ~record_reader() = default;

    /// The place, for messages.
    [[nodiscard]] virtual std::string where() const = 0;

    /// The scenario of this run if it is recorded, else that of another run of the place; nothing if there is none. Reads
    /// nothing that an untrusted role could have altered: the result is then nothing, too.
    [[nodiscard]] virtual std::optional<scenario_record> recorded_scenario(std::string_view run) = 0;

    /// The record of a run with its control log; nothing if there is no such run.
    ///
    /// Errors: `config` for an entry that this program does not know.
    [[nodiscard]] virtual std::optional<record> load(std::string_view run) = 0;

    /// All runs by name, without their logs.
    [[nodiscard]] virtual std::vector<record> list() = 0;

    /// The highest unit that any row of this run names; nothing if no unit was written.
    [[nodiscard]] virtual std::optional<unit_no> highest_unit(const record& of, const scenario::scenario& shop) = 0;

    /// Calls `read`, and everything that it reads here is from one moment.
    virtual void at_one_moment(const std::function<void()>& read) = 0;
};

}  // namespace bazaar::run
