#include <algorithm>

#include "bazaar/base/error.hpp"
#include "bazaar/scenario/declared/keys.hpp"
#include "bazaar/scenario/kit/settings_state.hpp"
#include "planner.hpp"

namespace bazaar::scenario::declared
{
namespace
{

void put_decision(state_writer& to, const model::decision& what)
{
    to.put(what.no);
    to.put_signed(what.at.us);
    to.put(what.tick);
    to.put(what.kind);
    to.put(what.after_count);
    for (std::uint8_t i = 0; i < what.after_count; ++i)
        to.put(what.after[i]);
    for (const auto one : what.arg)
        to.put(one);
    to.put(what.more.size());
    for (const auto one : what.more)
        to.put(one);
}

model::decision get_decision(state_reader& from, std::size_t kinds)
{
    model::decision made;
    made.no = from.get();
    made.at.us = from.get_signed();
    made.tick = from.get();
    const auto kind = from.get();
    made.kind = static_cast<std::uint16_t>(kind < kinds ? kind : from.fail());
    const auto count = from.get();
    made.after_count = static_cast<std::uint8_t>(count <= made.after.size() ? count : from.fail());
    for (std::uint8_t i = 0; i < made.after_count; ++i)
        made.after[i] = from.get();
    for (auto& one : made.arg)
        one = from.get();
    const auto more = from.get();
    made.more.resize(more <= words_most ? more : from.fail());
    for (auto& one : made.more)
        one = from.get();
    return made;
}

}  // namespace

void file_planner::save(state_writer& to) const
{
    kit::save_steerable(settings_, to);
    to.put_signed(shift_);
    to.put_signed(last_);
    for (const std::uint64_t one : {next_no_, ticks_, std::uint64_t{seed_table_}, seed_row_})
        to.put(one);
    for (const auto* all : {&ordinals_, &voids_})
        for (const auto one : *all)
            to.put(one);
    for (const auto& one : rows_)
        one.save(to);
    for (std::size_t i = 0; i < untaken_.size(); ++i)
        for (std::size_t k = 0; k < untaken_[i].size(); ++k)
        {
            untaken_[i][k].save(to);
            to.put(cursors_[i][k]);
        }
    waiting_.save(to,
                  [this](state_writer& out, const waiting& one)
                  {
                      out.put_signed(one.due - last_);
                      out.put(one.row);
                      out.put(one.steps);
                      out.put(one.action);
                  });
    for (const auto& one : flows_)
        one.when.save(to);
    to.put(twin_ ? 1 : 0);
    if (twin_)
    {
        put_decision(to, twin_->what);
        to.put(twin_->tick_ends ? 1 : 0);
    }
}

bool file_planner::load(state_reader& from)
{
    kit::load_steerable(settings_, from);
    read_settings();
    shift_ = from.get_signed();
    last_ = from.get_signed();
    next_no_ = from.get();
    ticks_ = from.get();
    const auto seed_table = from.get();
    seed_table_ = static_cast<item_no>(seed_table <= all_.tables.size() ? seed_table : from.fail());
    seed_row_ = from.get();
    if (shift_ < 0 || shift_ > times_end.us || last_ < clock_.start().us || last_ > times_end.us || next_no_ > no_unit)
        from.fail();
    for (auto* all : {&ordinals_, &voids_})
        for (auto& one : *all)
            one = from.get();
    for (auto& one : rows_)
        one.load(from);
    for (std::size_t i = 0; i < untaken_.size(); ++i)
        for (std::size_t k = 0; k < untaken_[i].size(); ++k)
        {
            untaken_[i][k].load(from);
            cursors_[i][k] = from.get();
        }
    waiting_.load(from,
                  [this](state_reader& in)
                  {
                      waiting one;
                      one.due = in.get_from(last_);
                      one.row = in.get();
                      one.steps = in.get();
                      const auto action = in.get();
                      one.action = static_cast<item_no>(action < all_.actions.size() ? action : in.fail());
                      return one;
                  });
    for (auto& one : flows_)
        one.when.load(from, values_);
    twin_.reset();
    if (from.get() != 0)
    {
        twin_.emplace(twin{get_decision(from, all_.kinds.size()), false});
        twin_->tick_ends = from.get() != 0;
    }
    if (!from.done())
        return false;
    settle();
    return true;
}

/// Of the bytes that are saved: what decides nothing is not among them.
std::uint64_t file_planner::digest() const
{
    std::vector<std::byte> bytes;
    state_writer to(bytes);
    save(to);
    std::uint64_t sum = mix(bytes.size());
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
    {
        word = word << 8 | std::to_integer<std::uint64_t>(bytes[i]);
        if (i % 8 == 7 || i + 1 == bytes.size())
            sum = mix(sum ^ word) + 0x9e3779b97f4a7c15U;
    }
    return sum;
}

}  // namespace bazaar::scenario::declared
