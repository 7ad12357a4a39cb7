#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/base/time.hpp"
#include "bazaar/model/unit.hpp"

// What `bazaard describe` shows about a plan: figures and small charts, as data. The command prints them.

namespace bazaar::scenario
{

/// A part of a chart: a bar, a column or a point in time.
struct chart_bar
{
    std::string label;
    std::uint64_t size = 0;  ///< Relative to the other bars.
    std::string text;        ///< The value for people.
};

struct chart
{
    enum class form : std::uint8_t
    {
        bars,     ///< One below the other.
        columns,  ///< Side by side; labels of one or two characters.
    };

    std::string title;
    form shape = form::bars;
    std::vector<chart_bar> bars;
};

/// A table whose cells are shaded: a triangle of cohorts, for example.
struct shaded_table
{
    struct cell
    {
        std::string text;
        std::uint32_t shade = 0;  ///< From 0 to 1000.
    };
    struct row
    {
        std::string label;
        std::vector<cell> cells;
    };

    std::string title;
    std::vector<std::string> columns;  ///< Their titles; the first one is that of the labels.
    std::vector<row> rows;
};

struct portrait_figure
{
    std::string title;
    std::string value;
    std::string note;  ///< May be empty.
};

struct portrait
{
    std::vector<portrait_figure> figures;
    std::vector<chart> charts;
    std::vector<shaded_table> tables;
};

/// Looks at the units of a plan, one after the other, and draws what they amount to.
///
/// Threads: one.
/// Determinism: depends only on the units.
class survey
{
public:
    virtual ~survey() = default;

    virtual void add(const model::unit& built) = 0;
    [[nodiscard]] virtual portrait draw() const = 0;
};

/// Periods of equal length that cover a time: charts over time count by them.
class periods
{
public:
    /// Chooses the shortest usual length with which there are at most `most`.
    periods(time start, time end, std::size_t most);

    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] std::size_t of(time at) const noexcept;

    /// "day", "5 minutes" and so on.
    [[nodiscard]] std::string_view length() const noexcept { return length_; }

    /// When a period begins: "2026-01-31", or "01-31 14:30" if they are shorter than a day.
    [[nodiscard]] std::string label(std::size_t number) const;

private:
    time start_;
    microseconds width_{1};
    std::string_view length_;
    std::size_t count_ = 1;
};

/// Hour of the day, and day of the week with Monday as 0, in UTC.
[[nodiscard]] std::uint32_t hour_of(time at) noexcept;
[[nodiscard]] std::uint32_t weekday_of(time at) noexcept;

/// "1,234,567".
[[nodiscard]] std::string with_commas(std::uint64_t number);

/// Cents as "1,234.56".
[[nodiscard]] std::string as_money(std::uint64_t cents);

/// "12.3 %", rounded; "-" if there is nothing to divide by.
[[nodiscard]] std::string as_share(std::uint64_t part, std::uint64_t whole);

/// Charts of counts that begin with hour 0, with Monday, and with the first period.
[[nodiscard]] chart by_hour(std::string title, const std::vector<std::uint64_t>& counts);
[[nodiscard]] chart by_weekday(std::string title, const std::vector<std::uint64_t>& counts);
[[nodiscard]] chart by_period(std::string title, const periods& over, const std::vector<std::uint64_t>& counts);

class scenario;

/// The survey of a scenario that has none of its own: rows by table, units by kind and time.
[[nodiscard]] std::unique_ptr<survey> plain_survey(const scenario& shop, time start, time end);

}  // namespace bazaar::scenario
