#include "bazaar/verify/subject.hpp"

#include <algorithm>

#include "bazaar/run/replan.hpp"

namespace bazaar::verify
{

struct unit_walk::state
{
    explicit state(const subject& of) : planner(of.shop.plan(of.recorded.start)), walk(*planner, of.recorded)
    {
        for (const auto& entry : of.recorded.log)
            if (entry.what == model::control::kind::reject)
                refused.push_back(entry.unit);
        std::ranges::sort(refused);
    }

    std::unique_ptr<scenario::planner> planner;
    run::replanner walk;
    std::vector<unit_no> refused;
};

unit_walk::unit_walk(const subject& of) : state_(std::make_unique<state>(of)) {}
unit_walk::~unit_walk() = default;

unit_no unit_walk::next_no() const
{
    return state_->planner->next_no();
}

bool unit_walk::next(model::decision& out)
{
    out = state_->walk.next();
    return !std::ranges::binary_search(state_->refused, out.no);
}

}  // namespace bazaar::verify
