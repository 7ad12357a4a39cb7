#include "bazaar/run/window.hpp"

#include <algorithm>

#include "bazaar/base/error.hpp"

namespace bazaar::run
{

window::window(unit_no first, std::uint32_t span) : slots_(span), settled_(first), next_(first)
{
    expect(span > 0, "a window has room for one unit at least");
}

void window::add(const model::decision& d, bool held)
{
    expect(d.no == next_ && has_room(), "units enter the window one after the other, when there is room");
    slot& s = at(d.no);
    s.decision = d;
    s.missing = held ? 1 : 0;
    s.waiting = {};
    s.at = stage::waiting;
    for (std::uint8_t i = 0; i < d.after_count; ++i)
    {
        const unit_no earlier = d.after[i];
        expect(earlier < d.no, "a unit waits for earlier units only");
        if (earlier < settled_ || at(earlier).at == stage::settled)
            continue;
        slot& e = at(earlier);
        s.next[i] = e.waiting;
        e.waiting = {d.no, i};
        ++s.missing;
    }
    ++next_;
    ++open_;
    if (d.barrier && barrier_ == nobody)
        barrier_ = d.no;
    if (s.missing == 0)
        make_ready(s);
}

void window::release(unit_no no)
{
    slot& s = at(no);
    expect(s.decision.no == no && s.at == stage::waiting && s.missing > 0, "only a unit that is held is released");
    if (--s.missing == 0)
        make_ready(s);
}

void window::make_ready(slot& s)
{
    const unit_no no = s.decision.no;
    if (barrier_ != nobody && no >= barrier_ && !(no == barrier_ && settled_ == no))
    {
        held_.push_back(no);
        return;
    }
    s.at = stage::ready;
    ready_.push(no);
}

const model::decision* window::take()
{
    if (ready_.empty())
        return nullptr;
    slot& s = at(ready_.top());
    ready_.pop();
    s.at = stage::in_flight;
    return &s.decision;
}

const model::decision* window::take_after(unit_no last, unit_no first)
{
    const unit_no no = last + 1;
    if (no >= next_ || (barrier_ != nobody && no >= barrier_))
        return nullptr;
    slot& s = at(no);
    if (s.at == stage::ready)
    {
        // Behind one that was put back it is not the lowest.
        if (ready_.top() != no)
            return nullptr;
        ready_.pop();
    }
    else
    {
        const auto& after = s.decision.after;
        const auto among = std::count_if(after.begin(), after.begin() + s.decision.after_count,
                                         [&](unit_no one) { return one >= first && at(one).at == stage::in_flight; });
        // What is held waits for the mark, too.
        if (s.at != stage::waiting || s.missing != among)
            return nullptr;
    }
    s.at = stage::in_flight;
    return &s.decision;
}

void window::settle(unit_no no)
{
    slot& s = at(no);
    expect(s.decision.no == no && s.at == stage::in_flight, "only a unit in flight is settled");
    s.at = stage::settled;
    --open_;
    for (link l = s.waiting; l.unit != nobody;)
    {
        slot& later = at(l.unit);
        l = later.next[l.which];
        if (--later.missing == 0 && later.at == stage::waiting)
            make_ready(later);
    }
    while (settled_ < next_ && at(settled_).at == stage::settled)
    {
        at(settled_).at = stage::none;
        ++settled_;
    }
    if (barrier_ != nobody)
        pass_barrier();
}

void window::put_back(unit_no no)
{
    slot& s = at(no);
    expect(s.decision.no == no && s.at == stage::in_flight, "only a unit in flight is put back");
    s.at = s.missing > 0 ? stage::waiting : stage::ready;
    if (s.at == stage::ready)
        ready_.push(no);
}

void window::pass_barrier()
{
    if (settled_ > barrier_)
    {
        // The next barrier, if any, is among those taken in since.
        barrier_ = nobody;
        for (unit_no no = settled_; no < next_ && barrier_ == nobody; ++no)
            if (at(no).decision.barrier)
                barrier_ = no;
    }
    const auto held = std::move(held_);
    held_.clear();
    for (const auto no : held)
        make_ready(at(no));
}

}  // namespace bazaar::run
