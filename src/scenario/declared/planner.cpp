#include "planner.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"

namespace bazaar::scenario::declared
{
namespace
{

/// So many arrivals in a row may find no row to link to: then none ever will.
constexpr std::uint64_t voids_most = std::uint64_t{1} << 22;

}  // namespace

file_planner::file_planner(const compiled& all, time start, witness whom)
    : all_(all),
      witness_(std::move(whom)),
      clock_(all, start),
      settings_(all.configuration),
      values_(values_of(settings_)),
      make_(all, texts_),
      last_(start.us),
      ordinals_(all.actions.size()),
      voids_(all.actions.size())
{
    prepare_follows();
    prepare_memory();
    prepare_flows();
    settle();
}

void file_planner::prepare_flows()
{
    for (item_no i = 0; i < all_.actions.size(); ++i)
    {
        const auto& one = all_.actions[i];
        const auto& file = *all_.file;
        const std::vector<arrival>* arrives = nullptr;
        if (one.is == action::form::insert)
            arrives = &file.tables[one.table].arrives;
        else if (one.is == action::form::unit)
            arrives = &file.units[one.table].arrives;
        else if ((one.is == action::form::change || one.is == action::form::erase) && one.change != no_item)
            arrives = &file.tables[one.table].changes[one.change].arrives;
        for (std::size_t n = 0; arrives != nullptr && n < arrives->size(); ++n)
            flows_.push_back({i, flow(all_, clock_, (*arrives)[n],
                                      stream::named(fmt::format("{} arrives {}", one.name, n)), values_)});
    }
}

void file_planner::prepare_follows()
{
    watches_.resize(std::max(all_.tables.size(), all_.units.size()));
    followers_.resize(watches_.size());
    unit_followers_.resize(watches_.size());
    for (item_no i = 0; i < all_.actions.size(); ++i)
    {
        const auto& one = all_.actions[i];
        if (one.is != action::form::unit || !all_.file->units[one.table].follows)
            continue;
        const auto& how = *all_.file->units[one.table].follows;
        follower made{.action = i, .how = &how, .draws = stream::named(one.name + " follows"), .after = how.after};
        made.bit = watches_[how.of].size();
        auto& to = how.is == follow::form::low ? watches_ : how.of_unit ? unit_followers_ : followers_;
        to[how.of].push_back(made);
    }
    for (const auto& one : watches_)
        expect(one.size() <= 16, "a table has sixteen units that follow its counters at most");
    read_settings();
}

void file_planner::read_settings()
{
    values_ = values_of(settings_);
    for (auto* all : {&watches_, &followers_, &unit_followers_})
        for (auto& of : *all)
            for (auto& one : of)
            {
                if (one.how->at)
                    one.at = setting_value(*one.how->at, values_);
                if (one.how->after_setting)
                    one.after.low = one.after.high = setting_value(*one.how->after_setting, values_);
            }
}

void file_planner::prepare_links(const row_plan& of)
{
    expect(of.links.size() <= links_most, "a table or unit has twelve links at most");
    const bool is_change = of.owner >= all_.tables.size() + all_.units.size();
    expect(of.owner == untaken_.size(), "tables, units and changes come in this order");
    // A change that picks among all rows keeps nothing.
    const auto kept = is_change && !is_limited(*of.links.front().of) ? 0 : of.links.size();
    untaken_.emplace_back(kept);
    cursors_.emplace_back(kept);
    for (item_no i = 0; i < kept; ++i)
    {
        const auto& link = *of.links[i].of;
        if (link.once)
            takers_[link.to].emplace_back(of.owner, i);
        if (is_limited(link))
            limited_.push_back({&of, i, !all_.tables[link.to].changes && link.within > 0});
    }
}

void file_planner::prepare_memory()
{
    rows_.resize(all_.tables.size());
    takers_.resize(all_.tables.size());
    for (const auto* plans : {&all_.tables, &all_.units})
        for (const auto& one : *plans)
            prepare_links(one);
    for (const auto& changes : all_.changes)
        for (const auto& one : changes)
            prepare_links(one);
    for (const auto* plans : {&all_.tables, &all_.units})
        for (const auto& one : *plans)
            for (const auto& link : one.links)
                for (auto& limited : limited_)
                    if (limited.of->links[limited.link].of->to == link.of->to &&
                        &limited.of->links[limited.link] != &link)
                        limited.alone = false;
    for (const auto& one : all_.tables)
    {
        const bool may_go = std::ranges::any_of(one.of->changes, &change::erase) ||
                            (one.of->life && one.of->life->removed_from != no_item);
        expect(one.counters.size() <= counters_most, "a table has four counters at most");
        rows_[one.place].set(one.kept.size() + (one.changes ? 1 : 0), one.of->remember, may_go);
        if (one.seeds > 0 && one.unit_step == 0)
            for (std::uint64_t row = 0; row < one.seeds; ++row)
                add_seed(one, row, no_unit);
    }
    next_seed_table();
}

void file_planner::next_seed_table()
{
    while (has_seeds() && (all_.tables[seed_table_].unit_step == 0 || seed_row_ >= all_.tables[seed_table_].seeds))
    {
        ++seed_table_;
        seed_row_ = 0;
    }
}

time file_planner::next_at() const
{
    if (twin_ || has_seeds())
        return {last_};
    return {ready_.ready ? ready_.at : times_end.us};
}

model::decision file_planner::begin(std::uint16_t kind, std::int64_t at)
{
    model::decision made;
    made.no = next_no_++;
    made.at = {at};
    made.tick = ticks_;
    made.kind = kind;
    last_ = at;
    return made;
}

model::decision file_planner::next()
{
    if (next_no_ >= no_unit)
        throw plan_over(next_no_, "its number is the last one that ids have room for");
    if (next_at() >= times_end)
        throw plan_over(next_no_, all_.file->name + " has no more units to come");
    if (twin_)
    {
        auto made = twin_->what;
        twin_.reset();
        made.no = next_no_++;
        made.at = {last_};
        return made;
    }
    if (has_seeds())
        return seeds();
    auto made = decide();
    settle();
    return made;
}

/// Finds the next unit; what turns out to be none is left out.
void file_planner::settle()
{
    ready_.ready = false;
    if (has_seeds())
        return;
    for (std::uint64_t tries = 0; tries < voids_most && find_next(ready_); ++tries)
    {
        texts_.clear();
        if (work_out(ready_))
        {
            if (kinds_of(ready_, all_.actions[ready_.action])[0] != gate::no_kind)
            {
                ready_.ready = true;
                return;
            }
            static_cast<void>(decide());
            continue;
        }
        ++voids_[ready_.action];
        if (witness_)
            witness_(*this, ready_, true);
        leave_out(ready_);
    }
}

bool file_planner::find_next(draft& to)
{
    for (;;)
    {
        std::int64_t at = times_end.us;
        to.is_flow = true;
        to.action = no_item;
        for (std::size_t i = 0; i < flows_.size(); ++i)
            if (flows_[i].when.next() < at)
            {
                at = flows_[i].when.next();
                to.from = i;
                to.action = flows_[i].action;
            }
        to.row = no_row;
        to.steps = 0;
        if (!waiting_.empty())
        {
            const auto& first = waiting_.first();
            const auto due = business(first.due);
            if (due < at || (due == at && first.action < to.action))
            {
                const auto& what = all_.actions[first.action];
                if (what.is == action::form::unit)
                    if (const auto& how = *all_.file->units[what.table].follows; how.waits != no_item)
                        if (const auto end = clock_.window_end(how.waits, std::max(due, last_)))
                        {
                            auto later = waiting_.pop();
                            later.due = *end - shift_;
                            waiting_.push(later);
                            continue;
                        }
                at = due;
                to.is_flow = false;
                to.action = first.action;
                to.row = first.row;
                to.steps = first.steps;
            }
        }
        to.at = std::max(at, last_ + 1);
        to.ordinal = to.action == no_item ? 0 : ordinals_[to.action];
        return at < times_end.us && to.at < times_end.us;
    }
}

/// The arrival is over, or what was due is done.
void file_planner::consume(const draft& of)
{
    ++ordinals_[of.action];
    pass_over(of);
    if (of.is_flow)
        flows_[of.from].when.advance();
    else
        static_cast<void>(waiting_.pop());
}

/// What a change does not want is not looked at again.
void file_planner::pass_over(const draft& of)
{
    if (of.unwanted == 0 && of.passed == 0)
        return;
    const auto& what = all_.actions[of.action];
    const auto owner = all_.changes[what.table][what.change].owner;
    for (std::size_t i = 0; i < of.unwanted; ++i)
        untaken_[owner].front().erase(of.unwanted_of[i]);
    if (of.passed > 0)
        cursors_[owner].front() = of.passed;
}

void file_planner::leave_out(const draft& what)
{
    const auto& of = all_.actions[what.action];
    consume(what);
    if (of.is != action::form::unit)
        return;
    const auto& follows = all_.file->units[of.table].follows;
    if (!follows || follows->is != follow::form::low || !rows_[follows->of].has(what.row))
        return;
    for (const auto& one : watches_[follows->of])
        if (one.action == what.action)
            rows_[follows->of].of(what.row)[writer_place(all_.tables[follows->of])] &= ~(std::uint64_t{1}
                                                                                         << (watch_bit + one.bit));
}

void file_planner::apply(const model::control& entry)
{
    expect(entry.unit == next_no_, "a control entry is applied right before its unit");
    if (entry.what == model::control::kind::shift)
    {
        expect(entry.value > 0, "a shift moves forward");
        for (auto& one : flows_)
            one.when.steer(last_, last_ + entry.value, values_);
        shift_ += entry.value;
        last_ += entry.value;
    }
    else if (entry.what == model::control::kind::set)
    {
        settings_.set(entry.field, entry.value);
        read_settings();
        last_ = std::max(last_, entry.at.us);
        for (auto& one : flows_)
            one.when.steer(last_, last_, values_);
    }
    else
        return;
    settle();
}

void file_planner::figures(std::vector<figure>& out) const
{
    out.clear();
    for (const auto& one : all_.tables)
        out.push_back({"rows", one.name, rows_[one.place].end()});
    for (std::size_t i = 0; i < voids_.size(); ++i)
        if (voids_[i] > 0)
            out.push_back({"left out", all_.actions[i].name, voids_[i]});
}

}  // namespace bazaar::scenario::declared
