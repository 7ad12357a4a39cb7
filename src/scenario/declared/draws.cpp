#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/fixed.hpp"
#include "fake_words.hpp"
#include "maker.hpp"

namespace bazaar::scenario::declared
{
namespace
{

constexpr std::int64_t million = 1'000'000;
constexpr std::int64_t day_length_us = 86'400'000'000;

/// A number in units of 10^-6, within its bounds, as one of `scale`.
operand micro(exact::integer number, const std::optional<range>& clamp, int scale)
{
    if (clamp)
        number = std::clamp<exact::integer>(number, clamp->low, clamp->high);
    return of_number(exact::rescaled(number, 6, scale).value_or(0));
}

/// Shifted right by 32 bits, to the nearest.
exact::integer rounded_q32(exact::integer number)
{
    return (number + (exact::integer{1} << 31)) >> 32;
}

std::int64_t day_of_moment(std::uint64_t moment)
{
    return static_cast<std::int64_t>(moment) / day_length_us;
}

}  // namespace

operand as_type(operand what, const value_type& from, const value_type& to) noexcept
{
    if (!what.missing && from.is == kind::decimal && to.is == kind::decimal && from.scale != to.scale)
        what.number = exact::rescaled(what.number, from.scale, to.scale).value_or(0);
    return what;
}

std::uint64_t scattered(std::uint64_t key, std::uint64_t number, std::uint64_t count) noexcept
{
    unsigned half = 1;
    while (half < 20 && std::uint64_t{1} << (2 * half) < count)
        ++half;
    const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
    // A Feistel network is a permutation of 2^(2 half) numbers; what falls outside goes round again.
    do
    {
        auto left = number >> half;
        auto right = number & mask;
        for (std::uint64_t round = 0; round < 4; ++round)
        {
            const auto next = left ^ (mix(key + round * 0x9e3779b97f4a7c15U + right) & mask);
            left = right;
            right = next;
        }
        number = left << half | right;
    } while (number >= count);
    return number;
}

std::uint64_t pick_row(const link_plan& link, random& draw, std::uint64_t first, std::uint64_t count,
                       std::uint64_t seeds)
{
    const auto ranked = [&](std::uint64_t rank)
    {
        if (link.of->ranked == link::rank::newest)
            return first + count - 1 - rank;
        if (link.of->ranked == link::rank::scattered && rank < seeds && first == 0)
            return scattered(link.draws.number, rank, std::min(seeds, count));
        return first + rank;
    };
    switch (link.of->pick)
    {
    case link::way::zipf:
        return ranked(link.zipf->pick(draw, count) - 1);
    case link::way::hot:
        return ranked(link.hot->pick(draw, count));
    case link::way::weighted:
        return link.weights.pick(draw);
    case link::way::recent:
        return first + kit::pick_recent(draw, count, link.of->bias);
    default:
        return first + draw.below(count);
    }
}

operand maker::made(frame& of, const gen_plan& how, std::uint64_t index)
{
    const auto& what = *how.of;
    if (what.when)
    {
        const auto holds = worth(of, *what.when, how.name);
        if (holds.missing || holds.number == 0)
            return what.otherwise.empty()
                       ? operand{.missing = true}
                       : as_type(made(of, how.parts.front(), index), what.otherwise.front().type, what.type);
    }
    if (what.missing > 0)
    {
        if (what.missing == whole_share)
            return {.missing = true};
        auto gap = derive(all_.seed, how.gaps, index);
        if (chance(what.missing, whole_share).happens(gap.next()))
            return {.missing = true};
    }
    if (const auto* computed = std::get_if<gen::computed>(&what.how))
        return as_type(worth(of, computed->what, how.name), computed->what.type(), what.type);
    return drawn(of, how, index);
}

operand maker::number_drawn(const generator& how, random& draw) const
{
    if (const auto* even = std::get_if<gen::even>(&how.how))
        return of_number(draw.between(even->of.low, even->of.high));
    if (const auto* normal = std::get_if<gen::normal>(&how.how))
    {
        const auto off = rounded_q32(exact::integer{normal->sd} * normal_q32(draw.next()));
        return micro(normal->mean + off, normal->clamp, how.type.scale);
    }
    if (const auto* wide = std::get_if<gen::lognormal>(&how.how))
    {
        constexpr auto most = std::int64_t{40} << 56;
        const auto x = exact::integer{wide->spread} * normal_q32(draw.next()) * (1 << 24) / million;
        const auto power = static_cast<std::int64_t>(std::clamp<exact::integer>(x, -most, most));
        constexpr std::uint64_t room = std::numeric_limits<std::int64_t>::max();
        return micro(
            static_cast<std::int64_t>(std::min(room, times_exp(static_cast<std::uint64_t>(wide->median), power))),
            wide->clamp, how.type.scale);
    }
    const auto& one = std::get<gen::exponential>(how.how);
    return micro(rounded_q32(exact::integer{one.mean} * static_cast<std::int64_t>(exponential_q32(draw.next()))),
                 one.clamp, how.type.scale);
}

operand maker::drawn(frame& of, const gen_plan& how, std::uint64_t index)
{
    auto draw = derive(all_.seed, how.draws, index);
    const auto& what = how.of->how;
    if (std::holds_alternative<gen::even>(what) || std::holds_alternative<gen::normal>(what) ||
        std::holds_alternative<gen::lognormal>(what) || std::holds_alternative<gen::exponential>(what))
        return number_drawn(*how.of, draw);
    if (const auto* share = std::get_if<gen::chance>(&what))
    {
        const auto found = worth(of, share->share, how.name);
        const auto parts = exact::rescaled(found.number, share->share.type().scale, 9);
        if (found.missing || !parts || *parts < 0 || *parts > 1'000'000'000)
            fail(of, how.name, "a share must be from 0 to 1");
        return of_number(bazaar::chance(static_cast<std::uint64_t>(*parts), 1'000'000'000).happens(draw.next()) ? 1
                                                                                                                : 0);
    }
    if (const auto* choice = std::get_if<gen::choice>(&what))
    {
        const auto& picked = choice->values[how.weights.pick(draw)];
        return as_type(worth(of, picked, how.name), picked.type(), how.of->type);
    }
    if (const auto* listed = std::get_if<gen::listed>(&what))
    {
        const auto width = all_.file->lists[listed->list].columns.size();
        return all_.lists[listed->list].cells[how.weights.pick(draw) * width + listed->column];
    }
    if (const auto* row = std::get_if<gen::row_of>(&what))
        return row_of(of, how, *row, draw);
    if (const auto* letters = std::get_if<gen::pattern>(&what))
        return pattern(*letters, draw);
    if (const auto* word = std::get_if<gen::fake>(&what))
        return all_.words->word(*word, all_.seed, index, of.row, texts_);
    if (const auto* apart = std::get_if<gen::apart>(&what))
    {
        auto from = worth(of, apart->from, how.name);
        from.number += draw.between(apart->by.low, apart->by.high);
        return from;
    }
    if (const auto* days = std::get_if<gen::day>(&what))
        return day(of, *days, draw);
    if (const auto* reference = std::get_if<gen::reference>(&what))
        return slot(of, reference->slot);
    if (const auto* numbered = std::get_if<gen::sequence>(&what))
        return sequence(*numbered, of.row);
    if (const auto* level = std::get_if<gen::counter>(&what))
        return as_type(worth(of, level->starts, how.name), level->starts.type(), how.of->type);
    if (std::holds_alternative<gen::now>(what))
        return of_number(static_cast<std::int64_t>(of.moment));
    if (std::holds_alternative<gen::by_stage>(what))
    {
        const auto stage = of.of->stage_fact ? of.facts[*of.of->stage_fact] : 0;
        const auto at = how.of->otherwise.size() + stage;
        if (at >= how.parts.size() || std::holds_alternative<std::monostate>(how.parts[at].of->how))
            return {.missing = true};
        return as_type(made(of, how.parts[at], index), how.parts[at].of->type, how.of->type);
    }
    if (std::holds_alternative<gen::object>(what) || std::holds_alternative<gen::list>(what))
        return json(of, how, draw, index);
    return {.missing = true};
}

operand maker::row_of(frame& of, const gen_plan& how, const gen::row_of& what, random& draw)
{
    const auto& list = all_.lists[what.list];
    if (what.where.empty())
        return of_number(static_cast<std::int64_t>(how.weights.pick(draw)));
    const auto& file = all_.file->lists[what.list];
    const auto width = file.columns.size();
    std::array<operand, 8> wanted;
    expect(what.where.size() <= wanted.size(), "a row of a list is found by eight columns at most");
    for (std::size_t i = 0; i < what.where.size(); ++i)
    {
        wanted[i] = worth(of, what.where[i].is, how.name);
        const auto& type = file.columns[what.where[i].column].type;
        if (type.is == kind::decimal && !wanted[i].missing)
            wanted[i].number = exact::rescaled(wanted[i].number, what.where[i].is.type().scale, type.scale)
                                   .value_or(-1);
    }
    const auto fits = [&](std::size_t row)
    {
        for (std::size_t i = 0; i < what.where.size(); ++i)
        {
            const auto& cell = list.cells[row * width + what.where[i].column];
            if (cell.missing || wanted[i].missing || cell.number != wanted[i].number || cell.text != wanted[i].text)
                return false;
        }
        return true;
    };
    std::uint64_t total = 0;
    for (std::size_t row = 0; row < file.rows(); ++row)
        if (fits(row))
            total += list.weights.weight(row, row + 1);
    auto left = draw.below(total);
    for (std::size_t row = 0; row < file.rows() && total > 0; ++row)
    {
        if (!fits(row))
            continue;
        const auto weight = list.weights.weight(row, row + 1);
        if (left < weight)
            return of_number(static_cast<std::int64_t>(row));
        left -= weight;
    }
    return {.missing = true};
}

operand maker::pattern(const gen::pattern& how, random& draw)
{
    std::size_t most = 0;
    for (const auto& piece : how.pieces)
        most += piece.most;
    const auto room = texts_.make<char>(most);
    std::size_t size = 0;
    for (const auto& piece : how.pieces)
        for (auto left = draw.between(piece.least, piece.most); left > 0; --left)
            room[size++] = piece.letters[draw.below(piece.letters.size())];
    return {.text = {room.data(), size}};
}

operand maker::sequence(const gen::sequence& how, std::uint64_t row)
{
    std::array<char, 24> digits{};
    const auto end =
        fmt::format_to_n(digits.data(), digits.size(), "{:0{}}", how.from + row, std::min<int>(how.digits, 20)).out;
    const auto count = static_cast<std::size_t>(end - digits.data());
    const auto room = texts_.make<char>(how.prefix.size() + count + how.suffix.size());
    auto to = std::ranges::copy(how.prefix, room.begin()).out;
    to = std::copy(digits.data(), end, to);
    std::ranges::copy(how.suffix, to);
    return {.text = {room.data(), room.size()}};
}

operand maker::day(frame& of, const gen::day& how, random& draw)
{
    if (!how.age)
        return of_number(draw.between(how.days.low, how.days.high));
    // A year is 365.2425 days. One who is 80 has not had the 81st birthday.
    const auto least = (how.days.low * 3'652'425 + 9'999) / 10'000;
    const auto most = (how.days.high + 1) * 3'652'425 / 10'000 - 1;
    return of_number(day_of_moment(of.moment) - draw.between(least, most));
}

}  // namespace bazaar::scenario::declared
