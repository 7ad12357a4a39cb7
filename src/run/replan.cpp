#include "bazaar/run/replan.hpp"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"

namespace bazaar::run
{

replanner::replanner(scenario::planner& plan, const record& of, std::uint64_t steps) : plan_(plan), record_(of)
{
    for (; steps_ < steps; ++entry_)
        if (const auto& entry = record_.log.at(entry_); steers(entry))
            applied(entry);
}

void replanner::applied(const model::control& entry) noexcept
{
    ++steps_;
    for (const auto number : {entry.unit, static_cast<std::uint64_t>(entry.what), std::uint64_t{entry.field},
                              static_cast<std::uint64_t>(entry.value), static_cast<std::uint64_t>(entry.at.us)})
        trail_ = mix(trail_ ^ number) + 1;
}

void replanner::catch_up()
{
    check();
    for (; entry_ < record_.log.size(); ++entry_)
    {
        const auto& entry = record_.log[entry_];
        if (!steers(entry))
            continue;
        if (entry.unit > plan_.next_no())
            return;
        plan_.apply(entry);
        applied(entry);
        check();
    }
}

void replanner::append(const model::control& entry)
{
    expect(at_end(), "the plan is steered where its log ends");
    plan_.apply(entry);
    applied(entry);
}

bool replanner::at_end() const
{
    return std::none_of(record_.log.begin() + static_cast<std::ptrdiff_t>(entry_), record_.log.end(), steers);
}

void replanner::check()
{
    const auto& all = record_.checkpoints;
    const auto no = plan_.next_no();
    while (checkpoint_ < all.size() && all[checkpoint_].unit < no)
        ++checkpoint_;
    if (checkpoint_ == all.size() || all[checkpoint_].unit != no || all[checkpoint_].steps != steps_)
        return;
    const auto expected = all[checkpoint_].digest;
    const auto found = plan_.digest();
    if (found != expected)
        throw error(
            error_kind::config,
            fmt::format("this program plans run {} differently than the one that wrote it: at unit {} its state is "
                        "{:016x}, recorded is {:016x}; use the program that wrote the run, begin another with "
                        "--run NEW, or remove this one with bazaard reset",
                        record_.run, no, found, expected));
}

}  // namespace bazaar::run
