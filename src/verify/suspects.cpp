#include "suspects.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bazaar/verify/row_name.hpp"
#include "field_text.hpp"

namespace bazaar::verify
{
namespace
{

/// Rows with one id that are kept; more are counted.
constexpr std::size_t kept_max = 2;

}  // namespace

void suspects::found(const row_id& id, std::string bytes, std::uint32_t earlier)
{
    auto& one = rows_[id];
    one.times += 1 + (one.times == 0 ? earlier : 0);
    if (one.found.size() >= kept_max)
        return;
    bytes_ += bytes.size();
    one.found.push_back(std::move(bytes));
}

void suspects::planned(const row_id& id, unit_no unit, std::string bytes)
{
    if (const auto place = rows_.find(id); place != rows_.end())
        place->second.planned.push_back({unit, std::move(bytes)});
}

finding suspects::about(const row_id& id, defect what, unit_no unit, std::string_view bytes) const
{
    const auto& shape = *shapes_[id.table];
    const auto& t = shop_.tables()[id.table];
    const auto place = *shape.place(t.key);
    finding made;
    made.what = what;
    made.table = t.name;
    made.key = field_text(print_, t.columns[t.key], shape.types[place], fields_of(bytes)[place]);
    made.unit = unit;
    return made;
}

std::string suspects::name_of(const row_id& id) const
{
    const auto& t = shop_.tables()[id.table];
    return fmt::format("{} {}", t.name, key_text(t, id, ids_));
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
void suspects::compare(const row_id& id, const row::version& wanted, std::span<const postgres::field> found,
                       report& out) const
{
    const auto& shape = *shapes_[id.table];
    const auto expected = fields_of(wanted.bytes);
    for (std::size_t i = 0; i < expected.size(); ++i)
    {
        if (expected[i] == found[i])
            continue;
        const auto& column = shop_.tables()[id.table].columns[shape.columns[i]];
        auto one = about(id, defect::different, wanted.unit, wanted.bytes);
        one.column = column.name;
        one.expected = field_text(print_, column, shape.types[i], expected[i]);
        one.found = field_text(print_, column, shape.types[i], found[i]);
        out.add(std::move(one));
    }
}

/// `removal`: the plan's last version, if it is none.
void suspects::judge_extra(const row_id& id, const row::version* removal, std::string_view bytes, report& out) const
{
    // A fixed table has rows of others, too, and a key that is but a number may be anybody's.
    if (shop_.tables()[id.table].kept_by == model::role::fixed ||
        (removal == nullptr && !ids_.form(id.table).names_unit()))
    {
        out.add(about(id, defect::foreign_edit, no_unit, bytes));
        return;
    }
    auto extra = about(id, defect::extra, id.unit, bytes);
    if (removal != nullptr)
    {
        extra.unit = removal->unit;
        extra.expected = "no row: this unit removes it";
        extra.found = "a row";
    }
    out.add(std::move(extra));
}

/// True for a row whose version may be of a unit that is not known.
bool suspects::judge_found(const row_id& id, const row& one, std::string_view bytes, const limits& by,
                           report& out) const
{
    const auto& t = shop_.tables()[id.table];
    const auto wanted = std::find_if(one.planned.rbegin(), one.planned.rend(),
                                     [&](const auto& v) { return v.unit == no_unit || v.unit < by.demanded; });
    if (one.planned.empty() || (wanted != one.planned.rend() && wanted->bytes.empty()))
    {
        judge_extra(id, one.planned.empty() ? nullptr : &*wanted, bytes, out);
        return false;
    }
    // The last version that is demanded, or, of a row that need not be there, the first.
    const auto& expected = wanted == one.planned.rend() ? one.planned.front() : *wanted;
    if (expected.bytes.empty())
    {
        judge_extra(id, &expected, bytes, out);
        return false;
    }
    const auto found = fields_of(bytes);
    const auto version = version_field(id.table, bytes);
    const auto same = [&](const row::version& v)
    { return !v.bytes.empty() && (v.bytes == bytes || (version && version_field(id.table, v.bytes) == version)); };
    const bool may_be_null = version && t.columns[t.version].nullable;
    const bool no_version = version && version->data == nullptr && !may_be_null;
    const auto match = no_version ? one.planned.end() : std::find_if(one.planned.begin(), one.planned.end(), same);
    if (match == one.planned.end())
    {
        // Where the versions are not there, nobody knows whose values these are.
        if (!version && t.version != model::no_column && by.went_on)
            return true;
        if (!version || version->data == nullptr)
        {
            compare(id, expected, found, out);
            return false;
        }
        if (by.known && version->size == 8 && moment_of(*version) >= *by.known &&
            (!by.come || moment_of(*version) <= *by.come))
            return true;
        auto edit = about(id, defect::foreign_edit, expected.unit, expected.bytes);
        edit.column = t.columns[t.version].name;
        edit.expected = version_text(id.table, expected.bytes);
        edit.found = version_text(id.table, bytes);
        out.add(std::move(edit));
        return false;
    }
    if (match->unit != expected.unit && (match->unit == no_unit || match->unit < expected.unit))
    {
        auto old = about(id, defect::stale, expected.unit, expected.bytes);
        if (version)
            old.column = t.columns[t.version].name;
        old.expected = version_text(id.table, expected.bytes);
        old.found = version_text(id.table, bytes);
        out.add(std::move(old));
    }
    compare(id, *match, found, out);
    return false;
}

void suspects::judge_absent(const row_id& id, const row& one, const limits& by, not_judged& left, report& out) const
{
    const auto demanded = std::find_if(one.planned.rbegin(), one.planned.rend(),
                                       [&](const auto& v) { return v.unit == no_unit || v.unit < by.demanded; });
    if (demanded == one.planned.rend() || demanded->bytes.empty())
        return;
    if (id.table < by.removed.size() && by.removed[id.table])
    {
        if (left.removed++ == 0)
            left.first_removed = name_of(id);
        return;
    }
    out.add(about(id, defect::missing, one.planned.front().unit, demanded->bytes));
}

suspects::not_judged suspects::judge(const limits& by, report& out)
{
    not_judged left;
    for (auto& [id, one] : rows_)
    {
        const auto before = out.findings();
        // Initial rows come first.
        std::ranges::sort(one.planned, {}, [](const auto& v) { return v.unit == no_unit ? 0 : v.unit + 1; });
        if (one.times == 0)
        {
            judge_absent(id, one, by, left, out);
            continue;
        }
        bool unknown = false;
        for (const auto& bytes : one.found)
            unknown = judge_found(id, one, bytes, by, out) || unknown;
        if (unknown && left.changed++ == 0)
            left.first_changed = name_of(id);
        if (one.times > 1)
        {
            auto twice = about(id, defect::extra, one.planned.empty() ? no_unit : one.planned.front().unit,
                               one.found.front());
            twice.expected = "one row";
            twice.found = fmt::format("{} rows", one.times);
            out.add(std::move(twice));
        }
        if (!unknown && out.findings() == before)
            out.not_proven(fmt::format("{} is not as it was when it was first read", name_of(id)));
    }
    return left;
}

}  // namespace bazaar::verify
