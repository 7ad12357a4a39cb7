#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bazaar/scenario/declared/declared.hpp"
#include "bazaar/scenario/declared/spec.hpp"

namespace bazaar::scenario::declared
{

inline constexpr value_type text_type{kind::text};
inline constexpr value_type time_type{kind::time};
inline constexpr value_type truth_type{kind::boolean};
[[nodiscard]] constexpr value_type number_type(std::uint8_t scale = 0)
{
    return {kind::decimal, scale};
}

/// Makes a checked scenario file by hand, as the checker would of its text. Tables come first with their columns and links, then what
/// has expressions, since these may name all columns of linked tables.
class spec_by_hand
{
public:
    spec file;

    explicit spec_by_hand(std::string name) { file.name = std::move(name); }

    // --- Settings

    setting& number_setting(const std::string& name, const std::string& initial, int scale = 0, bool live = false)
    {
        return file.settings.emplace_back(setting{.name = name,
                                                  .kind = field_kind::number,
                                                  .initial = initial,
                                                  .scale = scale,
                                                  .low = 0,
                                                  .high = 1'000'000'000,
                                                  .live = live});
    }
    setting& duration_setting(const std::string& name, const std::string& initial)
    {
        return file.settings.emplace_back(setting{.name = name,
                                                  .kind = field_kind::duration,
                                                  .initial = initial,
                                                  .high = std::int64_t{4'000} * 86'400'000'000});
    }

    /// Over settings.
    [[nodiscard]] expression over_settings(std::string_view text) const
    {
        std::vector<known_name> known;
        for (std::size_t i = 0; i < file.settings.size(); ++i)
            known.push_back({file.settings[i].name, type_of(file.settings[i]), static_cast<std::uint16_t>(i)});
        return compiled(text, known, false);
    }

    // --- Tables

    /// `key` is the first column.
    item_no add_table(const std::string& name, key::form how = key::form::uuid)
    {
        auto& made = file.tables.emplace_back();
        made.name = name;
        made.to.postgres = true;
        made.keys.is = how;
        return static_cast<item_no>(file.tables.size() - 1);
    }

    column& add_column(item_no table, const std::string& name, value_type type, const std::string& sql_type,
                       model::type stored, std::uint8_t scale = 0)
    {
        auto& made = file.tables[table].columns.emplace_back();
        made.name = name;
        made.sql_type = sql_type;
        made.kind = stored;
        made.scale = scale;
        made.how.type = type;
        return made;
    }
    column& text_column(item_no table, const std::string& name)
    {
        return add_column(table, name, text_type, "text", model::type::text);
    }
    column& whole_column(item_no table, const std::string& name)
    {
        return add_column(table, name, number_type(), "bigint", model::type::int64);
    }
    column& money_column(item_no table, const std::string& name)
    {
        return add_column(table, name, number_type(2), "numeric(12,2)", model::type::decimal, 2);
    }
    column& truth_column(item_no table, const std::string& name)
    {
        return add_column(table, name, truth_type, "boolean", model::type::boolean);
    }
    column& time_column(item_no table, const std::string& name)
    {
        return add_column(table, name, time_type, "timestamp with time zone", model::type::timestamp);
    }
    column& uuid_column(item_no table, const std::string& name)
    {
        auto& made = add_column(table, name, text_type, "uuid", model::type::ref);
        made.how.how = gen::row_uuid{};
        return made;
    }

    link& add_link(item_no table, const std::string& name, item_no to, link::way pick = link::way::uniform)
    {
        auto& made = file.tables[table].links.emplace_back();
        made.name = name;
        made.to = to;
        made.pick = pick;
        return made;
    }

    [[nodiscard]] column& at(item_no table, std::string_view name)
    {
        auto& columns = file.tables[table].columns;
        const auto found = std::ranges::find(columns, name, &column::name);
        EXPECT_NE(found, columns.end()) << name;
        return *found;
    }
    [[nodiscard]] item_no number_of(item_no table, std::string_view name) const
    {
        const auto& columns = file.tables[table].columns;
        return static_cast<item_no>(std::ranges::find(columns, name, &column::name) - columns.begin());
    }

    var& add_var(item_no table, const std::string& name, generator how)
    {
        return file.tables[table].vars.emplace_back(var{name, std::move(how)});
    }

    // --- Expressions of a table, once its columns, vars and links are there

    [[nodiscard]] std::vector<known_name> names_of(item_no table)
    {
        auto& of = file.tables[table];
        scope_of made(of.names, std::move(known_[table]));
        settings(made);
        for (item_no i = 0; i < of.columns.size(); ++i)
            made.add(of.columns[i].name, {source::form::column, i, 0, 0, of.columns[i].how.type});
        vars(made, of.vars, source::form::var, source::form::var_cell, 0, "");
        if (of.rows_of != no_item)
            cells(made, file.lists[of.rows_of], file.lists[of.rows_of].name, {source::form::file_cell});
        for (item_no k = 0; k < of.links.size(); ++k)
            linked(made, of.links[k], of.links[k].name, source::form::link, source::form::before, k, 0);
        for (item_no u = 0; u < file.units.size(); ++u)
            unit_names(made, u);
        if (line_of_ != no_item)
            for (item_no i = 0; i < file.tables[line_of_].columns.size(); ++i)
                made.add("line." + file.tables[line_of_].columns[i].name,
                         {source::form::line, i, 0, 0, file.tables[line_of_].columns[i].how.type});
        return known_[table] = made.known;
    }

    /// Expressions of the table that is named next may say "line.column" of that table.
    void line_of(item_no table) { line_of_ = table; }

    [[nodiscard]] expression of(item_no table, std::string_view text) { return compiled(text, names_of(table), false); }
    [[nodiscard]] expression template_of(item_no table, std::string_view text)
    {
        return compiled(text, names_of(table), true);
    }

    /// "table.column = expr".
    void set(item_no table, std::string_view column_name, std::string_view text)
    {
        at(table, column_name).how.how = gen::computed{of(table, text)};
        auto& made = at(table, column_name).how;
        made.type = std::get<gen::computed>(made.how).what.type();
    }

    /// A column that names the row of a link.
    void refer(item_no table, std::string_view column_name, std::string_view name)
    {
        const auto known = names_of(table);
        const auto found = std::ranges::find(known, name, &known_name::name);
        ASSERT_NE(found, known.end()) << name;
        at(table, column_name).how.how = gen::reference{found->slot};
        at(table, column_name).kind = model::type::ref;
    }

    // --- Changes and units

    [[nodiscard]] std::vector<known_name> names_of(change& of, item_no table)
    {
        scope_of made(of.names);
        settings(made);
        const auto& columns = file.tables[table].columns;
        for (item_no i = 0; i < columns.size(); ++i)
            made.add(columns[i].name, {source::form::column, i, 0, 0, columns[i].how.type});
        vars(made, of.vars, source::form::var, source::form::var_cell, 0, "");
        return made.known;
    }
    [[nodiscard]] std::vector<known_name> names_of(unit& of)
    {
        scope_of made(of.names);
        settings(made);
        vars(made, of.vars, source::form::var, source::form::var_cell, 0, "");
        return made.known;
    }

    [[nodiscard]] static expression compiled(std::string_view text, const std::vector<known_name>& known,
                                             bool is_template)
    {
        std::vector<fault> faults;
        auto made = is_template ? expression::compile_template(text, known, faults)
                                : expression::compile(text, known, faults);
        for (const auto& one : faults)
            ADD_FAILURE() << text << ": " << one.at << ": " << one.what;
        return made.value_or(expression{});
    }

private:
    struct scope_of
    {
        /// Names that are known stay where they are.
        explicit scope_of(name_scope& into, std::vector<known_name> before = {}) : to(into), known(std::move(before))
        {
            to.resize(known.size());
        }

        void add(const std::string& name, const source& what)
        {
            const auto at = std::ranges::find(known, name, &known_name::name);
            if (at != known.end())
            {
                at->type = what.type;
                to[at->slot] = what;
                return;
            }
            known.push_back({name, what.type, static_cast<std::uint16_t>(to.size())});
            to.push_back(what);
        }

        name_scope& to;
        std::vector<known_name> known;
    };

    [[nodiscard]] static value_type type_of(const setting& one)
    {
        return one.kind == field_kind::number     ? number_type(static_cast<std::uint8_t>(one.scale))
               : one.kind == field_kind::duration ? value_type{kind::duration}
                                                  : text_type;
    }

    void settings(scope_of& to) const
    {
        for (item_no i = 0; i < file.settings.size(); ++i)
            to.add(file.settings[i].name, {source::form::setting, i, 0, 0, type_of(file.settings[i])});
    }

    static void cells(scope_of& to, const word_list& list, const std::string& name, source what)
    {
        for (item_no i = 0; i < list.columns.size(); ++i)
        {
            what.two = i;
            what.type = list.columns[i].type;
            to.add(name + '.' + list.columns[i].name, what);
        }
    }

    void vars(scope_of& to, const std::vector<var>& from, source::form whole, source::form cell, item_no unit,
              const std::string& prefix) const
    {
        for (item_no i = 0; i < from.size(); ++i)
            if (const auto* row = std::get_if<gen::row_of>(&from[i].how.how))
                cells(to, file.lists[row->list], prefix + from[i].name, {cell, i, 0, unit});
            else
                to.add(prefix + from[i].name, {whole, i, 0, unit, from[i].how.type});
    }

    void linked(scope_of& to, const link& one, const std::string& name, source::form now, source::form before,
                item_no k, item_no unit) const
    {
        const auto& columns = file.tables[one.to].columns;
        for (item_no i = 0; i < columns.size(); ++i)
        {
            to.add(name + '.' + columns[i].name, {now, k, i, unit, columns[i].how.type});
            if (std::holds_alternative<gen::counter>(columns[i].how.how))
                to.add("before(" + name + '.' + columns[i].name + ')', {before, k, i, unit, columns[i].how.type});
        }
    }

    void unit_names(scope_of& to, item_no number) const
    {
        const auto& of = file.units[number];
        to.add(of.name + ".number", {source::form::unit_number, 0, 0, number, number_type()});
        vars(to, of.vars, source::form::unit_var, source::form::unit_cell, number, of.name + '.');
        for (item_no k = 0; k < of.links.size(); ++k)
            linked(to, of.links[k], of.name + '.' + of.links[k].name, source::form::unit_link,
                   source::form::unit_before, k, number);
    }

    item_no line_of_ = no_item;
    std::map<item_no, std::vector<known_name>> known_;  ///< By table.
};

/// A scenario made by hand, with what it points to.
struct made_scenario
{
    explicit made_scenario(const spec& of, std::uint64_t seed = 7,
                           const std::vector<std::pair<std::string, std::string>>& given = {})
        : file(std::make_shared<const spec>(of)),
          fields(std::make_unique<setting_fields>(*file)),
          configuration(fields->all())
    {
        for (const auto& [name, text] : given)
            EXPECT_EQ(configuration.set(configuration.find(name), text), "") << name;
        request what{.run = "main", .seed = seed, .configuration = configuration, .files = {}};
        shop = make(file, what);
    }

    std::shared_ptr<const spec> file;
    std::unique_ptr<setting_fields> fields;
    settings configuration;
    std::unique_ptr<scenario> shop;
};

[[nodiscard]] inline generator computed(expression what)
{
    const auto type = what.type();
    return {.how = gen::computed{std::move(what)}, .type = type};
}

[[nodiscard]] inline generator constant(std::string_view text)
{
    return computed(spec_by_hand::compiled(text, {}, false));
}

/// {choice: {1: 24, 2: 5}}.
[[nodiscard]] inline generator choice_of(const std::vector<std::pair<std::string, std::uint64_t>>& words)
{
    gen::choice made;
    value_type type;
    for (const auto& [text, weight] : words)
    {
        made.values.push_back(spec_by_hand::compiled(text, {}, false));
        made.weights.push_back(weight);
        type = made.values.back().type();
    }
    return {.how = std::move(made), .type = type};
}

}  // namespace bazaar::scenario::declared
