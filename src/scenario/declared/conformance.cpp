#include "bazaar/scenario/declared/conformance.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "sampler.hpp"

namespace bazaar::scenario::declared
{
namespace
{

/// A file without the ends of its arrivals: so that a sample is as large as it is wanted.
std::shared_ptr<const spec> without_ends(const spec& file)
{
    auto made = std::make_shared<spec>(file);
    const auto lift = [](std::vector<arrival>& all)
    {
        for (auto& one : all)
            one.max.reset();
    };
    for (auto& one : made->tables)
    {
        lift(one.arrives);
        for (auto& change : one.changes)
            lift(change.arrives);
    }
    for (auto& one : made->units)
        lift(one.arrives);
    return made;
}

/// The judged file, with windows as the sample has them: their factors are judged, not when they come, which has a test of its own.
std::shared_ptr<const spec> with_windows(const spec& judged, const spec& drawn)
{
    auto made = std::make_shared<spec>(judged);
    auto& windows = made->clock.windows;
    for (std::size_t i = 0; i < windows.size() && i < drawn.clock.windows.size(); ++i)
    {
        const auto times = windows[i].times;
        windows[i] = drawn.clock.windows[i];
        windows[i].times = times;
    }
    return made;
}

}  // namespace

sampler::sampler(const conformance_request& of)
    : judged_(without_ends(*of.judged), of.seed),
      drawn_(without_ends(*of.drawn), of.seed),
      windows_(with_windows(*judged_.all.file, *drawn_.all.file), of.seed),
      clock_(windows_.all, of.start),
      values_(drawn_.all.constants),
      make_(drawn_.all, texts_),
      start_(of.start),
      units_(of.units)
{
    expect(judged_.all.actions.size() == drawn_.all.actions.size(), "both files have the same units");
    prepare();
}

void sampler::prepare_table(item_no which)
{
    const auto& of = judged_.all.tables[which];
    auto& made = tables_.emplace_back();
    for (const auto& one : of.vars)
        made.vars.emplace_back(judged_.all, one, one.name);
    for (std::size_t i = 0; i < of.columns.size(); ++i)
        made.values.emplace_back(judged_.all, of.columns[i], of.columns[i].name);
    for (const auto& one : of.links)
        made.links.emplace_back(judged_.all, one, of.name + '.' + one.of->name);
    auto& changes = changes_.emplace_back();
    auto& sets = setters_.emplace_back();
    for (std::size_t i = 0; i < of.of->changes.size(); ++i)
    {
        const auto& plan = judged_.all.changes[which][i];
        auto& change = changes.emplace_back();
        for (const auto& one : plan.vars)
            change.vars.emplace_back(judged_.all, one, one.name);
        for (const auto& one : plan.links)
            change.links.emplace_back(judged_.all, one, plan.name + " picks");
    }
    for (const auto& one : of.setters)
    {
        auto name = one.how.name;
        if (one.how.of == nullptr || one.of_unit != no_item)
            continue;
        if (one.of_change != no_item)
            changes[one.of_change].values.emplace_back(
                judged_.all, one.how, fmt::format("{} by {}", name, of.of->changes[one.of_change].name));
        else
            sets.emplace_back(judged_.all, one.how,
                              fmt::format("{} after {}", name, of.of->life->states[one.state].name));
    }
    lives_.emplace_back();
    if (of.of->life)
        lives_.back().emplace(*of.of->life, of.name + ".life");
}

void sampler::prepare_unit(item_no which)
{
    const auto& of = judged_.all.units[which];
    auto& made = unit_scopes_.emplace_back();
    for (const auto& one : of.vars)
        made.vars.emplace_back(judged_.all, one, one.name);
    for (const auto& one : of.links)
        made.links.emplace_back(judged_.all, one, of.name + '.' + one.of->name);
}

/// What units set in rows of their links.
void sampler::prepare_unit_sets()
{
    for (const auto& of : judged_.all.tables)
        for (const auto& one : of.setters)
            if (one.of_unit != no_item)
                unit_sets_[one.of_unit].emplace_back(
                    judged_.all, one.how, fmt::format("{} by {}", one.how.name, judged_.all.units[one.of_unit].name));
}

void sampler::prepare_arrivals()
{
    const auto& all = judged_.all;
    for (item_no i = 0; i < all.actions.size(); ++i)
    {
        const auto& one = all.actions[i];
        if (one.is == action::form::unit)
        {
            for (const auto& step : one.steps)
                if (step.of->times)
                    unit_scopes_[one.table].values.emplace_back(all, step.times, step.times.name);
            if (const auto& how = all.file->units[one.table].follows)
            {
                range after = how->after;
                if (how->after_setting)
                    after.low = after.high = setting_value(*how->after_setting, all.constants);
                followers_.push_back({i, &*how, delay_study(one.name, after)});
            }
        }
        const std::vector<arrival>* arrives = nullptr;
        if (one.is == action::form::insert)
            arrives = &all.file->tables[one.table].arrives;
        else if (one.is == action::form::unit)
            arrives = &all.file->units[one.table].arrives;
        else if ((one.is == action::form::change || one.is == action::form::erase) && one.change != no_item)
            arrives = &all.file->tables[one.table].changes[one.change].arrives;
        for (std::size_t n = 0; arrives != nullptr && n < arrives->size(); ++n)
        {
            std::string stages;
            const auto& in = (*arrives)[n].stages;
            for (const auto stage : in.size() < all.file->clock.stages.size() ? in : std::vector<item_no>{})
                stages += (stages.empty() ? " in " : ", ") + all.file->clock.stages[stage].name;
            arrivals_.emplace_back(all, (*arrives)[n], one.name + " arrives" + stages);
        }
    }
}

void sampler::prepare()
{
    births_.resize(judged_.all.tables.size());
    for (item_no i = 0; i < judged_.all.tables.size(); ++i)
        prepare_table(i);
    for (item_no i = 0; i < judged_.all.units.size(); ++i)
        prepare_unit(i);
    unit_sets_.resize(judged_.all.units.size());
    prepare_unit_sets();
    prepare_arrivals();
}

void sampler::tell(std::vector<finding>& to) const
{
    const auto tell_scope = [&](const scope_study& of)
    {
        for (const auto& one : of.links)
            one.tell(to);
        for (const auto& one : of.vars)
            one.tell(to);
        for (const auto& one : of.values)
            one.tell(to);
    };
    tell_windows(judged_.all, clockwork(drawn_.all, start_), to);
    for (const auto& one : arrivals_)
        one.tell(clock_, last_, to);
    for (std::size_t i = 0; i < unit_scopes_.size(); ++i)
    {
        tell_scope(unit_scopes_[i]);
        for (const auto& one : unit_sets_[i])
            one.tell(to);
    }
    for (std::size_t i = 0; i < tables_.size(); ++i)
    {
        tell_scope(tables_[i]);
        for (std::size_t k = 0; k < changes_[i].size(); ++k)
        {
            const auto& change = judged_.all.file->tables[i].changes[k];
            const auto before = to.size();
            tell_scope(changes_[i][k]);
            if (change.where)
                for (auto at = before; at < to.size(); ++at)
                    if (to[at].what.ends_with(" picks"))
                        to[at].found = "how many rows there are to pick from is not counted";
        }
        for (const auto& one : setters_[i])
            one.tell(to);
        if (lives_[i])
            lives_[i]->tell(last_, to);
    }
    for (const auto& one : followers_)
        one.delays.tell(last_, one.how->is == follow::form::after ? std::optional(one.how->chance) : std::nullopt, to);
}

conformance sampler::run()
{
    see_seeds();
    file_planner plan(drawn_.all, start_,
                      [this](file_planner& of, const draft& what, bool left_out)
                      {
                          if (seen_ < units_)
                              see(of, what, left_out);
                      });
    try
    {
        while (seen_ < units_ && !plan.done())
            static_cast<void>(plan.next());
    }
    catch (const plan_over&)
    {
        // The sample is what there is.
    }
    conformance made;
    made.units = seen_;
    made.end = {last_};
    tell(made.findings);
    return made;
}

bool conformance::fits() const noexcept
{
    return std::ranges::none_of(findings, [](const finding& one) { return one.is == finding::verdict::fails; });
}

conformance judge(const conformance_request& of)
{
    return sampler(of).run();
}

}  // namespace bazaar::scenario::declared
