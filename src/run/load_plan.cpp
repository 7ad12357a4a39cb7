#include "bazaar/run/load_plan.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"

namespace bazaar::run
{

std::optional<load_state> load_state::of(std::span<const model::control> log)
{
    std::optional<load_state> state;
    for (std::size_t i = 0; i < log.size(); ++i)
    {
        const auto& entry = log[i];
        if (entry.what != model::control::kind::load)
            continue;
        if (!state)
        {
            if (entry.value >= 0)
                throw error(error_kind::config, "the control log has a chunk of a load before the load itself");
            const auto coded = 0 - static_cast<std::uint64_t>(entry.value);
            state.emplace();
            state->seam = entry.unit;
            state->at = entry.at;
            state->chunk_units = coded / 2;
            state->fast = coded % 2 == 1;
            state->sequence = i;
            if (state->chunk_units == 0 || state->seam > no_unit || state->seam / state->chunk_units >= chunks_max)
                throw error(error_kind::config, fmt::format("the control log has a load of {} units in chunks of {}",
                                                            state->seam, state->chunk_units));
            state->chunks.resize(count(state->seam, state->chunk_units));
        }
        else if (entry.value < 0 || static_cast<std::uint64_t>(entry.value) >= state->chunks.size())
            throw error(error_kind::config, "the control log has a chunk that its load does not have");
        else
            state->chunks[static_cast<std::size_t>(entry.value)] = true;
    }
    return state;
}

bool load_state::whole() const noexcept
{
    return std::ranges::all_of(chunks, [](bool there) { return there; });
}

model::control load_state::begin() const noexcept
{
    return {seam, model::control::kind::load, 0, -static_cast<std::int64_t>(chunk_units * 2 + (fast ? 1 : 0)), at};
}

model::control load_state::done(std::uint64_t chunk) const noexcept
{
    return {seam, model::control::kind::load, 0, static_cast<std::int64_t>(chunk), at};
}

history history::of(const scenario::scenario& shop, const record& of, const end& until,
                    const std::function<bool()>& stopped)
{
    history made;
    made.rows = survivors(shop);
    const auto planner = shop.plan(of.start);
    replanner walk(*planner, of);
    for (;;)
    {
        walk.catch_up();
        const auto no = planner->next_no();
        if (no % (unit_no{1} << 16) == 0 && stopped && stopped())
            return {};
        // A tick is whole when its last unit is decided.
        const bool over = (until.ticks && planner->ticks() >= *until.ticks) ||
                          (until.at && planner->next_at() > *until.at) || no >= until.seam;
        if (over)
        {
            made.seam = no;
            made.ticks = planner->ticks();
            return made;
        }
        const auto d = planner->next();
        made.rows.add(d);
        made.last = d.at;
    }
}

chunk_walk::chunk_walk(const scenario::scenario& shop, const record& of, unit_no seam, unit_no chunk_units,
                       std::function<bool(const model::decision&)> wanted)
    : record_(of),
      seam_(seam),
      chunk_units_(chunk_units),
      wanted_(std::move(wanted)),
      planner_(shop.plan(of.start)),
      walk_(*planner_, of)
{
}

std::optional<saved_plan> chunk_walk::end(std::uint64_t program)
{
    const std::lock_guard lock(mutex_);
    if (planner_->next_no() < seam_)
        return std::nullopt;
    return save_plan(walk_, record_, program);
}

std::optional<chunk_walk::chunk> chunk_walk::next(std::vector<model::decision>& out,
                                                  const std::function<bool(std::uint64_t)>& skip)
{
    const std::lock_guard lock(mutex_);
    for (;;)
    {
        const auto first = planner_->next_no();
        if (first >= seam_)
            return std::nullopt;
        const auto end = std::min(seam_, first + chunk_units_);
        const bool needed = !skip || !skip(number_);
        out.clear();
        while (planner_->next_no() < end)
        {
            const auto d = walk_.next();
            if (needed && wanted_(d))
                out.push_back(d);
        }
        const chunk handed{number_++, end - first};
        if (needed)
            return handed;
    }
}

}  // namespace bazaar::run
