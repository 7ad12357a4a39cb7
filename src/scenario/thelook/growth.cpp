#include "scenario/thelook/growth.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "bazaar/base/duration.hpp"
#include "scenario/thelook/lives.hpp"
#include "scenario/thelook/planner.hpp"

namespace bazaar::scenario::thelook
{
namespace
{

struct kind_of_row
{
    std::string_view name;
    double bytes;     ///< Of a row in PostgreSQL, with its part of all indexes.
    double per_tick;  ///< New rows.
};

/// Measured on PostgreSQL 15 as pg_total_relation_size by rows, after `run --seed 3 --unpaced --max-iter 12000 --avg-qps 2000
/// --user-create-prob 0.2` and VACUUM. Greater tables are some 15 % denser: a million orders with all of theirs were 1.74 GB.
constexpr double user_bytes = 335, order_bytes = 210, item_bytes = 195, event_bytes = 255;

constexpr double items_mean = .70 * 1 + .20 * 2 + .05 * 3 + .05 * 4;
constexpr double purchase_events_mean = 2. / 3 + 2. / 3 + 2 * items_mean + 1;
constexpr double ghost_events_mean = 4.5;
constexpr double closing_events_mean = items_mean;

std::string amount(double rows)
{
    if (rows >= 1e9)
        return fmt::format("{:.1f} G", rows / 1e9);
    if (rows >= 1e6)
        return fmt::format("{:.1f} M", rows / 1e6);
    return rows >= 1e4 ? fmt::format("{:.0f} k", rows / 1e3) : fmt::format("{:.0f}", rows);
}

std::string span(double seconds)
{
    return seconds < 7200      ? fmt::format("{:.0f} min", seconds / 60)
           : seconds < 172'800 ? fmt::format("{:.0f} h", seconds / 3600)
                               : fmt::format("{:.0f} days", seconds / 86'400);
}

std::string size(double bytes)
{
    return bytes >= 1e11  ? fmt::format("{:.0f} GB", bytes / 1e9)
           : bytes >= 1e9 ? fmt::format("{:.1f} GB", bytes / 1e9)
           : bytes >= 1e7 ? fmt::format("{:.2f} GB", bytes / 1e9)
                          : fmt::format("{:.1f} MB", bytes / 1e6);
}

}  // namespace

std::string ends_within(const settings& now, std::optional<microseconds> time, std::optional<std::uint64_t> ticks)
{
    const configuration c(now);
    const double rate = static_cast<double>(c.rate_micro) / 1e6;
    double seconds = time ? static_cast<double>(time->count()) / 1e6 : static_cast<double>(ticks.value_or(0)) / rate;
    if (time && ticks)
        seconds = std::min(seconds, static_cast<double>(*ticks) / rate);
    const double sessions = seconds * rate * (1 + static_cast<double>(now.number("ghost-create-prob")) / 1e9);
    if (sessions > static_cast<double>(sessions_most))
        return fmt::format(
            "--avg-qps {} makes about {} sessions in that time, and ids have room for {}: a lower rate, or less "
            "of it",
            now.printed(now.find("avg-qps")), amount(sessions), amount(static_cast<double>(sessions_most)));
    const double touches = c.touch_us == 0 ? 0 : seconds * 1e6 / static_cast<double>(c.touch_us);
    if (touches > static_cast<double>(touches_most))
        return fmt::format(
            "--touch-interval {} makes about {} price changes in that time, and {} can be counted: a longer "
            "interval, or less time",
            now.printed(now.find("touch-interval")), amount(touches), amount(static_cast<double>(touches_most)));
    return {};
}

std::vector<std::string> growth(const settings& now, std::size_t products)
{
    const configuration c(now);
    const auto probability = [&](std::string_view name) { return static_cast<double>(now.number(name)) / 1e9; };
    const double share = step_share(now);
    double closed = 0;
    for (state_no s = 0; s < states.size(); ++s)
        closed += closes(s) ? share_of(s, share) : 0;
    const std::array<kind_of_row, 4> tables{{
        {"users", user_bytes, probability("user-create-prob")},
        {"orders", order_bytes, 1},
        {"order_items", item_bytes, items_mean},
        {"events", event_bytes,
         purchase_events_mean + probability("ghost-create-prob") * ghost_events_mean + closed * closing_events_mean},
    }};
    constexpr double day = 86'400;
    const double ticks = static_cast<double>(c.rate_micro) / 1e6;
    double rows = 0, bytes = 0;
    std::string each;
    for (const auto& t : tables)
    {
        rows += ticks * day * t.per_tick;
        bytes += ticks * day * t.per_tick * t.bytes;
        each += fmt::format("{}{} {}", each.empty() ? "" : ", ", t.name, amount(ticks * day * t.per_tick));
    }
    std::vector<std::string> lines{fmt::format("a day makes about {} rows, {}: {}", amount(rows), size(bytes), each)};
    if (c.touch_us > 0)
        lines.push_back(fmt::format("--touch-interval {}: {} price changes a day; a product's comes after about {}",
                                    to_string(microseconds(c.touch_us)),
                                    amount(day * 1e6 / static_cast<double>(c.touch_us)),
                                    span(static_cast<double>(products) * static_cast<double>(c.touch_us) / 1e6)));
    if (c.retain == 0)
        return lines;
    const double age = static_cast<double>(c.retain) / 1e6 + mean_life(share, c.scale_milli);
    const auto& users = tables[0];
    const double gone = 1 - users.per_tick * ticks * day / rows;
    const double kept_bytes = (bytes - users.per_tick * ticks * day * users.bytes) * age / day;
    lines.push_back(
        fmt::format("--retain {}: levels off at about {} rows, {}; of users, who stay, a day makes {} rows, {}",
                    to_string(microseconds(c.retain)), amount(rows * gone * age / day), size(kept_bytes),
                    amount(users.per_tick * ticks * day), size(users.per_tick * ticks * day * users.bytes)));
    return lines;
}

}  // namespace bazaar::scenario::thelook
