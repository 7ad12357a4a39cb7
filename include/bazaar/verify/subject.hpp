#pragma once

#include <memory>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::verify
{

/// The run that is compared, and how far it can be compared.
///
/// Units below `demanded` must be there. Units from there to below `known` may each be there completely, or not at all.
/// Nothing is known about units from `known` on: the control log may lack entries that apply to them.
struct subject
{
    const scenario::scenario& shop;
    const run::record& recorded;
    model::key_codec ids;
    unit_no demanded = 0;
    unit_no known = 0;
};

/// The units of a run from 0 on, in order, without those that were refused according to its log, and those that rewrite
/// their rows.
///
/// Threads: one. Errors: `config` if a checkpoint differs: this program plans differently.
class unit_walk
{
public:
    explicit unit_walk(const subject& of);
    ~unit_walk();

    /// Number of the next unit of the plan, refused or not; `no_unit` if there is none.
    [[nodiscard]] unit_no next_no() const;

    /// Decides the next unit. False for one that was refused.
    bool next(model::decision& out);

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace bazaar::verify
