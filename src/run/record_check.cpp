#include "bazaar/run/record_check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

#include "bazaar/base/decimal.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/run/load_plan.hpp"
#include "bazaar/run/replan.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::run
{
namespace
{

using entry_kind = model::control::kind;

constexpr std::int64_t span_max = (scenario::times_end - scenario::start_min).count();

/// What is wrong with one entry by itself, or nothing.
std::string wrong_in_entry(const model::control& entry, std::span<const scenario::field> fields)
{
    if (entry.unit >= no_unit)
        return fmt::format("\"unit\" must be from 0 to {}", no_unit - 1);
    switch (entry.what)
    {
    case entry_kind::shift:
        if (entry.value < 1 || entry.value > span_max)
            return fmt::format("\"value\" of a shift must be from 1 to {} microseconds", span_max);
        return {};
    case entry_kind::set:
        if (entry.field >= fields.size() || !fields[entry.field].steerable)
            return fmt::format("\"field\" {} is none that can be set during a run",
                               entry.field < fields.size() ? fields[entry.field].name : "");
        if (const auto& f = fields[entry.field]; !scenario::takes(f, entry.value))
            return fmt::format("\"value\" {} of {} must be from {} to {}, in units of {}", entry.value, f.name, f.low,
                               f.high, to_decimal(1, f.scale, zeros::trim));
        if (entry.at >= scenario::times_end)
            return fmt::format("\"at\" must be before {}", to_string(scenario::times_end));
        return {};
    case entry_kind::load:
    case entry_kind::ddl:
    case entry_kind::reject:
        return {};
    }
    return {};
}

}  // namespace

std::vector<std::string> wrong_in(const record& of, std::span<const scenario::field> fields)
{
    std::vector<std::string> wrong;
    if (of.start < scenario::start_min || of.start >= scenario::times_end)
        wrong.push_back(fmt::format("\"start\" must be from {} to before {}", to_string(scenario::start_min),
                                    to_string(scenario::times_end)));
    if (of.window < 1 || of.window > window_max)
        wrong.push_back(fmt::format("\"window\" must be from 1 to {}", window_max));
    if (of.settled >= no_unit)
        wrong.push_back(fmt::format("\"settled\" must be below {}", no_unit));
    const model::control* steer = nullptr;
    std::int64_t shifted = 0;
    for (std::size_t i = 0; i < of.log.size(); ++i)
    {
        const auto& entry = of.log[i];
        const auto complain = [&](const std::string& what)
        { wrong.push_back(fmt::format("log entry {}: {}", i + 1, what)); };
        if (const auto what = wrong_in_entry(entry, fields); !what.empty())
        {
            complain(what);
            continue;
        }
        if (steers(entry))
        {
            if (steer != nullptr && entry.unit < steer->unit)
                complain(fmt::format("\"unit\" {} lies before that of an entry above it, {}", entry.unit, steer->unit));
            steer = &entry;
        }
        if (entry.what == entry_kind::shift)
        {
            shifted += entry.value;
            if (shifted > span_max)
            {
                complain(fmt::format("shifts together must be at most {} microseconds", span_max));
                shifted = 0;
            }
        }
    }
    try
    {
        static_cast<void>(load_state::of(of.log));
    }
    catch (const error& problem)
    {
        wrong.emplace_back(problem.what());
    }
    return wrong;
}

bool is_run_name(std::string_view text)
{
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !text.empty() && text.size() <= 31 && plain(text.front()) &&
           std::ranges::all_of(text, [&](char c) { return plain(c) || c == '-'; });
}

}  // namespace bazaar::run
