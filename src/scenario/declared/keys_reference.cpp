#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bazaar/scenario/declared/keys.hpp"

// docs/scenario-language.md

namespace bazaar::scenario::declared
{
namespace
{

constexpr std::string_view introduction = R"(# The language of scenario files

A shop is a YAML file: `bazaard scenario check FILE` tells what is wrong with it, `bazaard scenario new NAME --from smoothie-shop` begins one.
This page is made from the table of keys in the program, as is `scenarios/scenario.schema.json`, with which editors complete and mark:
put `# yaml-language-server: $schema=scenario.schema.json` in the first line.

* Of YAML it is a part: no aliases, anchors, tags, merges or directives; a key stands once. Everything is read as text, and its type comes from
  where it stands: `NO` stays Norway. Inside `{}` and `[]`, quote a text with a comma in it.
* Every key does something. One that is unknown, or that does nothing where it stands, is an error.
* A value of a row is a constant (`pending`), an expression (`= price * 2`) or a generator (`{int: 1..5}`).
* `extends: NAME` lays a file over a shipped one: maps are merged, all else is replaced, and `KEY: ~` takes a key out.

## Scalars

| what | how it is written |
| --- | --- |
| duration | `500ms`, `60s`, `15m`, `2h`, `14d` |
| range | `1..5`, `10s..15s`, `2020-01-01..2024-12-31`: both ends are included |
| share | `30%` or `0.3` |
| rate | `8/s`, `20/m`, `500/h`, `3/d` |
| name | a letter, then letters, digits, `_` and `-`; of tables and columns without `-`; 63 at most |
| template | `River {place.city}`: expressions between {}; `{{` and `}}` are braces |
| sequence | `C{n}`, `ORDER_{n:05}`: the number of a row, with zeros in front |
| pattern | `[A-Z]{2}-[0-9]{4}`: classes and characters, `{n}` or `{n,m}` behind one says how often |
| days | `mon`, `mon-fri`; hours: `08:00-12:00, 13:00-20:00`, to 24:00 at the latest |
| moment | `2026-11-27`, `2026-11-27 18:00`, `T0+3d` |
| zone | an IANA name. Its rule of today holds for all years (IANA 2025b), whatever the machine has |

## Expressions

`+ - * / %`, `= != < <= > >=`, `and or not`, `in (a, b)`, numbers, `'text'`, `60s`, `true`, `false`, names, and the functions if round floor abs
min max length lower upper ascii left concat date hour weekday before coalesce. Numbers are exact: `*` has the digits of both sides, `/` has
twelve, `round(x, 2)` has two. A minus has blanks around it, because names may have one in them.

| name | what it is |
| --- | --- |
| `COLUMN`, `VAR` | of the same row |
| `LINK.COLUMN` | of the row that a link has picked |
| `VAR.COLUMN` | of the row that a var with `row_of` has drawn |
| `FILE.COLUMN` | of the line of `rows_of` that this row is |
| `UNIT.VAR`, `UNIT.LINK.COLUMN`, `UNIT.number` | of the unit that inserts the row; the last counts such units |
| `before(LINK.COUNTER)` | a counter before this unit; without `before`, after it |
| `line.COLUMN` | in a table of `short`: of the row that fell short |
| `SETTING` | its value. Counts, durations of stages, `speed`, `max`, `seed` and `at` take expressions of settings alone |

## Keys

A key that goes with another one does something only beside it. Of the keys marked *one of*, a block has exactly one.
)";

std::string_view word_of(value_form form)
{
    switch (form)
    {
    case value_form::integer:
        return "whole number";
    case value_form::number:
        return "number";
    case value_form::boolean:
        return "true or false";
    case value_form::share:
    case value_form::missing:
        return "share";
    case value_form::chance:
        return "share or `= EXPR`";
    case value_form::duration:
        return "duration";
    case value_form::durations:
        return "duration or range";
    case value_form::numbers:
        return "range";
    case value_form::rate:
        return "rate";
    case value_form::zone:
        return "zone";
    case value_form::file:
        return "file";
    case value_form::sql:
        return "SQL";
    case value_form::sql_type:
        return "type";
    case value_form::expression:
        return "expression";
    case value_form::sequence:
        return "sequence";
    case value_form::pattern:
        return "pattern";
    case value_form::text_template:
        return "template";
    case value_form::generator:
        return "value";
    case value_form::generators:
        return "`{NAME: VALUE}`";
    case value_form::columns:
        return "`{NAME: COLUMN}`";
    case value_form::expressions:
        return "`{NAME: EXPR}`";
    case value_form::texts:
        return "`{NAME: TEXT}`";
    case value_form::column_lists:
        return "`{NAME: [COLUMN]}`";
    case value_form::keys_lists:
        return "lists of columns";
    case value_form::words:
    case value_form::moments:
        return "list";
    case value_form::name:
    case value_form::identifier:
        return "name";
    default:
        return "text";
    }
}

/// What a key takes, in words.
std::string takes_of(const key_row& row)
{
    switch (row.is)
    {
    case value_form::word:
        return fmt::format("`{}`", fmt::join(split_words(row.of), "`, `"));
    case value_form::reference:
        return fmt::format("a {}", row.of);
    case value_form::references:
        return fmt::format("a {} or a list of them", row.of);
    case value_form::block:
        return fmt::format("[{}](#{})", block_named(row.of).title, row.of);
    case value_form::blocks:
        return fmt::format("[{}](#{}) or a list of them", block_named(row.of).title, row.of);
    case value_form::block_list:
        return fmt::format("list of [{}](#{})", block_named(row.of).title, row.of);
    case value_form::named:
        return fmt::format("`{{NAME: `[{}](#{})`}}`", block_named(row.of).title, row.of);
    case value_form::named_lists:
        return fmt::format("`{{NAME: [`[{}](#{})`]}}`", block_named(row.of).title, row.of);
    case value_form::setting:
    {
        const auto words = split_words(row.of);
        if (words.front() != "word")
            return fmt::format("{} or `= EXPR` of settings", words.front() == "integer"     ? "whole number"
                                                             : words.front() == "durations" ? "duration, range"
                                                                                            : words.front());
        return fmt::format("`{}` or `= SETTING`", fmt::join(words.begin() + 1, words.end(), "`, `"));
    }
    case value_form::column:
    case value_form::targets:
    case value_form::stages:
    case value_form::openings:
    case value_form::day_factors:
    case value_form::hour_factors:
    case value_form::list:
    case value_form::choice:
    case value_form::seed_rows:
    case value_form::row_count:
    case value_form::time:
    case value_form::date:
        return "a form of its own";
    default:
        return std::string(word_of(row.is));
    }
}

/// A text of a cell of a table: no bar ends it.
std::string cell(std::string_view text)
{
    std::string made;
    for (const char c : text)
        made += c == '|' ? "\\|" : std::string(1, c);
    return made;
}

std::string line_of(const key_row& row)
{
    std::string takes = takes_of(row);
    if (const auto range = range_of_key(row); !range.empty())
        takes += fmt::format(", {}", range);
    std::string more(row.help);
    const auto add = [&more](std::string text) { more += (more.empty() ? "" : " ") + std::move(text); };
    if (row.required)
        add("Required.");
    if (row.head)
        add("*One of.*");
    if (!row.with.empty())
    {
        std::vector<std::string> all;
        for (const auto word : split_words(row.with))
        {
            const auto sign = word.find('=');
            all.push_back(sign == word.npos ? fmt::format("`{}`", word)
                                            : fmt::format("`{}: {}`", word.substr(0, sign), word.substr(sign + 1)));
        }
        add(fmt::format("Goes with {}.", fmt::join(all, " or ")));
    }
    return fmt::format("| `{}` | {} | {} | {} |\n", row.name, cell(takes), row.initial.empty() ? "" : cell(row.initial),
                       cell(more));
}

}  // namespace

std::string language_reference()
{
    std::string text(introduction);
    for (const auto& one : blocks())
    {
        text += fmt::format("\n### {}\n\n", one.name);
        if (!one.includes.empty())
            text += fmt::format("All keys of [{}](#{}), and:\n\n", one.includes, one.includes);
        text += "| key | takes | default | |\n| --- | --- | --- | --- |\n";
        for (const auto& row : keys())
            if (row.in == one.name)
                text += line_of(row);
    }
    text += fmt::format(
        "\n## Limits\n\n{} tables, {} numbers that decide a unit, {} arguments of a function of the "
        "database, 50 problems shown, and as much state of "
        "the planner as `scenario check` prints: up to 256 MiB.\n\n"
        "What a row was is worked out again whenever it changes, from a decision of numbers alone. So a "
        "number, time or truth that is set may be made of anything, and is kept; a text that is set is "
        "too long for that: it is drawn, or made of columns that stay, and of no live setting, link, var "
        "or number of a unit. Many rows of T0 come in one transaction: their links pick among rows of T0, "
        "and not `once`. A table stands for rows of one table that fall short. `children` are not planned "
        "yet.\n",
        tables_max, words_most, function_arguments_max);
    return text;
}

}  // namespace bazaar::scenario::declared
