#include "bazaar/verify/subject.hpp"

#include <set>

#include "bazaar/run/replan.hpp"

namespace bazaar::verify
{

struct unit_walk::state
{
    explicit state(const subject& of)
        : recorded(of.recorded), planner(of.shop.plan(of.recorded.start)), walk(*planner, of.recorded)
    {
    }

    /// The log may have grown.
    [[nodiscard]] bool is_refused(const model::decision& d)
    {
        for (; read < recorded.log.size(); ++read)
            if (recorded.log[read].what == model::control::kind::reject)
                refused.insert(recorded.log[read].unit);
        // What changes rows that a refused unit should have written finds other ones, and is refused in turn: its entry comes
        // when it is sent.
        for (std::size_t i = 0; i < d.after_count && !refused.empty(); ++i)
            if (((d.rewrites | d.removes) >> i & 1U) != 0 && refused.contains(d.after[i]))
                refused.insert(d.no);
        return refused.contains(d.no);
    }

    const run::record& recorded;
    std::unique_ptr<scenario::planner> planner;
    run::replanner walk;
    std::size_t read = 0;
    std::set<unit_no> refused;
};

unit_walk::unit_walk(const subject& of) : state_(std::make_unique<state>(of)) {}
unit_walk::~unit_walk() = default;

unit_no unit_walk::next_no() const
{
    return state_->planner->done() ? no_unit : state_->planner->next_no();
}

bool unit_walk::next(model::decision& out)
{
    out = state_->walk.next();
    return !state_->is_refused(out);
}

}  // namespace bazaar::verify
