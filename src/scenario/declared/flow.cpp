#include "flow.hpp"

#include <algorithm>

#include "bazaar/base/fixed.hpp"

namespace bazaar::scenario::declared
{
namespace
{

constexpr std::uint64_t one_q32 = std::uint64_t{1} << 32;

void put_wide(state_writer& to, unsigned __int128 number)
{
    to.put(static_cast<std::uint64_t>(number));
    to.put(static_cast<std::uint64_t>(number >> 64));
}

unsigned __int128 get_wide(state_reader& from)
{
    const unsigned __int128 low = from.get();
    return low | static_cast<unsigned __int128>(from.get()) << 64;
}

}  // namespace

flow::flow(const compiled& all, const clockwork& clock, const arrival& of, stream name, std::span<const operand> values)
    : all_(&all), clock_(&clock), of_(&of), name_(name), from_(clock.start().us)
{
    if (!of.stages.empty())
        from_ = clock.stage(of.stages.front()).begin;
    read_settings(values);
    if (of.is == arrival::form::count)
        rest_ = mass(from_, clock.end_of(of));
    draw_gap();
    aim();
}

void flow::read_settings(std::span<const operand> values)
{
    constexpr std::int64_t speed_most = 1'000'000'000'000;
    if (of_->speed)
        speed_micro_ = static_cast<std::uint64_t>(
            std::clamp<std::int64_t>(setting_value(*of_->speed, values, 6), 0, speed_most));
    const auto& limit = of_->is == arrival::form::count ? of_->count : of_->max;
    if (limit)
        limit_ = static_cast<std::uint64_t>(std::max<std::int64_t>(0, setting_value(*limit, values)));
}

bool flow::is_over() const noexcept
{
    return (limit_ > 0 || of_->is == arrival::form::count) && come_ >= limit_;
}

const clockwork::stretch& flow::stretch_at(std::int64_t at)
{
    if (at < here_.begin || at >= here_.end)
        here_ = clock_->at(*of_, at);
    return here_;
}

/// The integral of the factors.
flow::wide flow::mass(std::int64_t from, std::int64_t to) const
{
    wide sum = 0;
    while (from < to)
    {
        const auto here = clock_->at(*of_, from);
        const auto end = std::min(here.end, to);
        sum += static_cast<wide>(end - from) * here.factor_q32;
        from = end;
    }
    return sum;
}

/// How much of the gap a time uses up.
flow::wide flow::used(std::int64_t from, std::int64_t to)
{
    wide sum = 0;
    const auto speed = of_->is == arrival::form::count ? whole_share : speed_micro_;
    while (from < to)
    {
        const auto& here = stretch_at(from);
        const auto end = std::min(here.end, to);
        sum += static_cast<wide>(end - from) * scaled(here.factor_q32, speed, whole_share);
        from = end;
    }
    return sum;
}

void flow::draw_gap()
{
    if (of_->is == arrival::form::count)
        return draw_count();
    auto draw = derive(all_->seed, name_, drawn_++);
    if (of_->is == arrival::form::rate)
    {
        const auto unit = of_->even ? one_q32 : exponential_q32(draw.next());
        gap_ = static_cast<wide>(unit) * 1'000'000'000'000 / of_->rate;
    }
    else
        gap_ = static_cast<wide>(draw.between(of_->gap.low, of_->gap.high)) << 32;
}

/// The next of those that are left, evenly spread over what is left of the stage: its part is 1 - u^(1 / left).
void flow::draw_count()
{
    const auto index = drawn_++;
    if (come_ >= limit_)
        return;
    const auto left = limit_ - come_;
    if (of_->even)
    {
        // In the middle of its part: a half before the first, a whole between two.
        gap_ = come_ == 0 ? rest_ / (2 * left) : 2 * rest_ / (2 * left + 1);
        return;
    }
    const auto u = derive(all_->seed, name_, index).next();
    const auto x = static_cast<std::int64_t>(exponential_q32(u) / left) << 24;
    constexpr std::uint64_t whole = std::uint64_t{1} << 62;
    const auto stays = times_exp(whole, -std::min<std::int64_t>(x, std::int64_t{60} << 56));
    const auto part = whole - std::min(whole, stays);
    gap_ = (rest_ >> 31) * (part >> 31);
}

void flow::aim()
{
    const bool counts = of_->is == arrival::form::count;
    const auto end = counts ? clock_->end_of(*of_) : times_end.us;
    const auto speed = counts ? whole_share : speed_micro_;
    if (is_over() || speed == 0)
    {
        next_ = times_end.us;
        return;
    }
    auto at = from_;
    auto left = gap_;
    while (at < end)
    {
        const auto& here = stretch_at(at);
        const auto stop = std::min(here.end, end);
        const auto factor = scaled(here.factor_q32, speed, whole_share);
        const auto room = static_cast<wide>(stop - at) * factor;
        if (factor > 0 && left <= room)
        {
            next_ = at + static_cast<std::int64_t>((left + factor - 1) / factor);
            return;
        }
        left -= room;
        at = stop;
    }
    // A count comes in full, whatever is left of its stage.
    next_ = counts ? std::max(from_, end - 1) : times_end.us;
}

void flow::advance()
{
    const auto all = used(from_, next_);
    // What the gap used too much, to come at a whole microsecond.
    const auto over = all > gap_ && of_->is != arrival::form::count ? all - gap_ : 0;
    rest_ = rest_ > all ? rest_ - all : 0;
    from_ = next_;
    ++come_;
    draw_gap();
    gap_ = gap_ > over ? gap_ - over : 0;
    aim();
}

void flow::steer(std::int64_t at, std::int64_t then, std::span<const operand> values)
{
    if (at > from_)
    {
        const auto spent = used(from_, at);
        gap_ = gap_ > spent ? gap_ - spent : 0;
        rest_ = rest_ > spent ? rest_ - spent : 0;
    }
    const bool moves = then > at;
    // One whose stage is still to come waits for that.
    from_ = std::max(from_, then);
    read_settings(values);
    if (moves && of_->is == arrival::form::count && !is_over() && from_ < clock_->end_of(*of_))
    {
        // What was left out of the stage is missing: the rest is spread anew.
        rest_ = mass(from_, clock_->end_of(*of_));
        --drawn_;
        draw_count();
    }
    aim();
}

void flow::save(state_writer& to) const
{
    to.put(drawn_);
    to.put(come_);
    to.put_signed(from_);
    put_wide(to, gap_);
    put_wide(to, rest_);
}

void flow::load(state_reader& from, std::span<const operand> values)
{
    drawn_ = from.get();
    come_ = from.get();
    from_ = from.get_signed();
    gap_ = get_wide(from);
    rest_ = get_wide(from);
    if (from_ < 0 || from_ > times_end.us || gap_ >> 100 != 0)
    {
        from.fail();
        from_ = clock_->start().us;
    }
    read_settings(values);
    here_ = {};
    aim();
}

}  // namespace bazaar::scenario::declared
