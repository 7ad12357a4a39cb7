#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bazaar/model/value.hpp"
#include "bazaar/scenario/declared/expression.hpp"
#include "bazaar/scenario/settings.hpp"

/// A scenario file after it was checked: names are numbers, expressions are compiled, defaults are filled in. The checker makes it of
/// the tree, the interpreter works with nothing else.
///
/// Shares and factors are in units of 10^-6, durations in microseconds. Numbers of things count from 0, in the order of the file.
namespace bazaar::scenario::declared
{

using item_no = std::uint16_t;
inline constexpr item_no no_item = 65'535;

/// Both ends are included.
struct range
{
    std::int64_t low = 0;
    std::int64_t high = 0;

    friend bool operator==(const range&, const range&) = default;
};

inline constexpr std::uint32_t whole_share = 1'000'000;

// --- What names in expressions stand for

/// What a slot of an expression is given.
struct source
{
    enum class form : std::uint8_t
    {
        setting,    ///< `one`.
        column,     ///< `one` of the row itself. In a change, as it was before.
        var,        ///< `one` of the same table, or of the same change or unit where that has its own scope.
        var_cell,   ///< Column `two` of the file's or list's row that var `one` has drawn.
        file_cell,  ///< Column `two` of the row of `rows_of` that this row is.
        link,       ///< Column `two` of the row that link `one` has picked. Of a counter, what it is after the unit.
        before,     ///< The same of a counter, before the unit.
        unit_var,   ///< Var `one` of unit `unit`, which inserts the row.
        unit_cell,  ///< Column `two` of what var `one` of the unit has drawn.
        unit_link,  ///< Column `two` of the row that link `one` of the unit has picked.
        unit_before,
        unit_number,  ///< How many of that unit there were, with this one.
        line,         ///< Column `one` of the row that fell short, in a table of `row_step::short_to`.
    };

    form is = form::setting;
    item_no one = 0;
    item_no two = 0;
    item_no unit = 0;
    value_type type;  ///< A key or a reference is a text, or, where it is a bigint, a decimal of scale 0.

    friend bool operator==(const source&, const source&) = default;
};

/// The names of one place: slot n of its expressions is source n. A table has one for all that stands in it, but each change and each
/// unit has one of its own.
using name_scope = std::vector<source>;

/// An expression over settings alone: slot n is setting n.
using setting_expression = expression;

// --- Settings and time

struct setting
{
    std::string name;
    field_kind kind = field_kind::number;
    std::string initial;  ///< As a user would type it.
    int scale = 0;
    std::int64_t low = 0;  ///< In units of 10^-scale, or microseconds.
    std::int64_t high = 0;
    std::vector<std::string> choices;
    std::string help;
    bool live = false;
};

struct stage
{
    std::string name;
    std::optional<setting_expression> lasts;  ///< A duration; nothing: it is open, and the last one.
};

/// Minutes of a local day, from `open` on and before `close`.
struct opening
{
    std::uint16_t open = 0;
    std::uint16_t close = 1'440;
};

struct opening_hours
{
    std::string name;
    std::array<std::vector<opening>, 7> days;  ///< From Monday; in order, apart from each other. Empty: closed.
};

struct curve
{
    std::string name;
    std::array<std::uint32_t, 7> days;    ///< Factors from Monday.
    std::array<std::uint32_t, 24> hours;  ///< Factors, each hour its own.
};

struct window
{
    std::string name;
    std::int64_t each = 0;               ///< Period; 0: it begins at `at`.
    std::uint32_t chance = whole_share;  ///< Of a period.
    range lasts;
    std::optional<std::uint32_t> times;  ///< Factor; nothing: rates do not change.

    struct moment
    {
        bool after_start = false;  ///< `us` counts from T0, else from 1970.
        std::int64_t us = 0;
    };
    std::vector<moment> at;  ///< Ascending, if all are of one kind.
};

struct clock
{
    std::string zone_name = "UTC";
    std::string zone_rule;  ///< As POSIX's TZ; empty: UTC.
    std::vector<stage> stages;
    std::vector<opening_hours> hours;
    std::vector<curve> curves;
    std::vector<window> windows;
};

/// When units of one kind come.
struct arrival
{
    enum class form : std::uint8_t
    {
        rate,   ///< `rate` per 10^6 seconds, so 8/s is 8,000,000.
        every,  ///< Gaps of `gap`.
        count,  ///< `count` in its stage.
    };

    form is = form::rate;
    std::vector<item_no> stages;  ///< Ascending. Of `count`: one, which is not open.
    std::uint64_t rate = 0;
    range gap;
    std::optional<setting_expression> count;
    bool even = false;  ///< Without chance: gaps all alike. Of `every` with two ends: evenly drawn between them.
    std::optional<setting_expression> speed;  ///< A number.
    item_no hours = no_item;
    item_no curve = no_item;
    std::vector<item_no> windows;
    std::optional<setting_expression> max;  ///< Nothing or 0: no end.
};

// --- Words

/// Rows of a CSV file, or of a list of the scenario file.
struct word_list
{
    struct column
    {
        std::string name;
        value_type type;  ///< Text, decimal or boolean.
    };

    std::string name;
    bool is_file = false;
    std::vector<column> columns;
    std::vector<std::string>
        cells;  ///< Row by row. Decimals as "12.50", booleans as "true" and "false"; empty and no text: missing.
    std::vector<std::uint64_t> weights;  ///< By row; empty: all alike.

    [[nodiscard]] std::size_t rows() const noexcept { return columns.empty() ? 0 : cells.size() / columns.size(); }
};

// --- Generators

struct generator;

namespace gen
{

/// `= expr`, {is: }, a constant, a {text: } template.
struct computed
{
    expression what;
};

/// The key of a row, of the scope's source `slot`: of a form `link` or `unit_link` whose column is a key or a `reference` itself.
struct reference
{
    item_no slot = 0;
};

/// "C{n}": `from` for row 0, 1 more for each row.
struct sequence
{
    std::string prefix;
    std::string suffix;
    std::uint8_t digits = 0;  ///< At least; zeros stand before.
    std::uint64_t from = 1;
};

/// {uuid: row}. Only a key.
struct row_uuid
{
};

/// {int: }, {decimal: }: in units of the type's scale.
struct even
{
    range of;
};

/// Draws of numbers; in units of 10^-6, the result has the scale of the generator's type.
struct normal
{
    std::int64_t mean = 0;
    std::int64_t sd = 0;
    std::optional<range> clamp;
};
struct lognormal
{
    std::int64_t median = 0;
    std::int64_t spread = 0;  ///< Standard deviation of the logarithm.
    std::optional<range> clamp;
};
struct exponential
{
    std::int64_t mean = 0;
    std::optional<range> clamp;
};

/// True for a share; that is a decimal from 0 to 1, of this scope.
struct chance
{
    expression share;
};

/// {choice: }; values are constants or templates, all of one type.
struct choice
{
    std::vector<expression> values;
    std::vector<std::uint64_t> weights;  ///< By value, above 0 in all; never empty.
};

/// A word of a list, by the list's weights.
struct listed
{
    item_no list = 0;
    item_no column = 0;
};

/// A row of a file or list, by its weights. Only a var; `var_cell` has its columns.
struct row_of
{
    struct condition
    {
        item_no column = 0;
        expression is;
    };

    item_no list = 0;
    std::vector<condition> where;  ///< Rows of which all are so; if there is none, the var is missing.
};

/// "[A-Z]{2}-[0-9]{4}".
struct pattern
{
    struct piece
    {
        std::string letters;  ///< One of these, in ASCII,
        std::uint8_t least = 1;
        std::uint8_t most = 1;  ///< so often.
    };
    std::vector<piece> pieces;
};

/// {fake: WORD}. Words of one row and `set` agree: its e-mail is that of its name.
struct fake
{
    std::string word;     ///< One that `fake_words` has.
    std::string set;      ///< Another set of words is another person.
    std::string country;  ///< Code of a country; empty: any.
};

/// {time: now}: when the row was made; in a change, when it is made.
struct now
{
};

/// {time: {after: , by: }}; of `before` the range is below 0.
struct apart
{
    expression from;  ///< A time.
    range by;
};

/// {date: }.
struct day
{
    range days;        ///< Since 1970, or,
    bool age = false;  ///< years before the row was made.
};

/// {counter: }. Whole numbers; only a column.
struct counter
{
    expression starts;
};

struct by_stage
{
    std::vector<generator>
        stages;  ///< By the number of the stage in which the row is made; a stage may have none: empty `how`.
};

/// JSON.
struct object
{
    std::vector<std::string> names;
    std::vector<generator> values;
};
struct list
{
    std::vector<generator> of;  ///< One.
    range times;
};

}  // namespace gen

/// What makes a value.
struct generator
{
    using any = std::variant<std::monostate, gen::computed, gen::reference, gen::sequence, gen::row_uuid, gen::even,
                             gen::normal, gen::lognormal, gen::exponential, gen::chance, gen::choice, gen::listed,
                             gen::row_of, gen::pattern, gen::fake, gen::now, gen::apart, gen::day, gen::counter,
                             gen::by_stage, gen::object, gen::list>;

    any how;
    value_type type;                   ///< Of what it makes; objects and lists are texts.
    std::optional<expression> when;    ///< A boolean; where it is not true, `otherwise` is taken,
    std::vector<generator> otherwise;  ///< which is one or, for a missing value, none.
    std::uint32_t missing = 0;  ///< Share of rows that have no value; `whole_share`: all, until a change sets it.
};

struct var
{
    std::string name;
    generator how;
};

// --- Tables

enum class outlet : std::uint8_t
{
    both,
    postgres,
    kafka,
};

struct column
{
    std::string name;
    std::string sql_type;                  ///< As PostgreSQL's format_type prints it: "character varying(50)".
    model::type kind = model::type::text;  ///< `ref` of a key and of a `gen::reference`.
    std::uint8_t scale = 0;
    bool nullable = false;
    bool unique = false;
    outlet in = outlet::both;
    generator how;  ///< Of a text column it may make something else, which is written as concat() writes it.

    std::string time_form;  ///< {as: }: "iso8601", "millis", "seconds"; empty: as the scenario says.
    std::optional<std::uint32_t> protobuf_number;
    std::string protobuf_type;
    std::string avro_type;
};

struct link
{
    enum class way : std::uint8_t
    {
        uniform,
        zipf,
        hot,
        weighted,
        recent,
        next,
        same,
        cause,
    };
    enum class rank : std::uint8_t
    {
        oldest,
        newest,
        scattered,
    };

    std::string name;
    item_no to = 0;  ///< Table.
    way pick = way::uniform;
    std::uint64_t alpha = 0;  ///< Of zipf.
    rank ranked = rank::oldest;
    std::uint32_t rows = 0;  ///< Of hot.
    std::uint32_t hits = 0;
    item_no by = no_item;     ///< Of weighted: a column of the table, a whole number.
    std::uint8_t bias = 1;    ///< Of recent.
    std::int64_t within = 0;  ///< 0: without limit.
    bool once = false;
    std::uint32_t missing = 0;

    /// Of same: link `with` of the same table (or change, or unit), or link `with` of the unit that inserts the row; and, if `then` is
    /// one, the link `then` of the row that it has picked.
    item_no with = no_item;
    bool with_of_unit = false;
    item_no then = no_item;
};

struct assignment
{
    item_no column = 0;
    generator how;
};

/// Rows change, or go, by units of their own.
struct change
{
    std::string name;
    std::vector<arrival> arrives;
    link pick;  ///< Which row; `to` is the table itself, `name` is empty.
    name_scope names;
    std::optional<expression> where;  ///< Over columns that never change.
    std::vector<var> vars;
    std::vector<assignment> set;
    bool erase = false;
};

struct life_step
{
    item_no to = 0;  ///< State.
    std::uint32_t chance = whole_share;
    range after;
    item_no stamp = no_item;      ///< Column, of times.
    std::vector<assignment> set;  ///< In the table's scope.
    item_no insert = no_item;     ///< Table; its link with `cause` is this row.
};

struct life
{
    struct state
    {
        std::string name;
        std::vector<life_step> steps;  ///< Their chances add up to 1 at most; what is left stays.
    };

    item_no column = 0;
    item_no starts = 0;
    std::vector<state> states;
    item_no removed_from = no_item;  ///< State, from which rows are erased,
    std::int64_t removed_after = 0;  ///< so much later.
};

/// How rows of a table are named; see `model::key_form`.
struct key
{
    enum class form : std::uint8_t
    {
        uuid,
        bigint,
        sequence,
        listed,
    };

    form is = form::uuid;
    item_no column = 0;
    std::string prefix;
    std::uint8_t digits = 0;
    std::uint64_t first = 1;
    item_no list = no_item;  ///< Of listed: file or list, and
    item_no list_column = 0;
};

struct topic_options
{
    std::string topic;      ///< Without the prefix.
    item_no key = no_item;  ///< Column; nothing: records have no key.
    std::string record;
    bool inserts_only = false;
    int partitions = 0;  ///< 0: as the scenario says.

    struct nest
    {
        std::string name;
        std::vector<item_no> columns;
    };
    std::vector<nest> nests;
    std::vector<nest> protobuf_nests;
};

/// Where a table goes.
struct destination
{
    bool postgres = false;
    bool kafka = false;
    item_no setting =
        no_item;  ///< A choice whose word says it: "postgres", "kafka" or "none". Then the two above are its default's.
};

struct table
{
    std::string name;
    destination to;
    key keys;
    item_no version = no_item;
    item_no rows_of = no_item;               ///< File or list.
    std::optional<setting_expression> seed;  ///< Rows at T0. `all` is the constant.
    std::uint64_t remember = 1'000'000;
    std::vector<arrival> arrives;
    name_scope names;
    std::vector<link> links;
    std::vector<var> vars;
    std::vector<column> columns;
    std::vector<change> changes;
    std::optional<declared::life> life;
    std::vector<item_no> children;
    topic_options topic;
    std::vector<std::vector<item_no>> unique;

    struct check
    {
        std::string name;
        std::string sql;
    };
    std::vector<check> checks;
    std::vector<std::string> indexes;  ///< As in CREATE INDEX.
    bool foreign_keys = true;
};

// --- Units of several rows

/// One line of `rows`.
struct row_step
{
    enum class form : std::uint8_t
    {
        insert,
        change,
    };

    struct movement
    {
        bool put = false;      ///< Else take.
        bool of_unit = false;  ///< The link is one of the unit, else of the inserted table.
        item_no link = 0;
        item_no counter = 0;  ///< Column of the link's table.
        expression amount;    ///< A whole number; in the scope of the inserted table.
    };

    enum class shortage : std::uint8_t
    {
        none,   ///< The level may go below zero.
        drop,   ///< The row is left out,
        table,  ///< and one of `short_to` is inserted instead.
    };

    form is = form::insert;
    item_no table = 0;
    std::optional<generator> times;  ///< A whole number, in the unit's scope. Nothing: 1.
    std::uint8_t times_most = 1;     ///< 1 to 16.
    item_no distinct = no_item;      ///< Link of the table.
    std::vector<movement> moves;
    shortage when_short = shortage::none;
    item_no short_to = no_item;  ///< Table; its link with `cause` is the row that fell short of.

    item_no link = no_item;       ///< Of a change: link of the unit,
    std::vector<assignment> set;  ///< in the scope of the unit.
};

struct follow
{
    enum class form : std::uint8_t
    {
        after,
        low,
    };

    form is = form::after;
    range after;
    std::optional<setting_expression> after_setting;  ///< A duration; then `after` is nothing.
    bool of_unit = false;
    item_no of = 0;  ///< Unit, or table whose rows it follows, or table of the counter.
    std::uint32_t chance = whole_share;
    item_no counter = 0;                   ///< Column.
    std::optional<setting_expression> at;  ///< At this level or below.
    item_no waits = no_item;               ///< Not while this window is open.
};

struct unit
{
    std::string name;
    std::vector<arrival> arrives;
    std::optional<follow> follows;
    name_scope names;
    std::vector<link> links;
    std::vector<var> vars;
    std::vector<row_step> rows;
};

// --- The whole

struct kafka_options
{
    std::string format = "json";  ///< Or the word of
    item_no format_setting = no_item;
    std::string prefix;
    bool registry = false;
    std::string package;
    std::string name_space;
    int partitions = 1;
    std::string times;  ///< Empty: by format.
};

struct spec
{
    std::string name;
    std::uint32_t version = 1;
    std::string about;
    std::vector<setting> settings;
    std::string schema;  ///< Of PostgreSQL.
    kafka_options kafka;
    declared::clock clock;
    std::vector<word_list> lists;  ///< Files first.
    std::vector<table> tables;
    std::vector<unit> units;

    struct check
    {
        std::string name;
        std::string sql;
    };
    std::vector<check> checks;
};

}  // namespace bazaar::scenario::declared
