#include "bazaar/run/dispatcher.hpp"

#include <algorithm>

#include "bazaar/base/error.hpp"

namespace bazaar::run
{

dispatcher::dispatcher(options opts)
    : window_(opts.first, opts.span),
      sent_below_(opts.sent_below),
      replay_below_(std::min(opts.replay_below, opts.sent_below)),
      rejected_(opts.rejected.begin(), opts.rejected.end()),
      mark_(opts.first)
{
}

void dispatcher::add(const model::decision& d, bool deletes)
{
    unit_no needed = 0;
    for (std::uint8_t i = 0; deletes && i < d.after_count; ++i)
        needed = std::max(needed, d.after[i] + 1);
    window_.add(d, needed > mark_);
    if (needed > mark_)
        unmarked_.emplace(needed, d.no);
}

void dispatcher::marked(unit_no mark)
{
    for (mark_ = std::max(mark_, mark); !unmarked_.empty() && unmarked_.top().first <= mark_; unmarked_.pop())
        window_.release(unmarked_.top().second);
}

std::optional<dispatcher::task> dispatcher::take()
{
    while (const auto* next = window_.take())
    {
        const auto no = next->no;
        if (rejected_.erase(no) > 0)
        {
            ++skipped_;
            suspect_behind(no);
            window_.settle(no);
            continue;
        }
        return task{*next, is_replay(no) ? form::replay : form::first};
    }
    return std::nullopt;
}

void dispatcher::take(std::size_t most, std::vector<task>& group)
{
    group.clear();
    if (auto first = take())
        group.push_back(*first);
    while (!group.empty() && group.size() < most && group.front().how == form::first)
    {
        const auto no = group.back().unit.no + 1;
        const auto* next = is_replay(no) || rejected_.contains(no) ? nullptr
                                                                   : window_.take_after(no - 1, group.front().unit.no);
        if (next == nullptr)
            return;
        group.push_back({*next, form::first});
    }
}

void dispatcher::settle(const task& sent, outcome what)
{
    expect(what != outcome::not_done && what != outcome::in_doubt, "what is settled is not open");
    const auto no = sent.unit.no;
    if (doubtful_.erase(no) > 0)
    {
        replayed_ += what == outcome::committed ? 1U : 0U;
        recognised_ += what == outcome::already_there ? 1U : 0U;
    }
    if (what != outcome::committed && no < replay_below_)
        suspect_behind(no);
    window_.settle(no);
}

/// A unit that was sent before lies less than W behind one that was settled then, and that one is settled again before it is
/// sent: so whatever is not new keeps the next W under suspicion.
void dispatcher::suspect_behind(unit_no no)
{
    replay_below_ = std::max(replay_below_, std::min(no + 1 + window_.limit(), sent_below_));
}

void dispatcher::put_back(const task& sent, outcome what)
{
    expect(what == outcome::not_done || what == outcome::in_doubt, "what is put back is open");
    if (what == outcome::in_doubt)
        doubtful_.insert(sent.unit.no);
    window_.put_back(sent.unit.no);
}

}  // namespace bazaar::run
