#include "scenario/thelook/shoppers.hpp"

#include <array>
#include <cstring>

#include <fmt/format.h>

#include "bazaar/scenario/thelook/tables.hpp"
#include "scenario/thelook/events.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

using model::value;

constexpr std::array<std::string_view, 3> mail_ends{"com", "net", "org"};

/// Moves: within the state, within the country, anywhere the filters allow.
constexpr std::array<std::uint32_t, 3> move_weights{60, 35, 5};

constexpr stream person{"user"};

std::uint64_t versioned(std::uint64_t user, std::uint32_t moves)
{
    return user << 24 | moves;
}

}  // namespace

shoppers::shoppers(std::uint64_t seed, const catalogue& c, std::string_view run)
    : seed_(seed), catalogue_(c), domain_(run == "main" ? "example." : fmt::format("{}.example.", run))
{
}

bool shoppers::woman(std::uint64_t user) const noexcept
{
    return (derive(seed_, person, user).next() & 1) != 0;
}

const place& shoppers::home(std::uint64_t user, std::uint32_t moves) const noexcept
{
    const auto& population = catalogue_.population();
    auto draw = derive(seed_, stream("home"), user);
    const place& first = catalogue_.places()[population.pick(draw)];
    if (moves == 0)
        return first;
    auto again = derive(seed_, stream("move"), versioned(user, moves));
    switch (kit::pick(again, move_weights))
    {
    case 0:
        return catalogue_.places()[population.pick(again, first.state_begin, first.state_end)];
    case 1:
        return catalogue_.places()[population.pick(again, first.country_begin, first.country_end)];
    default:
        return catalogue_.places()[population.pick(again)];
    }
}

address shoppers::home_address(std::uint64_t user, std::uint32_t moves, model::arena& arena) const
{
    const place& where = home(user, moves);
    const people& who = catalogue_.people_of(where);
    auto draw = derive(seed_, stream("street"), versioned(user, moves));
    std::string_view pattern = who.patterns[draw.below(who.patterns.size())];
    const std::string_view street = who.streets[draw.below(who.streets.size())];
    // A house number is no longer than its mark in the pattern; the street's name stands there once.
    auto* const text = reinterpret_cast<char*>(arena.allocate(pattern.size() + street.size()));
    char* end = text;
    constexpr std::string_view number = "{n}";
    constexpr std::string_view name = "{street}";
    while (!pattern.empty())
    {
        if (pattern.starts_with(number))
        {
            end = fmt::format_to(end, "{}", 1 + draw.below(199));
            pattern.remove_prefix(number.size());
        }
        else if (pattern.starts_with(name))
        {
            std::memcpy(end, street.data(), street.size());
            end += street.size();
            pattern.remove_prefix(name.size());
        }
        else
        {
            *end++ = pattern.front();
            pattern.remove_prefix(1);
        }
    }
    // Up to 0.02 degrees, about 2 km, from the middle of the place.
    const auto near = [&](std::int64_t micro)
    { return static_cast<double>(micro + draw.between(-20'000, 20'000)) / 1e6; };
    const double latitude = near(where.latitude);
    return {&where, {text, static_cast<std::size_t>(end - text)}, latitude, near(where.longitude)};
}

shoppers::drawn shoppers::drawn_of(std::uint64_t user) const
{
    auto draw = derive(seed_, person, user);
    drawn one{};
    one.woman = (draw.next() & 1) != 0;
    const people& who = catalogue_.people_of(home(user, 0));
    one.first = &(one.woman ? who.women : who.men).pick(draw);
    one.last = &who.families.pick(draw);
    one.mail_end = mail_ends[draw.below(mail_ends.size())];
    one.age = draw.between(18, 70);
    one.source = traffic_sources[kit::pick(draw, source_weights)];
    return one;
}

void shoppers::fill(std::span<value> row, std::uint64_t user, unit_no unit, time created, time updated,
                    std::uint32_t moves, model::arena& arena) const
{
    namespace c = users_column;
    const auto [woman, first, last, end, age, source] = drawn_of(user);
    auto* const mail = reinterpret_cast<char*>(
        arena.allocate(first->ascii.size() + last->ascii.size() + domain_.size() + 32));
    const char* mail_end = fmt::format_to(mail, "{}.{}.{}@{}{}", first->ascii, last->ascii, user, domain_, end);
    const address home_now = home_address(user, moves, arena);
    row[c::id] = value::of(row_id{table::users, user, unit});
    row[c::first_name] = value::of(first->text);
    row[c::last_name] = value::of(last->text);
    row[c::email] = value::of(std::string_view(mail, static_cast<std::size_t>(mail_end - mail)));
    row[c::age] = value::of(age);
    row[c::gender] = value::of(std::string_view(woman ? "F" : "M"));
    row[c::street_address] = value::of(home_now.street);
    row[c::postal_code] = value::of(home_now.where->postal_code);
    row[c::city] = value::of(home_now.where->city);
    row[c::state] = value::of(home_now.where->state);
    row[c::country] = value::of(home_now.where->country);
    row[c::latitude] = value::of(home_now.latitude);
    row[c::longitude] = value::of(home_now.longitude);
    row[c::traffic_source] = value::of(source);
    row[c::created_at] = value::of(created);
    row[c::updated_at] = value::of(updated);
}

void shoppers::erase(std::span<value> row, std::uint64_t user, time updated, model::arena& arena) const
{
    namespace c = users_column;
    // Nobody is called so, is so old or lives there: easily left out of any statistic.
    static constexpr std::string_view blank = "erased";
    static constexpr std::int64_t no_age = 120;
    auto* const mail = reinterpret_cast<char*>(arena.allocate(domain_.size() + 32));
    const char* const mail_end = fmt::format_to(mail, "{}-{}@{}com", blank, user, domain_);
    for (const auto column : {c::first_name, c::last_name, c::street_address, c::postal_code, c::city})
        row[column] = value::of(blank);
    row[c::email] = value::of(std::string_view(mail, static_cast<std::size_t>(mail_end - mail)));
    row[c::age] = value::of(no_age);
    row[c::latitude] = value::of(0.0);
    row[c::longitude] = value::of(0.0);
    row[c::updated_at] = value::of(updated);
}

}  // namespace bazaar::scenario::thelook
