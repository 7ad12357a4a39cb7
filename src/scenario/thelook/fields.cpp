#include "scenario/thelook/fields.hpp"

#include <array>

#include "scenario/thelook/states.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

constexpr std::int64_t nano = 1'000'000'000;

constexpr field probability(std::string_view name, std::string_view initial, std::int64_t high, std::string_view help)
{
    return {.name = name,
            .initial = initial,
            .scale = 9,
            .low = 0,
            .high = high,
            .placeholder = "P",
            .help = help,
            .steerable = true};
}

constexpr field place_filter(std::string_view name, std::string_view help)
{
    return {.name = name, .kind = field_kind::text, .initial = "*", .placeholder = "NAME", .help = help};
}

constexpr std::array<field, 17> all{{
    {.name = "avg-qps",
     .initial = "20",
     .scale = 6,
     .low = 1,
     .high = 100'000'000'000,
     .placeholder = "N",
     .help = "mean ticks per second; a tick is a purchase and the side tasks that its dice ask for",
     .steerable = true,
     .pace = true},
    {.name = "init-num-users",
     .initial = "1000",
     .low = 1,
     .high = 100'000'000,
     .placeholder = "N",
     .help = "users that exist before the first tick"},
    place_filter("country", "users live in this country only; filters hold together"),
    place_filter("state", "users live in this state only"),
    place_filter("postal-code", "users live at this postal code only"),
    probability("user-create-prob", "0.05", nano, "probability of a new user, per tick"),
    probability("user-update-prob", "0.1", nano, "probability of an address change before the purchase, per tick"),
    probability("order-update-prob", "0.4", steps_mean_most,
                "mean number of order updates (shipped, delivered, ...) per tick"),
    probability("ghost-create-prob", "0.2", nano, "probability of an anonymous session, per tick"),
    {.name = "lifecycle",
     .kind = field_kind::choice,
     .initial = "partial",
     .choices = "partial complete",
     .placeholder = "WORD",
     .help = "partial: as far as --order-update-prob goes; complete: every order to its end"},
    {.name = "lifecycle-scale",
     .initial = "1",
     .scale = 3,
     .low = 1,
     .high = 1'000'000'000,
     .placeholder = "X",
     .help = "factor on the delays of an order's life; 1: seconds to a minute, 3600: hours to days"},
    {.name = "active-users",
     .initial = "1000000",
     .low = 1,
     .high = 100'000'000,
     .placeholder = "N",
     .help = "only the newest of the users go on buying; bounds the memory"},
    probability("erase-prob", "0", nano,
                "probability that a user asks to be forgotten, per tick: names, e-mail, age and address are blanked"),
    {.name = "retain",
     .kind = field_kind::duration,
     .initial = "0",
     .low = 1'000'000,
     .high = 3'650 * std::int64_t{86'400'000'000},
     .placeholder = "AGE",
     .help = "so long after its end an order goes, with its items and sessions, and an anonymous session; 0: never",
     .zero_too = true},
    {.name = "touch-interval",
     .kind = field_kind::duration,
     .initial = "0",
     .low = 100'000,
     .high = 366 * std::int64_t{86'400'000'000},
     .placeholder = "DURATION",
     .help = "one product's retail price changes so often, so that products is no quiet table; 0: never. Products are "
             "shared by all runs of a schema: such a run has its schema to itself",
     .zero_too = true,
     .alone = true},
    {.name = "calendar",
     .kind = field_kind::choice,
     .initial = "flat",
     .choices = "flat retail",
     .placeholder = "WORD",
     .help =
         "flat: ticks come at the same rate at all times; retail: by hour and weekday where the buyer lives, season, "
         "Black Friday, and from day to day. --avg-qps is the mean of a year"},
    {.name = "growth",
     .initial = "0",
     .scale = 3,
     .low = 0,
     .high = 10'000,
     .placeholder = "X",
     .help = "what each year adds to the rate: 0.25 is a quarter more, evenly from the start of the run on"},
}};

}  // namespace

std::span<const field> fields()
{
    return all;
}

double share_of_steps(std::int64_t updates_nano)
{
    const double wanted = static_cast<double>(updates_nano) / 1e9;
    double low = 0;
    double high = 1;
    for (int i = 0; i < 60; ++i)
    {
        const double a = (low + high) / 2;
        (steps_mean(a) < wanted ? low : high) = a;
    }
    return high;
}

double step_share(const settings& given)
{
    const std::int64_t updates = given.number("order-update-prob");
    return given.text("lifecycle") == "complete" ? 1.0 : updates == 0 ? 0.0 : share_of_steps(updates);
}

configuration::configuration(const settings& given)
    : rate_micro(static_cast<std::uint64_t>(given.number("avg-qps"))),
      initial_users(static_cast<std::uint64_t>(given.number("init-num-users"))),
      active_users(static_cast<std::uint64_t>(given.number("active-users"))),
      user_created(static_cast<std::uint64_t>(given.number("user-create-prob")), nano),
      user_moved(static_cast<std::uint64_t>(given.number("user-update-prob")), nano),
      ghost(static_cast<std::uint64_t>(given.number("ghost-create-prob")), nano),
      user_erased(static_cast<std::uint64_t>(given.number("erase-prob")), nano),
      retain(given.number("retain")),
      scale_milli(static_cast<std::uint64_t>(given.number("lifecycle-scale"))),
      touch_us(given.number("touch-interval")),
      retail_calendar(given.text("calendar") == "retail"),
      growth_milli(static_cast<std::uint64_t>(given.number("growth")))
{
    constexpr double whole = 9007199254740992.0;  // 2^53: exact in both directions.
    step = chance(static_cast<std::uint64_t>(step_share(given) * whole), static_cast<std::uint64_t>(whole));
}

}  // namespace bazaar::scenario::thelook
