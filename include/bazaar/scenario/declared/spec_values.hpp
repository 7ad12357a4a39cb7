#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bazaar/scenario/declared/expression.hpp"
#include "bazaar/scenario/settings.hpp"

/// What a checked scenario file's tables and units are made of: names, settings, times, words, generators. See spec.hpp.
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
    value_type type{};  ///< A key or a reference is a text, or, where it is a bigint, a decimal of scale 0.

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
    std::string name{};
    field_kind kind = field_kind::number;
    std::string initial{};  ///< As a user would type it.
    int scale = 0;
    std::int64_t low = 0;  ///< In units of 10^-scale, or microseconds.
    std::int64_t high = 0;
    std::vector<std::string> choices{};
    std::string help{};
    bool live = false;
};

struct stage
{
    std::string name{};
    std::optional<setting_expression> lasts{};  ///< A duration; nothing: it is open, and the last one.
};

/// Minutes of a local day, from `open` on and before `close`.
struct opening
{
    std::uint16_t open = 0;
    std::uint16_t close = 1'440;
};

struct opening_hours
{
    std::string name{};
    std::array<std::vector<opening>, 7> days{};  ///< From Monday; in order, apart from each other. Empty: closed.
};

struct curve
{
    std::string name{};
    std::array<std::uint32_t, 7> days{};    ///< Factors from Monday.
    std::array<std::uint32_t, 24> hours{};  ///< Factors, each hour its own.
};

struct window
{
    std::string name{};
    std::int64_t each = 0;               ///< Period; 0: it begins at `at`.
    std::uint32_t chance = whole_share;  ///< Of a period.
    range lasts{};
    std::optional<std::uint32_t> times{};  ///< Factor; nothing: rates do not change.

    struct moment
    {
        bool after_start = false;  ///< `us` counts from T0, else from 1970.
        std::int64_t us = 0;
    };
    std::vector<moment> at{};  ///< Ascending, if all are of one kind.
};

struct clock
{
    std::string zone_name = "UTC";
    std::string zone_rule{};  ///< As POSIX's TZ; empty: UTC.
    std::vector<stage> stages{};
    std::vector<opening_hours> hours{};
    std::vector<curve> curves{};
    std::vector<window> windows{};
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
    std::vector<item_no> stages{};  ///< Ascending. Of `count`: one, which is not open.
    std::uint64_t rate = 0;
    range gap{};
    std::optional<setting_expression> count{};
    bool even = false;  ///< Without chance: gaps all alike. Of `every` with two ends: evenly drawn between them.
    std::optional<setting_expression> speed{};  ///< A number.
    item_no hours = no_item;
    item_no curve = no_item;
    std::vector<item_no> windows{};
    std::optional<setting_expression> max{};  ///< Nothing or 0: no end.
};

// --- Words

/// Rows of a CSV file, or of a list of the scenario file.
struct word_list
{
    struct column
    {
        std::string name{};
        value_type type{};  ///< Text, decimal or boolean.
    };

    std::string name{};
    bool is_file = false;
    std::vector<column> columns{};
    std::vector<std::string>
        cells{};  ///< Row by row. Decimals as "12.50", booleans as "true" and "false"; empty and no text: missing.
    std::vector<std::uint64_t> weights{};  ///< By row; empty: all alike.

    [[nodiscard]] std::size_t rows() const noexcept { return columns.empty() ? 0 : cells.size() / columns.size(); }
};

// --- Generators

struct generator;

namespace gen
{

// A vector of what is still incomplete has no `{}` here: clang would need it complete for that.

/// `= expr`, {is: }, a constant, a {text: } template.
struct computed
{
    expression what{};
};

/// The key of a row, of the scope's source `slot`: of a form `link` or `unit_link` whose column is a key or a `reference` itself.
struct reference
{
    item_no slot = 0;
};

/// "C{n}": `from` for row 0, 1 more for each row.
struct sequence
{
    std::string prefix{};
    std::string suffix{};
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
    range of{};
};

/// Draws of numbers; in units of 10^-6, the result has the scale of the generator's type.
struct normal
{
    std::int64_t mean = 0;
    std::int64_t sd = 0;
    std::optional<range> clamp{};
};
struct lognormal
{
    std::int64_t median = 0;
    std::int64_t spread = 0;  ///< Standard deviation of the logarithm.
    std::optional<range> clamp{};
};
struct exponential
{
    std::int64_t mean = 0;
    std::optional<range> clamp{};
};

/// True for a share; that is a decimal from 0 to 1, of this scope.
struct chance
{
    expression share{};
};

/// {choice: }; values are constants or templates, all of one type.
struct choice
{
    std::vector<expression> values{};
    std::vector<std::uint64_t> weights{};  ///< By value, above 0 in all; never empty.
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
        expression is{};
    };

    item_no list = 0;
    std::vector<condition> where{};  ///< Rows of which all are so; if there is none, the var is missing.
};

/// "[A-Z]{2}-[0-9]{4}".
struct pattern
{
    struct piece
    {
        std::string letters{};  ///< One of these, in ASCII,
        std::uint8_t least = 1;
        std::uint8_t most = 1;  ///< so often.
    };
    std::vector<piece> pieces{};
};

/// {fake: WORD}. Words of one row and `set` agree: its e-mail is that of its name.
struct fake
{
    std::string word{};     ///< One that `fake_words` has.
    std::string set{};      ///< Another set of words is another person.
    std::string country{};  ///< Code of a country; empty: any.
};

/// {time: now}: when the row was made; in a change, when it is made.
struct now
{
};

/// {time: {after: , by: }}; of `before` the range is below 0.
struct apart
{
    expression from{};  ///< A time.
    range by{};
};

/// {date: }.
struct day
{
    range days{};      ///< Since 1970, or,
    bool age = false;  ///< years before the row was made.
};

/// {counter: }. Whole numbers; only a column.
struct counter
{
    expression starts{};
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

    any how{};
    value_type type{};                   ///< Of what it makes; objects and lists are texts.
    std::optional<expression> when{};    ///< A boolean; where it is not true, `otherwise` is taken,
    std::vector<generator> otherwise{};  ///< which is one or, for a missing value, none.
    std::uint32_t missing = 0;  ///< Share of rows that have no value; `whole_share`: all, until a change sets it.
};

struct var
{
    std::string name{};
    generator how{};
};

}  // namespace bazaar::scenario::declared
