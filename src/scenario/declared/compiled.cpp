#include "compiled.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/decimal.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/model/arena.hpp"
#include "fake_words.hpp"
#include "maker.hpp"

namespace bazaar::scenario::declared
{
namespace
{

void add_parts(gen_plan& to, const std::vector<generator>& of, const std::string& name, const compiled& all)
{
    for (std::size_t i = 0; i < of.size(); ++i)
        to.parts.push_back(plan_of(of[i], fmt::format("{}.{}", name, i), all));
}

operand cell_of(const std::string& text, const value_type& type, const word_list& list, std::size_t cell)
{
    if (type.is == kind::text)
        return {.text = text};
    if (text.empty())
        return {.missing = true};
    if (type.is == kind::boolean)
        return of_number(text == "true" ? 1 : 0);
    const auto number = parse_decimal(text, type.scale);
    if (!number)
        throw error(error_kind::data, fmt::format("{}: row {}, {}: \"{}\" is no number with {} decimals", list.name,
                                                  cell / list.columns.size() + 1,
                                                  list.columns[cell % list.columns.size()].name, text, type.scale));
    return of_number(*number);
}

/// Whether any unit inserts rows of a table.
bool grows(const spec& file, item_no table)
{
    if (!file.tables[table].arrives.empty())
        return true;
    for (const auto& one : file.tables)
        if (one.life)
            for (const auto& state : one.life->states)
                for (const auto& step : state.steps)
                    if (step.insert == table)
                        return true;
    for (const auto& unit : file.units)
        for (const auto& step : unit.rows)
            if (step.is == row_step::form::insert && (step.table == table || step.short_to == table))
                return true;
    return false;
}

bool shrinks(const table& of)
{
    return std::ranges::any_of(of.changes, &change::erase) || (of.life && of.life->removed_from != no_item);
}

}  // namespace

bool has_sink_field(const spec& file)
{
    return std::ranges::find(file.settings, sink_field, &setting::name) == file.settings.end() &&
           std::ranges::any_of(file.tables, [](const table& of)
                               { return of.to.setting == no_item && of.to.postgres && of.to.kafka; });
}

std::vector<operand> values_of(const settings& given)
{
    std::vector<operand> made;
    for (const auto& f : given.fields())
    {
        if (f.kind == field_kind::choice || f.kind == field_kind::text)
            made.push_back({.text = given.text(f.name)});
        else
            made.push_back(of_number(given.number(f.name)));
    }
    return made;
}

std::int64_t setting_value(const setting_expression& what, std::span<const operand> values, int scale)
{
    model::arena texts;
    const kit::time_zone utc;
    workspace with{.texts = texts, .zone = utc};
    const auto found = what.evaluate(values, with);
    auto number = std::optional(found.value.number);
    if (what.type().is == kind::decimal)
        number = exact::rescaled(*number, what.type().scale, scale);
    if (found.value.missing || !number || *number > INT64_MAX || *number < INT64_MIN)
        throw error(error_kind::data, "a setting's expression has no value, or one that is too large");
    return static_cast<std::int64_t>(*number);
}

gen_plan plan_of(const generator& how, const std::string& name, const compiled& all)
{
    gen_plan made;
    made.of = &how;
    made.name = name;
    made.draws = stream::named(name);
    made.gaps = stream::named(name + " missing");
    if (const auto* choice = std::get_if<gen::choice>(&how.how))
        for (const auto weight : choice->weights)
            made.weights.push(weight);
    else if (const auto* listed = std::get_if<gen::listed>(&how.how))
        made.weights = all.lists[listed->list].weights;
    else if (const auto* row = std::get_if<gen::row_of>(&how.how))
        made.weights = all.lists[row->list].weights;
    add_parts(made, how.otherwise, name + " else", all);
    if (const auto* stages = std::get_if<gen::by_stage>(&how.how))
        add_parts(made, stages->stages, name + " stage", all);
    else if (const auto* object = std::get_if<gen::object>(&how.how))
        add_parts(made, object->values, name, all);
    else if (const auto* list = std::get_if<gen::list>(&how.how))
        add_parts(made, list->of, name, all);
    return made;
}

namespace
{

/// Makes the plans of tables, changes and units, without their facts.
class plan_maker
{
public:
    explicit plan_maker(compiled& to) : to_(to), file_(*to.file) {}

    void make()
    {
        for (const auto& list : file_.lists)
            add_list(list);
        for (item_no i = 0; i < file_.tables.size(); ++i)
            add_table(i);
        for (item_no i = 0; i < file_.units.size(); ++i)
            add_unit(i);
        for (auto& one : to_.tables)
        {
            for (const auto& link : one.of->links)
                add_link(one, link, one.name + '.' + link.name);
            generators(one);
        }
    }

private:
    void add_list(const word_list& list)
    {
        auto& made = to_.lists.emplace_back();
        for (std::size_t i = 0; i < list.cells.size(); ++i)
            made.cells.push_back(cell_of(list.cells[i], list.columns[i % list.columns.size()].type, list, i));
        for (std::size_t row = 0; row < list.rows(); ++row)
            made.weights.push(list.weights.empty() ? 1 : list.weights[row]);
    }

    void add_table(item_no place);
    void add_unit(item_no place);
    void add_link(row_plan& of, const link& one, const std::string& name);
    void generators(row_plan& of);
    void setters(row_plan& of);

    [[nodiscard]] bool is_distinct(const row_plan& of, item_no link) const
    {
        for (const auto& unit : file_.units)
            for (const auto& step : unit.rows)
                if (&file_.tables[step.table] == of.of && (step.distinct == link || !step.moves.empty()))
                    return true;
        return false;
    }

    compiled& to_;
    const spec& file_;
    std::size_t changes_ = 0;  ///< So far.
};

void plan_maker::add_table(item_no place)
{
    const auto& of = file_.tables[place];
    auto& made = to_.tables.emplace_back();
    made.place = place;
    made.owner = place;
    made.of = &of;
    made.name = of.name;
    made.names = &of.names;
    made.closed = !grows(file_, place) && !shrinks(of);
    if (of.seed)
        made.seeds = static_cast<std::uint64_t>(std::max<std::int64_t>(0, setting_value(*of.seed, to_.constants)));
    made.changes = !of.changes.empty() || of.life.has_value();
    for (item_no i = 0; i < of.columns.size(); ++i)
        if (std::holds_alternative<gen::counter>(of.columns[i].how.how))
        {
            made.counters.push_back(i);
            made.changes = true;
        }
    made.column_slots.assign(of.columns.size(), no_item);
    for (item_no slot = 0; slot < of.names.size(); ++slot)
        if (of.names[slot].is == source::form::column)
            made.column_slots[of.names[slot].one] = slot;
}

void plan_maker::add_unit(item_no place)
{
    const auto& of = file_.units[place];
    auto& made = to_.units.emplace_back();
    made.place = place;
    made.owner = file_.tables.size() + place;
    made.name = of.name;
    made.names = &of.names;
    for (const auto& link : of.links)
        add_link(made, link, of.name + '.' + link.name);
    for (const auto& var : of.vars)
        made.vars.push_back(plan_of(var.how, of.name + '.' + var.name, to_));
    for (const auto& step : of.rows)
    {
        if (step.is == row_step::form::change)
        {
            to_.tables[step.table].changes = true;
            continue;
        }
        auto& inserted = to_.tables[step.table];
        inserted.unit = place;
        if (step.when_short != row_step::shortage::none)
            inserted.drawn_by_line = true;
        if (step.short_to != no_item)
        {
            to_.tables[step.short_to].unit = place;
            to_.tables[step.short_to].line_of = step.table;
        }
    }
}

void plan_maker::add_link(row_plan& of, const link& one, const std::string& name)
{
    link_plan made;
    made.of = &one;
    made.draws = stream::named(name);
    made.gaps = stream::named(name + " missing");
    const bool by_number = one.pick != link::way::next && one.pick != link::way::same && one.pick != link::way::cause;
    made.pure = by_number && !one.once && one.within == 0 && to_.tables[one.to].closed &&
                !is_distinct(of, static_cast<item_no>(of.links.size()));
    if (one.pick == link::way::zipf)
        made.zipf.emplace(one.alpha);
    if (one.pick == link::way::hot)
        made.hot.emplace(one.rows, one.hits);
    of.links.push_back(std::move(made));
}

void plan_maker::generators(row_plan& of)
{
    for (const auto& var : of.of->vars)
        of.vars.push_back(plan_of(var.how, of.name + '.' + var.name, to_));
    for (const auto& column : of.of->columns)
        of.columns.push_back(plan_of(column.how, of.name + '.' + column.name, to_));
    auto& changes = to_.changes.emplace_back();
    for (item_no i = 0; i < of.of->changes.size(); ++i)
    {
        const auto& change = of.of->changes[i];
        auto& made = changes.emplace_back();
        made.place = of.place;
        made.owner = file_.tables.size() + file_.units.size() + changes_++;
        made.name = of.name + '.' + change.name;
        made.names = &change.names;
        for (const auto& var : change.vars)
            made.vars.push_back(plan_of(var.how, made.name + '.' + var.name, to_));
        add_link(made, change.pick, made.name);
    }
    setters(of);
}

void plan_maker::setters(row_plan& of)
{
    for (item_no i = 0; i < of.of->changes.size(); ++i)
        for (const auto& set : of.of->changes[i].set)
            of.setters.push_back({.column = set.column,
                                  .of_change = i,
                                  .how = plan_of(set.how, of.name + '.' + of.of->columns[set.column].name, to_)});
    for (item_no u = 0; u < file_.units.size(); ++u)
        for (item_no i = 0; i < file_.units[u].rows.size(); ++i)
            if (const auto& step = file_.units[u].rows[i]; step.is == row_step::form::change && step.table == of.place)
                for (const auto& set : step.set)
                    of.setters.push_back(
                        {.column = set.column,
                         .of_unit = u,
                         .row = i,
                         .how = plan_of(set.how, of.name + '.' + of.of->columns[set.column].name, to_)});
    if (!of.of->life)
        return;
    const auto& life = *of.of->life;
    for (item_no s = 0; s < life.states.size(); ++s)
        for (item_no i = 0; i < life.states[s].steps.size(); ++i)
        {
            const auto& step = life.states[s].steps[i];
            if (step.stamp != no_item)
                of.setters.push_back({.column = step.stamp, .state = s, .step = i});
            for (const auto& set : step.set)
                of.setters.push_back({.column = set.column,
                                      .state = s,
                                      .step = i,
                                      .how = plan_of(set.how, of.name + '.' + of.of->columns[set.column].name, to_)});
        }
}

bool uses_words(const generator& how)
{
    if (std::holds_alternative<gen::fake>(how.how) || std::ranges::any_of(how.otherwise, uses_words))
        return true;
    if (const auto* stages = std::get_if<gen::by_stage>(&how.how))
        return std::ranges::any_of(stages->stages, uses_words);
    if (const auto* object = std::get_if<gen::object>(&how.how))
        return std::ranges::any_of(object->values, uses_words);
    const auto* list = std::get_if<gen::list>(&how.how);
    return list != nullptr && std::ranges::any_of(list->of, uses_words);
}

bool uses_words(const spec& file)
{
    const auto var = [](const auto& one) { return uses_words(one.how); };
    return std::ranges::any_of(file.tables,
                               [&](const table& of)
                               {
                                   return std::ranges::any_of(of.columns, var) || std::ranges::any_of(of.vars, var) ||
                                          std::ranges::any_of(of.changes,
                                                              [&](const change& c) {
                                                                  return std::ranges::any_of(c.vars, var) ||
                                                                         std::ranges::any_of(c.set, var);
                                                              });
                               }) ||
           std::ranges::any_of(file.units,
                               [&](const unit& of)
                               {
                                   return std::ranges::any_of(of.vars, var) ||
                                          std::ranges::any_of(of.rows, [&](const row_step& step)
                                                              { return std::ranges::any_of(step.set, var); });
                               });
}

/// Which units insert the seeds, and the weights of rows by a column.
void number_seeds(compiled& to)
{
    for (auto& one : to.tables)
    {
        const auto places = static_cast<std::uint64_t>(
            std::ranges::count_if(one.model, [](std::uint8_t place) { return place != model::no_column; }));
        one.first_unit = to.seed_units;
        one.unit_step = places;
        to.seed_units += places * ((one.seeds + seed_rows - 1) / seed_rows);
    }
}

void weigh_rows(compiled& to, row_plan& of)
{
    model::arena texts;
    for (auto& link : of.links)
    {
        if (link.of->pick != link::way::weighted)
            continue;
        const auto& there = to.tables[link.of->to];
        for (std::uint64_t row = 0; row < there.seeds; ++row)
        {
            maker make(to, texts);
            const auto weight = make.column(make.row(there, row), link.of->by);
            const auto type = there.of->columns[link.of->by].how.type;
            const auto number = weight.missing ? std::optional<exact::integer>(0)
                                               : exact::rescaled(weight.number, type.scale, 0);
            link.weights.push(number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0);
            texts.clear();
        }
        if (there.seeds > 0 && link.weights.total() == 0)
            throw error(error_kind::data, fmt::format("{}.{}: the weights of {}.{} add up to 0", of.name, link.of->name,
                                                      there.name, there.of->columns[link.of->by].name));
    }
}

}  // namespace

compiled::compiled(std::shared_ptr<const spec> from, const request& given)
    : file(std::move(from)),
      seed(given.seed),
      run(given.run),
      ids(run_tag(given.run), given.seed),
      configuration(given.configuration),
      constants(values_of(configuration))
{
    if (!file->clock.zone_rule.empty())
    {
        const auto rule = kit::time_zone::parse(file->clock.zone_rule);
        expect(rule.has_value(), "the rule of a time zone was checked");
        zone = *rule;
    }
    plan_maker(*this).make();
    if (uses_words(*file))
        words = std::make_unique<fake_words>(given.files, given.run);
    find_held(*this);
    check_limits(*this);
    find_facts(*this);
    make_actions(*this);
    make_model(*this);
    number_seeds(*this);
    for (auto& one : tables)
        weigh_rows(*this, one);
    for (auto& one : units)
        weigh_rows(*this, one);
}

compiled::~compiled() = default;

}  // namespace bazaar::scenario::declared
