#pragma once

#include <cstddef>
#include <span>

#include "bazaar/model/control.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::run
{

/// Walks a plan along its control log: entries take effect right before their unit.
///
/// Threads: one.
class replanner
{
public:
    /// `log` outlives this; its units ascend.
    replanner(scenario::planner& plan, std::span<const model::control> log) : plan_(plan), log_(log) {}

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

private:
    void catch_up()
    {
        for (; done_ < log_.size() && log_[done_].unit <= plan_.next_no(); ++done_)
            plan_.apply(log_[done_]);
    }

    scenario::planner& plan_;
    std::span<const model::control> log_;
    std::size_t done_ = 0;
};

}  // namespace bazaar::run
