#include "bazaar/verify/report.hpp"
#include "bazaar/base/plain.hpp"
#include "bazaar/io/json.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace bazaar::verify
{
namespace
{

constexpr std::array<std::string_view, defect_count> names{
    "missing", "extra",        "different", "stale",   "lost",       "doubled",    "repeated", "reordered",
    "altered", "wrong before", "wrong op",  "unknown", "stale read", "miscounted", "torn",     "foreign edit"};

bool is_mismatch(defect what)
{
    return what != defect::repeated && what != defect::foreign_edit;
}

std::string line_of(const finding& f)
{
    std::string line = fmt::format("{}: {} {}", name(f.what), f.table, f.key);
    if (f.unit != no_unit)
        line += fmt::format(", unit {}", f.unit);
    if (!f.column.empty())
        line += fmt::format(", column {}", f.column);
    if (!f.expected.empty())
        line += fmt::format(", expected {}", f.expected);
    if (!f.found.empty())
        line += fmt::format(", found {}", f.found);
    if (!f.place.empty())
        line += fmt::format(" ({})", f.place);
    return line;
}

}  // namespace

std::string_view name(defect what) noexcept
{
    return names[static_cast<std::size_t>(what)];
}

std::string_view name(verdict what) noexcept
{
    return what == verdict::clean ? "clean" : what == verdict::mismatch ? "mismatch" : "not proven";
}

int exit_code(verdict what) noexcept
{
    return static_cast<int>(what);
}

void report::add(finding one)
{
    auto& count = counts_[static_cast<std::size_t>(one.what)];
    if (count++ < examples_max_)
        found_.push_back(std::move(one));
}

std::uint64_t report::findings() const noexcept
{
    return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

void report::not_proven(std::string line)
{
    if (std::ranges::find(unproven_, line) == unproven_.end())
        unproven_.push_back(std::move(line));
}

void report::hint(std::string line)
{
    if (std::ranges::find(hints_, line) == hints_.end())
        hints_.push_back(std::move(line));
}

void report::figure(std::string_view name, std::uint64_t value)
{
    const auto there = std::ranges::find(figures_, name, [](const auto& f) { return std::string_view(f.first); });
    if (there != figures_.end())
        there->second = value;
    else
        figures_.emplace_back(name, value);
}

verdict report::judge() const noexcept
{
    bool edits = false;
    for (std::size_t i = 0; i < defect_count; ++i)
    {
        if (counts_[i] > 0 && is_mismatch(static_cast<defect>(i)))
            return verdict::mismatch;
        edits = edits || (counts_[i] > 0 && static_cast<defect>(i) == defect::foreign_edit);
    }
    return edits || partial_ || !unproven_.empty() ? verdict::not_proven : verdict::clean;
}

std::string report::text() const
{
    std::string out;
    for (const auto& f : found_)
        out += plain(line_of(f)) + '\n';
    for (std::size_t i = 0; i < defect_count; ++i)
        if (counts_[i] > examples_max_)
            out += fmt::format("{}: and {} more\n", names[i], counts_[i] - examples_max_);
    for (const auto& line : unproven_)
        out += fmt::format("not proven: {}\n", plain(line));
    for (const auto& line : hints_)
        out += fmt::format("hint: {}\n", plain(line));
    std::string numbers;
    for (const auto& [what, value] : figures_)
        numbers += fmt::format("{}{} {}", numbers.empty() ? "" : ", ", what, value);
    for (std::size_t i = 0; i < defect_count; ++i)
        if (counts_[i] > 0)
            numbers += fmt::format("{}{} {}", numbers.empty() ? "" : ", ", names[i], counts_[i]);
    out += fmt::format("{}{}: {}{}\n", name(judge()), partial_ ? ", partial (ended before it was through)" : "",
                       numbers, part_.empty() ? "" : ", of " + plain(part_) + " alone");
    return out;
}

std::string report::json() const
{
    using nlohmann::ordered_json;
    ordered_json counts = ordered_json::object(), figures = ordered_json::object(), examples = ordered_json::array();
    for (std::size_t i = 0; i < defect_count; ++i)
        counts[std::string(names[i])] = counts_[i];
    for (const auto& [what, value] : figures_)
        figures[what] = value;
    for (const auto& f : found_)
    {
        ordered_json one{{"defect", name(f.what)}, {"table", f.table}, {"key", f.key}};
        one["unit"] = f.unit == no_unit ? ordered_json() : ordered_json(f.unit);
        for (const auto& [key, value] : {std::pair{"column", &f.column}, std::pair{"expected", &f.expected},
                                         std::pair{"found", &f.found}, std::pair{"place", &f.place}})
            if (!value->empty())
                one[key] = *value;
        examples.push_back(std::move(one));
    }
    const ordered_json all{{"verdict", name(judge())},
                           {"partial", partial_},
                           {"part", part_.empty() ? ordered_json() : ordered_json(part_)},
                           {"counts", counts},
                           {"figures", figures},
                           {"not_proven", unproven_},
                           {"hints", hints_},
                           {"examples", examples}};
    return plain_json(io::write_json(all, 2)) + '\n';
}

}  // namespace bazaar::verify
