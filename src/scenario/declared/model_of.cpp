#include <algorithm>
#include <array>
#include <optional>
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

/// The least number of rows of a step.
std::int64_t least_of(const generator& times)
{
    if (times.when || times.missing > 0)
        return 0;
    if (const auto* even = std::get_if<gen::even>(&times.how))
        return even->of.low;
    const auto* choice = std::get_if<gen::choice>(&times.how);
    if (choice == nullptr)
        return 0;
    std::int64_t least = lines_most;
    const kit::time_zone utc;
    for (const auto& one : choice->values)
    {
        model::arena texts;
        workspace with{.texts = texts, .zone = utc};
        least = std::min(least, static_cast<std::int64_t>(one.evaluate({}, with).value.number));
    }
    return least;
}

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
            if (all_.actions[i].is == action::form::unit)
                unit_kinds(i);
            else
                plain_kinds(i);
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
    void plain_kinds(item_no action_number);
    [[nodiscard]] parts parts_of(const action& of, target where);
    void insert(parts& to, const step_plan& step, target where) const;
    void change(parts& to, const action& of, target where);
    std::uint16_t add_kind(item_no action_number, target where, bool twin, std::string name, parts of);

    /// What the slots of a unit write: bit i of a target, and the parts there.
    struct unit_parts
    {
        std::array<std::uint64_t, 2> slots{};
        std::array<parts, 2> of{};  ///< By slot; those without a bit are empty.
    };
    void unit_kinds(item_no action_number);
    void add_slots(action& of) const;
    [[nodiscard]] std::optional<model::part> part_of(const action& of, const slot& one, target where);
    [[nodiscard]] std::optional<model::part> moved_part(const action& of, item_no table, target where);
    [[nodiscard]] bool may_be_first(const action& of, const unit_parts& all, target where, std::size_t which) const;
    [[nodiscard]] bool may_stay_out(const action& of, std::size_t which, std::size_t beside) const;
    [[nodiscard]] bool moves(const action& of, const step_plan& step, item_no table) const;
    void add_gate(item_no action_number, const unit_parts& all, target where, std::size_t which);

    [[nodiscard]] std::span<const std::uint8_t> places_of(const row_plan& of, target where,
                                                          std::vector<item_no> changed, bool sorted);
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

void model_maker::change(parts& to, const action& of, target where)
{
    const auto& there = all_.tables[of.table];
    const auto place = there.model[static_cast<std::size_t>(where)];
    if (place == model::no_column || (where == target::kafka && there.of->topic.inserts_only))
        return;
    if (of.is == action::form::erase)
        return to.push_back({op::erase, place});
    std::vector<item_no> changed;
    const auto add = [&](item_no column)
    {
        if (column != no_item)
            changed.push_back(column);
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
    to.push_back({op::update, place, false, places_of(there, where, std::move(changed), true)});
}

model_maker::parts model_maker::parts_of(const action& of, target where)
{
    parts made;
    if (of.is == action::form::seed)
    {
        if (const auto table = all_.tables[of.table].model[static_cast<std::size_t>(where)]; table != model::no_column)
            made.push_back({op::insert, table, true});
        return made;
    }
    if (of.is != action::form::insert)
        change(made, of, where);
    for (const auto& step : of.steps)
        insert(made, step, where);
    return made;
}

void model_maker::plain_kinds(item_no action_number)
{
    bool is_twin = false;
    for (const auto where : targets)
    {
        auto parts = parts_of(all_.actions[action_number], where);
        if (parts.empty())
            continue;
        const auto& name = all_.actions[action_number].name;
        const auto kind = add_kind(action_number, where, is_twin, name, std::move(parts));
        gate made{.where = where};
        (std::exchange(is_twin, true) ? made.twin : made.alone) = kind;
        all_.actions[action_number].gates.push_back(made);
    }
}

std::uint16_t model_maker::add_kind(item_no action_number, target where, bool twin, std::string name, parts of)
{
    if (twin)
        name += "_topic";
    for (const auto base = name; std::ranges::find(all_.kinds, name, &model::unit_kind::name) != all_.kinds.end();)
        name = fmt::format("{}_{}", base, all_.kinds.size());
    all_.kinds.push_back({all_.keep(std::move(name)), all_.parts_.emplace_back(std::move(of))});
    all_.kind_actions.push_back({action_number, where, twin});
    return static_cast<std::uint16_t>(all_.kinds.size() - 1);
}

/// Whether a step moves a counter of a row of that table, or changes it.
bool model_maker::moves(const action& of, const step_plan& step, item_no table) const
{
    return std::ranges::any_of(step.of->moves,
                               [&](const row_step::movement& move)
                               {
                                   const auto& holder = move.of_unit ? *of.unit : all_.tables[step.table];
                                   return holder.links[move.link].of->to == table;
                               });
}

void model_maker::add_slots(action& of) const
{
    std::vector<slot> changes;
    for (item_no i = 0; i < of.steps.size(); ++i)
        of.slots.push_back({slot::form::insert, i});
    for (item_no i = 0; i < of.steps.size(); ++i)
        if (of.steps[i].of->short_to != no_item)
            of.slots.push_back({slot::form::instead, i});
    for (const auto& step : of.steps)
        for (item_no table = 0; table < all_.tables.size(); ++table)
            if (moves(of, step, table) && std::ranges::find(changes, table, &slot::of) == changes.end())
                changes.push_back({slot::form::change, table});
    for (const auto* change : of.changes)
        if (std::ranges::find(changes, change->table, &slot::of) == changes.end())
            changes.push_back({slot::form::change, change->table});
    of.slots.insert(of.slots.end(), changes.begin(), changes.end());
}

std::optional<model::part> model_maker::part_of(const action& of, const slot& one, target where)
{
    if (one.is == slot::form::change)
        return moved_part(of, one.of, where);
    const auto& step = of.steps[one.of];
    const auto table = one.is == slot::form::insert ? step.table : step.of->short_to;
    const auto place = all_.tables[table].model[static_cast<std::size_t>(where)];
    if (place == model::no_column)
        return std::nullopt;
    const bool one_row = one.is == slot::form::insert && !step.of->times &&
                         step.of->when_short == row_step::shortage::none;
    return model::part{op::insert, place, !one_row};
}

/// One change for each row, however many lines there are.
std::optional<model::part> model_maker::moved_part(const action& of, item_no table, target where)
{
    const auto& there = all_.tables[table];
    const auto place = there.model[static_cast<std::size_t>(where)];
    if (place == model::no_column || (where == target::kafka && there.of->topic.inserts_only))
        return std::nullopt;
    std::vector<item_no> changed;
    if (std::ranges::any_of(of.steps, [&](const step_plan& step) { return moves(of, step, table); }))
        changed = there.counters;
    for (const auto* change : of.changes)
        for (const auto& set : change->set)
            if (change->table == table)
                changed.push_back(set.column);
    return model::part{op::update, place, true, places_of(there, where, std::move(changed), !of.changes.empty())};
}

/// The places of columns that change, and of what is made of them.
std::span<const std::uint8_t> model_maker::places_of(const row_plan& of, target where, std::vector<item_no> changed,
                                                     bool sorted)
{
    std::vector<std::uint8_t> made;
    for (const auto column : changed_with(of, std::move(changed)))
        if (const auto at = place_of(of, where, column);
            at != model::no_column && std::ranges::find(made, at) == made.end())
            made.push_back(at);
    if (sorted)
        std::ranges::sort(made);
    return numbers(std::move(made));
}

/// Whether a slot may have no row where the slot `beside` has one.
bool model_maker::may_stay_out(const action& of, std::size_t which, std::size_t beside) const
{
    const auto& one = of.slots[which];
    const auto& other = of.slots[beside];
    if (one.is == slot::form::instead)
        return true;
    if (one.is == slot::form::insert)
    {
        const auto& step = *of.steps[one.of].of;
        return step.when_short != row_step::shortage::none || (step.times && least_of(*step.times) < 1);
    }
    if (std::ranges::any_of(of.changes, [&](const row_step* change)
                            { return change->table == one.of && of.unit->links[change->link].of->missing == 0; }))
        return false;
    if (other.is != slot::form::insert || !moves(of, of.steps[other.of], one.of))
        return true;
    return std::ranges::none_of(of.steps[other.of].of->moves,
                                [&](const row_step::movement& move)
                                {
                                    const auto& holder = move.of_unit ? *of.unit
                                                                      : all_.tables[of.steps[other.of].table];
                                    const auto& link = *holder.links[move.link].of;
                                    return link.to == one.of && link.missing == 0;
                                });
}

/// Whether a slot may be the first that has a row: those before it stay out, and for a change also what would cause it.
bool model_maker::may_be_first(const action& of, const unit_parts& all, target where, std::size_t which) const
{
    const auto slots = all.slots[static_cast<std::size_t>(where)];
    if ((slots >> which & 1U) == 0)
        return false;
    for (std::size_t i = 0; i < which; ++i)
        if ((slots >> i & 1U) != 0 && !may_stay_out(of, i, which))
            return false;
    if (of.slots[which].is != slot::form::change ||
        std::ranges::any_of(of.changes, [&](const row_step* change) { return change->table == of.slots[which].of; }))
        return true;
    for (std::size_t i = 0; i < which; ++i)
        if (of.slots[i].is == slot::form::insert && (slots >> i & 1U) == 0 &&
            moves(of, of.steps[of.slots[i].of], of.slots[which].of))
            return true;
    return false;
}

void model_maker::unit_kinds(item_no action_number)
{
    auto& of = all_.actions[action_number];
    add_slots(of);
    expect(of.slots.size() <= 64, "a unit writes at most 64 parts");
    unit_parts all;
    for (std::size_t i = 0; i < of.slots.size(); ++i)
        for (const auto where : targets)
        {
            const auto to = static_cast<std::size_t>(where);
            all.of[to].emplace_back();
            if (auto part = part_of(of, of.slots[i], where))
            {
                all.of[to].back() = *part;
                all.slots[to] |= std::uint64_t{1} << i;
            }
        }
    for (std::size_t i = 0; i < of.slots.size(); ++i)
        for (const auto where : targets)
            if (may_be_first(of, all, where, i))
                add_gate(action_number, all, where, i);
}

void model_maker::add_gate(item_no action_number, const unit_parts& all, target where, std::size_t which)
{
    const auto& of = all_.actions[action_number];
    const auto to = static_cast<std::size_t>(where);
    parts left;
    for (auto i = which; i < of.slots.size(); ++i)
        if ((all.slots[to] >> i & 1U) != 0)
            left.push_back(all.of[to][i]);
    auto name = of.name;
    const auto& one = of.slots[which];
    if (one.is == slot::form::instead && (all.slots[to] & ((std::uint64_t{1} << which) - 1)) != 0)
        name += "_short";
    else if ((all.slots[to] & ((std::uint64_t{1} << which) - 1)) != 0)
        name += '_' + all_.tables[one.is == slot::form::change ? one.of : of.steps[one.of].table].name;
    gate made{.slot = which, .where = where};
    // Records follow the rows of PostgreSQL, where the unit has some there.
    const auto rows = where == target::postgres ? 0 : all.slots[0];
    bool may_follow = false;
    bool may_lead = (rows >> which & 1U) == 0;
    for (std::size_t i = 0; i < of.slots.size(); ++i)
    {
        if ((rows >> i & 1U) == 0)
            continue;
        may_follow = may_follow || i >= which || (all.slots[to] >> i & 1U) == 0;
        may_lead = may_lead && may_stay_out(of, i, which);
    }
    if (may_follow)
        made.twin = add_kind(action_number, where, true, name, left);
    if (may_lead)
        made.alone = add_kind(action_number, where, false, rows == 0 ? name : name + "_records", std::move(left));
    all_.actions[action_number].gates.push_back(made);
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
