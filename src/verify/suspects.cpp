#include "suspects.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "field_text.hpp"

namespace bazaar::verify
{
namespace
{

/// Rows with one id that are kept; more are counted.
constexpr std::size_t kept_max = 2;

}  // namespace

void suspects::found(row_key key, std::string bytes, std::uint32_t earlier)
{
    auto& one = rows_[key];
    one.times += 1 + (one.times == 0 ? earlier : 0);
    if (one.found.size() < kept_max)
        one.found.push_back(std::move(bytes));
}

void suspects::planned(row_key key, unit_no unit, std::string bytes)
{
    if (const auto place = rows_.find(key); place != rows_.end())
        place->second.planned.push_back({unit, std::move(bytes)});
}

finding suspects::about(row_key key, defect what, unit_no unit, std::string_view bytes) const
{
    const auto table = table_of(key);
    const auto& shape = *shapes_[table];
    const auto place = *shape.place(shop_.tables()[table].key);
    finding made;
    made.what = what;
    made.table = shop_.tables()[table].name;
    made.key = field_text(print_, shop_.tables()[table].columns[shop_.tables()[table].key], shape.types[place],
                          fields_of(bytes)[place]);
    made.unit = unit;
    return made;
}

/// Nothing where the table has no version, or its column is not there.
std::optional<postgres::field> suspects::version_field(std::uint8_t table, std::string_view bytes) const
{
    const auto place = shapes_[table]->place(shop_.tables()[table].version);
    return place ? std::optional(fields_of(bytes)[*place]) : std::nullopt;
}

std::string suspects::version_text(std::uint8_t table, std::string_view bytes) const
{
    const auto place = shapes_[table]->place(shop_.tables()[table].version);
    if (!place)
        return {};
    return field_text(print_, shop_.tables()[table].columns[shop_.tables()[table].version],
                      shapes_[table]->types[*place], fields_of(bytes)[*place]);
}

/// One finding for each column.
void suspects::compare(row_key key, const row::version& wanted, std::span<const postgres::field> found, report& out)
{
    const auto& shape = *shapes_[table_of(key)];
    const auto expected = fields_of(wanted.bytes);
    for (std::size_t i = 0; i < expected.size(); ++i)
    {
        if (expected[i] == found[i])
            continue;
        const auto& column = shop_.tables()[table_of(key)].columns[shape.columns[i]];
        auto one = about(key, defect::different, wanted.unit, wanted.bytes);
        one.column = column.name;
        one.expected = field_text(print_, column, shape.types[i], expected[i]);
        one.found = field_text(print_, column, shape.types[i], found[i]);
        out.add(std::move(one));
    }
}

/// True for a row whose version may be of a unit that is not known.
bool suspects::judge_found(row_key key, const row& one, std::string_view bytes, const limits& by, report& out)
{
    const auto table = table_of(key);
    const auto wanted = std::find_if(one.planned.rbegin(), one.planned.rend(),
                                     [&](const auto& v) { return v.unit == no_unit || v.unit < by.demanded; });
    if (one.planned.empty() || (wanted != one.planned.rend() && wanted->bytes.empty()))
    {
        // A fixed table has rows of others, too.
        if (shop_.tables()[table].kept_by == model::role::fixed)
        {
            out.add(about(key, defect::foreign_edit, no_unit, bytes));
            return false;
        }
        const auto place = *shapes_[table]->place(shop_.tables()[table].key);
        uuid id{};
        std::ranges::copy(fields_of(bytes)[place].view().substr(0, id.size()), id.begin());
        const auto decoded = ids_.decode(id);
        auto extra = about(key, defect::extra, decoded ? decoded->unit : no_unit, bytes);
        if (!one.planned.empty())
        {
            extra.unit = wanted->unit;
            extra.expected = "no row: this unit removes it";
            extra.found = "a row";
        }
        out.add(std::move(extra));
        return false;
    }
    // The last version that is demanded, or, of a row that need not be there, the first.
    const auto& expected = wanted == one.planned.rend() ? one.planned.front() : *wanted;
    const auto found = fields_of(bytes);
    const auto version = version_field(table, bytes);
    const auto same = [&](const row::version& v)
    { return !v.bytes.empty() && (v.bytes == bytes || (version && version_field(table, v.bytes) == version)); };
    const bool may_be_null = version && shop_.tables()[table].columns[shop_.tables()[table].version].nullable;
    const bool no_version = version && version->data == nullptr && !may_be_null;
    const auto match = no_version ? one.planned.end() : std::find_if(one.planned.begin(), one.planned.end(), same);
    if (match == one.planned.end())
    {
        if (!version || version->data == nullptr)
        {
            compare(key, expected, found, out);
            return false;
        }
        if (by.known && version->size == 8 && moment_of(*version) >= *by.known)
            return true;
        auto edit = about(key, defect::foreign_edit, expected.unit, expected.bytes);
        edit.column = shop_.tables()[table].columns[shop_.tables()[table].version].name;
        edit.expected = version_text(table, expected.bytes);
        edit.found = version_text(table, bytes);
        out.add(std::move(edit));
        return false;
    }
    if (match->unit != expected.unit && (match->unit == no_unit || match->unit < expected.unit))
    {
        auto old = about(key, defect::stale, expected.unit, expected.bytes);
        if (version)
            old.column = shop_.tables()[table].columns[shop_.tables()[table].version].name;
        old.expected = version_text(table, expected.bytes);
        old.found = version_text(table, bytes);
        out.add(std::move(old));
    }
    compare(key, *match, found, out);
    return false;
}

std::uint64_t suspects::judge(const limits& by, report& out)
{
    std::uint64_t later = 0;
    for (auto& [key, one] : rows_)
    {
        const auto before = out.findings();
        // Initial rows come first.
        std::ranges::sort(one.planned, {}, [](const auto& v) { return v.unit == no_unit ? 0 : v.unit + 1; });
        if (one.times == 0)
        {
            const auto demanded = std::find_if(one.planned.rbegin(), one.planned.rend(),
                                               [&](const auto& v)
                                               { return v.unit == no_unit || v.unit < by.demanded; });
            if (demanded != one.planned.rend() && !demanded->bytes.empty())
                out.add(about(key, defect::missing, one.planned.front().unit, one.planned.front().bytes));
            continue;
        }
        bool unknown = false;
        for (const auto& bytes : one.found)
            unknown = judge_found(key, one, bytes, by, out) || unknown;
        later += unknown ? 1 : 0;
        if (one.times > 1)
        {
            auto twice = about(key, defect::extra, one.planned.empty() ? no_unit : one.planned.front().unit,
                               one.found.front());
            twice.expected = "one row";
            twice.found = fmt::format("{} rows", one.times);
            out.add(std::move(twice));
        }
        expect(unknown || out.findings() > before, "a row with another hash differs in a column");
    }
    return later;
}

}  // namespace bazaar::verify
