#include "bazaar/scenario/survey.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario
{
namespace
{

constexpr std::int64_t hour = 3'600'000'000;
constexpr std::int64_t day = 24 * hour;

struct usual_length
{
    std::int64_t width;
    std::string_view name;
};
constexpr std::array<usual_length, 10> lengths{{{60'000'000, "minute"},
                                                {300'000'000, "5 minutes"},
                                                {900'000'000, "15 minutes"},
                                                {hour, "hour"},
                                                {6 * hour, "6 hours"},
                                                {day, "day"},
                                                {7 * day, "week"},
                                                {30 * day, "30 days"},
                                                {91 * day, "91 days"},
                                                {365 * day, "365 days"}}};

/// Whole units of `of` since 1970, also before it.
std::int64_t whole(time at, std::int64_t of)
{
    return (at.us - (at.us < 0 ? of - 1 : 0)) / of;
}

/// Rows and units of any scenario.
class plain_counts final : public survey
{
public:
    plain_counts(const scenario& shop, time start, time end)
        : shop_(shop),
          over_(start, end, 30),
          rows_(shop.tables().size()),
          kinds_(shop.kinds().size()),
          hours_(24),
          weekdays_(7),
          periods_(over_.count())
    {
        for (std::uint8_t table = 0; table < rows_.size(); ++table)
        {
            const auto count = [&](std::span<const model::value>) { ++rows_[table].before; };
            if (shop.tables()[table].kept_by == model::role::fixed)
                shop.fixed_rows(table, count);
            else if (shop.tables()[table].kept_by == model::role::planned)
                shop.initial_rows(table, start, count);
        }
    }

    void add(const model::unit& built) override
    {
        ++units_;
        ++kinds_[built.decision.kind];
        ++hours_[hour_of(built.decision.at)];
        ++weekdays_[weekday_of(built.decision.at)];
        ++periods_[over_.of(built.decision.at)];
        for (const auto& one : built.changes)
            ++rows_[one.table].changes[static_cast<std::size_t>(one.what)];
    }

    [[nodiscard]] portrait draw() const override
    {
        portrait made;
        made.figures.push_back({"Units of work", with_commas(units_), "each is one transaction"});
        for (std::size_t i = 0; i < rows_.size(); ++i)
            if (shop_.tables()[i].kept_by != model::role::heartbeat)
                made.figures.push_back(rows(shop_.tables()[i].name, rows_[i]));
        chart kinds{"Units by kind", chart::form::bars, {}};
        for (std::size_t i = 0; i < kinds_.size(); ++i)
            if (kinds_[i] > 0)
                kinds.bars.push_back({std::string(shop_.kinds()[i].name), kinds_[i], with_commas(kinds_[i])});
        made.charts.push_back(std::move(kinds));
        made.charts.push_back(by_hour("Units by hour of the day (UTC)", hours_));
        made.charts.push_back(by_weekday("Units by weekday (UTC)", weekdays_));
        made.charts.push_back(by_period("Units", over_, periods_));
        return made;
    }

private:
    struct counted_rows
    {
        std::uint64_t before = 0;                ///< The plan.
        std::array<std::uint64_t, 3> changes{};  ///< By operation.
    };

    static portrait_figure rows(std::string_view table, const counted_rows& of)
    {
        const auto& [inserted, updated, erased] = of.changes;
        return {fmt::format("Rows of {}", table), with_commas(of.before + inserted - erased),
                fmt::format("{} first, {} inserts, {} updates, {} deletes", with_commas(of.before),
                            with_commas(inserted), with_commas(updated), with_commas(erased))};
    }

    const scenario& shop_;
    periods over_;
    std::uint64_t units_ = 0;
    std::vector<counted_rows> rows_;
    std::vector<std::uint64_t> kinds_, hours_, weekdays_, periods_;
};

}  // namespace

periods::periods(time start, time end, std::size_t most) : start_(start)
{
    const auto span = std::max<std::int64_t>((end - start).count(), 1);
    auto count = span;
    for (const auto& one : lengths)
    {
        width_ = microseconds(one.width);
        length_ = one.name;
        count = (span + one.width - 1) / one.width;
        if (count <= static_cast<std::int64_t>(most))
            break;
    }
    count_ = static_cast<std::size_t>(count);
}

std::size_t periods::of(time at) const noexcept
{
    // What lies outside belongs to the first or the last one.
    const auto number = std::max<std::int64_t>((at - start_).count(), 0) / width_.count();
    return std::min(static_cast<std::size_t>(number), count_ - 1);
}

std::string periods::label(std::size_t number) const
{
    const auto text = to_string(start_ + width_ * static_cast<std::int64_t>(number));
    return width_.count() >= day ? text.substr(0, 10) : fmt::format("{} {}", text.substr(5, 5), text.substr(11, 5));
}

std::uint32_t hour_of(time at) noexcept
{
    return static_cast<std::uint32_t>(whole(at, hour) - whole(at, day) * 24);
}

std::uint32_t weekday_of(time at) noexcept
{
    // 1970-01-01 was a Thursday.
    return static_cast<std::uint32_t>(((whole(at, day) + 3) % 7 + 7) % 7);
}

std::string with_commas(std::uint64_t number)
{
    auto text = fmt::format("{}", number);
    for (auto at = text.size(); at > 3;)
    {
        at -= 3;
        text.insert(at, 1, ',');
    }
    return text;
}

std::string as_money(std::uint64_t cents)
{
    return fmt::format("{}.{:02}", with_commas(cents / 100), cents % 100);
}

std::string as_share(std::uint64_t part, std::uint64_t whole)
{
    if (whole == 0)
        return "-";
    const auto permille = (part * 1000 + whole / 2) / whole;
    return fmt::format("{}.{} %", permille / 10, permille % 10);
}

chart by_hour(std::string title, const std::vector<std::uint64_t>& counts)
{
    chart made{std::move(title), chart::form::columns, {}};
    for (std::size_t i = 0; i < counts.size(); ++i)
        made.bars.push_back({fmt::format("{:02}", i), counts[i], with_commas(counts[i])});
    return made;
}

chart by_weekday(std::string title, const std::vector<std::uint64_t>& counts)
{
    static constexpr std::array<std::string_view, 7> names{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    chart made{std::move(title), chart::form::bars, {}};
    for (std::size_t i = 0; i < counts.size(); ++i)
        made.bars.push_back({std::string(names[i]), counts[i], with_commas(counts[i])});
    return made;
}

chart by_period(std::string title, const periods& over, const std::vector<std::uint64_t>& counts)
{
    chart made{fmt::format("{} per {}", title, over.length()), chart::form::bars, {}};
    for (std::size_t i = 0; i < counts.size(); ++i)
        made.bars.push_back({over.label(i), counts[i], with_commas(counts[i])});
    return made;
}

std::unique_ptr<survey> plain_survey(const scenario& shop, time start, time end)
{
    return std::make_unique<plain_counts>(shop, start, end);
}

}  // namespace bazaar::scenario
