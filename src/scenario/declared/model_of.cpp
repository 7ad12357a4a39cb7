#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/model/check.hpp"
#include "compiled.hpp"

namespace bazaar::scenario::declared
{
namespace
{

using model::op;
using model::target;

constexpr std::array targets{target::postgres, target::kafka};

/// Makes tables and kinds of unit.
class model_maker
{
public:
    explicit model_maker(compiled& all) : all_(all) {}

    void tables()
    {
        for (auto& one : all_.tables)
            for (const auto where : targets)
                if (goes_to(one, where))
                    table(one, where);
    }

    void kinds()
    {
        for (item_no i = 0; i < all_.actions.size(); ++i)
        {
            bool is_twin = false;
            for (const auto where : targets)
                if (auto made = parts_of(all_.actions[i], where, false); !made.empty())
                    add_kind(i, where, std::exchange(is_twin, true), false, std::move(made));
            is_twin = false;
            for (const auto where : targets)
                if (auto made = parts_of(all_.actions[i], where, true); !made.empty())
                    add_kind(i, where, std::exchange(is_twin, true), true, std::move(made));
        }
    }

private:
    [[nodiscard]] bool goes_to(const row_plan& of, target where) const
    {
        const auto& to = of.of->to;
        if (to.setting == no_item && to.postgres && to.kafka && has_sink_field(*all_.file) &&
            all_.configuration.text(sink_field) == "postgres")
            return where == target::postgres;
        if (to.setting == no_item)
            return where == target::postgres ? to.postgres : to.kafka;
        const auto& word = all_.configuration.text(all_.file->settings[to.setting].name);
        return word == (where == target::postgres ? "postgres" : "kafka") || word == "both";
    }

    void table(row_plan& of, target where);
    [[nodiscard]] std::span<const model::column> columns(row_plan& of, target where);

    /// The place of a column among those that go there, or `no_column`.
    [[nodiscard]] static std::uint8_t place_of(const row_plan& of, target where, item_no column)
    {
        const auto& stored = of.stored[static_cast<std::size_t>(where)];
        const auto at = std::ranges::find(stored, column);
        return at == stored.end() ? model::no_column : static_cast<std::uint8_t>(at - stored.begin());
    }
    [[nodiscard]] model::key_form keys(const row_plan& of);
    void references(const row_plan& of, model::table& to);
    void indexes(const row_plan& of, model::table& to);

    using parts = std::vector<model::part>;
    [[nodiscard]] parts parts_of(const action& of, target where, bool all_short);
    void insert(parts& to, const step_plan& step, target where) const;
    void moves(parts& to, const action& of, target where);
    void change(parts& to, const action& of, target where);
    void add_kind(item_no action_number, target where, bool twin, bool all_short, parts of);

    [[nodiscard]] std::span<const std::uint8_t> numbers(std::vector<std::uint8_t> of)
    {
        return all_.part_columns_.emplace_back(std::move(of));
    }

    compiled& all_;
};

void model_maker::table(row_plan& of, target where)
{
    const bool twin = where == target::kafka && of.model[0] != model::no_column;
    model::table made;
    made.name = twin ? all_.keep(of.name + "_topic") : std::string_view(of.name);
    made.columns = columns(of, where);
    made.key = place_of(of, where, of.of->keys.column);
    if (of.of->version != no_item)
        made.version = place_of(of, where, of.of->version);
    made.sink = where;
    made.keys = keys(of);
    if (where == target::postgres)
    {
        references(of, made);
        indexes(of, made);
        auto& checks = all_.checks_.emplace_back();
        for (const auto& one : of.of->checks)
            checks.push_back({all_.keep(of.name + '_' + one.name), one.sql});
        made.checks = checks;
    }
    of.model[static_cast<std::size_t>(where)] = static_cast<std::uint8_t>(all_.model_tables.size());
    all_.model_tables.push_back(made);
}

std::span<const model::column> model_maker::columns(row_plan& of, target where)
{
    auto& made = all_.columns_.emplace_back();
    for (item_no i = 0; i < of.of->columns.size(); ++i)
    {
        const auto& one = of.of->columns[i];
        if (one.in != outlet::both && (one.in == outlet::postgres) != (where == target::postgres))
            continue;
        of.stored[static_cast<std::size_t>(where)].push_back(i);
        auto form = one.kind;
        if (const auto* link = std::get_if<gen::reference>(&one.how.how);
            link != nullptr && form == model::type::ref && goes_nowhere(all_, of, of.names->at(link->slot)))
            form = one.how.type.is == kind::decimal ? model::type::int64 : model::type::text;
        made.push_back({one.name, one.sql_type, form, one.scale, one.nullable});
    }
    return made;
}

model::key_form model_maker::keys(const row_plan& of)
{
    const auto& how = of.of->keys;
    switch (how.is)
    {
    case key::form::uuid:
        break;
    case key::form::bigint:
        return model::key_form::of_bigint(how.first);
    case key::form::sequence:
        return model::key_form::of_sequence(how.prefix, how.digits, how.first);
    case key::form::listed:
    {
        const auto& list = all_.file->lists[how.list];
        std::vector<std::string_view> texts;
        for (std::size_t row = 0; row < list.rows(); ++row)
            texts.push_back(list.cells[row * list.columns.size() + how.list_column]);
        return all_.key_lists_.emplace_back(std::move(texts)).form();
    }
    }
    return {};
}

void model_maker::references(const row_plan& of, model::table& to)
{
    if (!of.of->foreign_keys)
        return;
    auto& made = all_.foreign_keys_.emplace_back();
    for (const auto& one : of.of->columns)
    {
        const auto* link = std::get_if<gen::reference>(&one.how.how);
        if (link == nullptr)
            continue;
        const auto& from = of.names->at(link->slot);
        const auto& holder = from.is == source::form::unit_link ? all_.units[of.unit] : of;
        const auto& there = all_.tables[holder.links[from.one].of->to];
        const bool goes = std::ranges::any_of(there.of->changes, &declared::change::erase);
        if (from.two == there.of->keys.column && goes_to(there, target::postgres) && !goes)
            made.push_back({one.name, there.name});
    }
    to.foreign_keys = made;
}

void model_maker::indexes(const row_plan& of, model::table& to)
{
    auto& made = all_.indexes_.emplace_back();
    for (const auto& one : of.of->columns)
        if (one.unique)
            made.push_back({all_.keep(fmt::format("{}_{}_key", of.name, one.name)), one.name, true});
    for (std::size_t i = 0; i < of.of->unique.size(); ++i)
    {
        std::string names;
        for (const auto column : of.of->unique[i])
            names += (names.empty() ? "" : ", ") + of.of->columns[column].name;
        made.push_back({all_.keep(fmt::format("{}_unique_{}", of.name, i + 1)), all_.keep(names), true});
    }
    for (std::size_t i = 0; i < of.of->indexes.size(); ++i)
        made.push_back({all_.keep(fmt::format("{}_idx_{}", of.name, i + 1)), of.of->indexes[i], false});
    to.indexes = made;
}

void model_maker::insert(parts& to, const step_plan& step, target where) const
{
    const auto table = all_.tables[step.table].model[static_cast<std::size_t>(where)];
    if (table != model::no_column)
        to.push_back({op::insert, table,
                      step.of != nullptr && (step.of->times || step.of->when_short != row_step::shortage::none)});
}

/// Counters that lines move: one change for each row, however many lines there are.
void model_maker::moves(parts& to, const action& of, target where)
{
    std::vector<item_no> done;
    for (const auto& step : of.steps)
        for (const auto& move : step.of->moves)
        {
            const auto& holder = move.of_unit ? *of.unit : all_.tables[step.table];
            const auto table = holder.links[move.link].of->to;
            const auto& there = all_.tables[table];
            const auto place = there.model[static_cast<std::size_t>(where)];
            if (std::ranges::find(done, table) != done.end() || place == model::no_column ||
                (where == target::kafka && there.of->topic.inserts_only))
                continue;
            done.push_back(table);
            std::vector<std::uint8_t> columns;
            for (const auto counter : there.counters)
                if (const auto at = place_of(there, where, counter); at != model::no_column)
                    columns.push_back(at);
            to.push_back({op::update, place, true, numbers(std::move(columns))});
        }
}

void model_maker::change(parts& to, const action& of, target where)
{
    const auto& there = all_.tables[of.table];
    const auto place = there.model[static_cast<std::size_t>(where)];
    if (place == model::no_column || (where == target::kafka && there.of->topic.inserts_only))
        return;
    if (of.is == action::form::erase)
        return to.push_back({op::erase, place});
    std::vector<std::uint8_t> columns;
    const auto add = [&](item_no column)
    {
        const auto at = column == no_item ? model::no_column : place_of(there, where, column);
        if (at != model::no_column && std::ranges::find(columns, at) == columns.end())
            columns.push_back(at);
    };
    if (of.is == action::form::change)
        for (const auto& one : there.of->changes[of.change].set)
            add(one.column);
    else
    {
        const auto& step = there.of->life->states[of.state].steps[of.step];
        add(there.of->life->column);
        add(step.stamp);
        for (const auto& one : step.set)
            add(one.column);
    }
    std::ranges::sort(columns);
    to.push_back({op::update, place, false, numbers(std::move(columns))});
}

model_maker::parts model_maker::parts_of(const action& of, target where, bool all_short)
{
    parts made;
    if (of.is == action::form::seed)
    {
        if (const auto table = all_.tables[of.table].model[static_cast<std::size_t>(where)];
            table != model::no_column && !all_short)
            made.push_back({op::insert, table, true});
        return made;
    }
    if (of.is != action::form::unit)
    {
        if (all_short)
            return made;
        if (of.is != action::form::insert)
            change(made, of, where);
        for (const auto& step : of.steps)
            insert(made, step, where);
        return made;
    }
    for (const auto& step : of.steps)
        if (!all_short)
            insert(made, step, where);
    for (const auto& step : of.steps)
        if (step.of->short_to != no_item)
            if (const auto table = all_.tables[step.of->short_to].model[static_cast<std::size_t>(where)];
                table != model::no_column)
                made.push_back({op::insert, table, true});
    if (!all_short)
        moves(made, of, where);
    return made;
}

void model_maker::add_kind(item_no action_number, target where, bool twin, bool all_short, parts of)
{
    auto& action = all_.actions[action_number];
    const auto kind = static_cast<std::uint16_t>(all_.kinds.size());
    (all_short ? action.short_kinds : action.kinds)[twin ? 1 : 0] = kind;
    all_.kinds.push_back({all_.keep(action.name + (all_short ? "_short" : "") + (twin ? "_topic" : "")),
                          all_.parts_.emplace_back(std::move(of))});
    all_.kind_actions.push_back({action_number, where, twin, all_short});
}

}  // namespace

void make_model(compiled& to)
{
    model_maker maker(to);
    maker.tables();
    if (to.model_tables.size() > 16)
        throw error(error_kind::data, fmt::format("there are {} tables, those that go to two places twice; 16 at most",
                                                  to.model_tables.size()));
    maker.kinds();
    if (auto wrong = model::problems_of(to.model_tables, to.kinds); !wrong.empty())
        throw error(error_kind::data, std::move(wrong));
}

}  // namespace bazaar::scenario::declared
