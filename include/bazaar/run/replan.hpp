#pragma once

#include <cstddef>
#include <cstdint>

#include "bazaar/model/control.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::run
{

/// Whether an entry changes what the planner decides; a `reject` or a `load` only says what became of units.
[[nodiscard]] constexpr bool steers(const model::control& entry) noexcept
{
    return entry.what != model::control::kind::reject && entry.what != model::control::kind::load;
}

/// Units of the plan between two checkpoints.
inline constexpr unit_no checkpoint_interval = unit_no{1} << 20;

/// Walks a plan along its control log: entries take effect right before their unit. Where a checkpoint was recorded, the
/// planner's state must be the same.
///
/// Threads: one.
class replanner
{
public:
    /// `of` outlives this; the units of its steering entries ascend. `plan` has applied the first `steps` of them.
    replanner(scenario::planner& plan, const record& of, std::uint64_t steps = 0);

    /// Applies the entries that stand before the next unit.
    ///
    /// Errors: throws `config` where a checkpoint differs: this program plans differently.
    void catch_up();

    /// The next unit, after the entries that stand before it.
    model::decision next()
    {
        catch_up();
        return plan_.next();
    }

    /// Decides all units below `no`, and applies the entries that stand before `no` itself.
    void forward_to(unit_no no)
    {
        while (plan_.next_no() < no)
            (void)next();
        catch_up();
    }

    /// Applies an entry that is recorded by now, behind all others.
    void append(const model::control& entry);

    /// Whether no recorded entry is left to apply: the plan may be steered.
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
