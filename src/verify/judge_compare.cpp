// Findings: the values of an event beside those of the plan.

#include <utility>

#include "bazaar/verify/row_name.hpp"
#include "judge_work.hpp"

namespace bazaar::verify
{

std::string judge::work::key_text(const told& key, const model::table& t) const
{
    if (key.what != told::state::value)
        return key.what == told::state::null ? "NULL" : std::string(key.text);
    switch (model::spelled(t.columns[t.key]))
    {
    case model::type::ref:
        return to_string(key.id);
    case model::type::text:
        return std::string(key.v.text());
    default:
        return std::to_string(key.v.integer());
    }
}

void judge::work::add(defect what, const change_event& e, unit_no unit, std::string column, std::string expected,
                      std::string found)
{
    auto one = finding_of(what, e, unit);
    one.column = std::move(column);
    one.expected = std::move(expected);
    one.found = std::move(found);
    report_.add(std::move(one));
}

finding judge::work::finding_of(defect what, const change_event& e, unit_no unit) const
{
    const auto& t = tables_[e.table];
    return {what, std::string(t.name), key_text(e.key, t), unit, {}, {}, {}, place_of(e)};
}

void judge::work::foreign(const change_event& e, const row_id& row)
{
    if (of_table_[e.table].filtered && e.what == kind::erase)
        return;  // The row may have left the filter.
    auto what = finding_of(defect::foreign_edit, e, no_unit);
    const auto planned = is_planned(row);
    if (!planned)
    {
        questions_[row.unit].emplace_back(row, std::move(what));
        return;
    }
    if (!*planned)
        what.what = defect::unknown;
    report_.add(std::move(what));
}

void judge::work::add_planned(defect what, unit_no unit, const model::change& c, std::string column, std::string from,
                              std::string expected, std::string found)
{
    const auto& t = tables_[c.table];
    report_.add({what, std::string(t.name), verify::key_text(t, row_named(c.table, c.key(t)), subject_.ids), unit,
                 std::move(column), std::move(expected), std::move(found), std::move(from)});
}

std::string judge::work::text_of(const told& value, const model::column& c) const
{
    switch (value.what)
    {
    case told::state::null:
        return "NULL";
    case told::state::value:
        if (model::spelled(c) == model::type::ref)
            return to_string(value.id);
        if (c.kind == model::type::ref && value.v.kind() == model::type::text)
            return std::string(value.v.text());
        break;
    default:
        return std::string(value.text);
    }
    std::string out;
    print_.value_text(value.v, c, out);
    return out;
}

bool judge::work::is_key_of(const row_id& row, const told& value, const model::column& c) const
{
    const auto& keys = subject_.ids;
    model::key_codec::room room;
    switch (model::spelled(c))
    {
    case model::type::ref:
        return keys.uuid_of(row) == value.id;
    case model::type::int64:
        return keys.number_of(row) == value.v.integer();
    default:
        return keys.text_of(row, room) == value.v.text();
    }
}

bool judge::work::same(const model::value& planned, const told& value, const model::column& c) const
{
    if (planned.null() || value.what != told::state::value)
        return planned.null() && value.what == told::state::null;
    if (c.kind == model::type::ref)
        return is_key_of(planned.row(), value, c);
    if (value.resolution > 1)
        return planned.integer() / value.resolution == value.v.integer() / value.resolution;
    return planned == value.v;
}

bool judge::work::compare(defect what, const change_event& e, unit_no unit, std::span<const model::value> planned,
                          const told_row& row)
{
    const auto& t = tables_[e.table];
    bool good = true;
    for (std::size_t i = 0; i < planned.size(); ++i)
    {
        const bool hidden = i >= row.size() || row[i].what == told::state::absent;
        if (hidden || row[i].resolution > 1)
            hidden_[e.table][i] = true;
        if (hidden || same(planned[i], row[i], t.columns[i]))
            continue;
        good = false;
        std::string expected;
        print_.value_text(planned[i], t.columns[i], expected);
        if (t.columns[i].kind == model::type::ref && !planned[i].null())
            expected = subject_.ids.text(planned[i].row());
        add(what, e, unit, std::string(t.columns[i].name), expected, text_of(row[i], t.columns[i]));
    }
    return good;
}

bool judge::work::is_as_planned(const change_event& e, const model::change& c) const
{
    return c.what == model::op::update && has_values(e, c);
}

bool judge::work::has_values(const change_event& e, const model::change& c) const
{
    const auto& columns = tables_[e.table].columns;
    for (std::size_t i = 0; i < c.after.size(); ++i)
        if (i < e.after.size() && e.after[i].what != told::state::absent && !same(c.after[i], e.after[i], columns[i]))
            return false;
    return true;
}

}  // namespace bazaar::verify
