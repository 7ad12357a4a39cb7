#pragma once

#include <cstddef>
#include <cstdint>

#include "bazaar/model/control.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::run
{

/// Whether an entry changes what the planner decides; a `reject` or a `load` only records what happened to units.
[[nodiscard]] constexpr bool steers(const model::control& entry) noexcept
{
    return entry.what != model::control::kind::reject && entry.what != model::control::kind::load;
}

/// Number of units between two checkpoints.
inline constexpr unit_no checkpoint_interval = unit_no{1} << 20;

/// Steps through a plan according to its control log: entries take effect right before their unit. At each recorded
/// checkpoint, the planner's state must be the same.
///
/// Threads: one.
class replanner
{
public:
    /// `of` outlives this; the units of its entries that change the plan ascend. `plan` has applied the first `steps`
    /// of them.
    replanner(scenario::planner& plan, const record& of, std::uint64_t steps = 0);

    /// Applies the entries that precede the next unit.
    ///
    /// Errors: throws `config` if a checkpoint differs: this program plans differently.
    void catch_up();

    /// The next unit, after the entries that precede it.
    model::decision next()
    {
        catch_up();
        return plan_.next();
    }

    /// Decides all units below `no`, and applies the entries that precede `no` itself.
    void forward_to(unit_no no)
    {
        while (plan_.next_no() < no)
            (void)next();
        catch_up();
    }

    /// Applies an entry that has just been recorded, after all others.
    void append(const model::control& entry);

    /// Whether no recorded entry is left to apply: new entries may be recorded then.
    [[nodiscard]] bool at_end() const;

    /// Entries applied so far.
    [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }

    /// Digest of the entries applied so far.
    [[nodiscard]] std::uint64_t trail() const noexcept { return trail_; }

    [[nodiscard]] scenario::planner& plan() noexcept { return plan_; }

private:
    void applied(const model::control& entry) noexcept;
    void check();

    scenario::planner& plan_;
    const record& record_;
    std::size_t entry_ = 0;
    std::size_t checkpoint_ = 0;
    std::uint64_t steps_ = 0;
    std::uint64_t trail_ = 0;
};

}  // namespace bazaar::run
