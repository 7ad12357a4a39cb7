#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/base/random.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/model/unit.hpp"
#include "bazaar/scenario/declared/spec.hpp"
#include "bazaar/scenario/kit/picks.hpp"
#include "bazaar/scenario/kit/time_zone.hpp"
#include "bazaar/scenario/kit/weighted.hpp"
#include "bazaar/scenario/kit/zipf.hpp"
#include "bazaar/scenario/scenario.hpp"
#include "bazaar/scenario/settings.hpp"

namespace bazaar::scenario::declared
{

class fake_words;

/// A link that names no row.
inline constexpr std::uint64_t no_row = row_end;

/// Whether a change does not pick among all rows that are there.
[[nodiscard]] inline bool is_limited(const link& pick) noexcept
{
    return pick.within > 0 || pick.once || pick.pick == link::way::next;
}

/// Rows that one unit inserts at T0.
inline constexpr std::uint64_t seed_rows = 500;

/// Lines of one step of a unit, and bits of a number that has them.
inline constexpr std::uint64_t lines_most = 16;

/// What has to be known of a row, besides its number, to make it again.
struct fact
{
    enum class form : std::uint8_t
    {
        start,    ///< T0.
        born,     ///< When it was inserted, and
        unit,     ///< by which unit.
        draw,     ///< What its draws are indexed by, where that is not its number.
        stage,    ///< In which stage it was inserted.
        setting,  ///< What live setting `one` was then.
        row,      ///< Which row relation `one` leads to.
        nested,   ///< Fact `inner` of that row, as it was then.
        version,  ///< Facts that change with the row: when it was changed last,
        drawn,    ///< when column `one` was set, and by what: 0 where it is as it was inserted,
        level,    ///< how much counter `one` has,
        state,    ///< the state of its life,
        value,    ///< and what column `one` is, where nothing else says it; see `row_plan::held`.
    };

    form is = form::start;
    item_no one = 0;
    item_no inner = 0;

    friend bool operator==(const fact&, const fact&) = default;
};

[[nodiscard]] constexpr bool changes_with_row(fact::form is) noexcept
{
    return is >= fact::form::version;
}

/// A `drawn` fact: a moment and the number of the setter.
inline constexpr unsigned moment_bits = 53;
[[nodiscard]] constexpr std::uint64_t drawn_by(std::uint64_t moment, std::uint64_t setter) noexcept
{
    return setter << moment_bits | moment;
}
[[nodiscard]] constexpr std::uint64_t moment_of(std::uint64_t drawn) noexcept
{
    return drawn & ((std::uint64_t{1} << moment_bits) - 1);
}

/// A `value` fact of a column that has none.
inline constexpr std::uint64_t no_value = std::uint64_t{1} << 63;

/// A generator with what its draws need.
struct gen_plan
{
    const generator* of = nullptr;
    std::string name{};  ///< "table.column".
    stream draws{""};
    stream gaps{""};  ///< Whether the value is missing.
    kit::weighted weights{};
    std::vector<gen_plan> parts{};  ///< Otherwise, stages, values, items; in this order.
};

struct link_plan
{
    const link* of = nullptr;
    bool pure = false;  ///< Which row it is follows from the number of its own row.
    stream draws{""};
    stream gaps{""};
    std::optional<kit::zipf> zipf{};
    std::optional<kit::hot> hot{};
    kit::weighted weights{};  ///< By row, of a seeded table.
};

/// What has set a column of a row that was changed.
struct setter
{
    item_no column = 0;
    item_no of_change = no_item;  ///< In the scope of this change; else of the table,
    item_no state = no_item;      ///< and a step of a life.
    item_no step = no_item;
    item_no of_unit = no_item;  ///< In the scope of this unit,
    item_no row = no_item;      ///< which of its rows it is.
    gen_plan how{};             ///< Nothing: the moment.

    /// It is made of what the row, or the setter, is at that moment: not to be had again later.
    bool of_moment = false;
    std::vector<item_no> settings{};  ///< Live ones that it then reads.
};

/// What rows, changes or units are made of: of a change and of a unit without columns.
struct row_plan
{
    item_no place = 0;      ///< Of the table.
    std::size_t owner = 0;  ///< Among all that have links: tables, then units, then changes.
    const table* of = nullptr;
    std::string name;
    const name_scope* names = nullptr;
    std::vector<link_plan> links;
    std::vector<gen_plan> vars;
    std::vector<gen_plan> columns;
    std::vector<item_no> column_slots;  ///< Where expressions see a column, or `no_item`.

    std::vector<fact> facts;
    std::vector<item_no> image;  ///< Facts of all its columns: what a change of it has to know.
    std::vector<item_no> kept;   ///< Facts that are remembered of each row; those that change with it first.

    item_no unit = no_item;      ///< Which unit its relation `unit` leads to; of a table that a unit inserts.
    item_no line_of = no_item;   ///< Which table its relation `line` leads to.
    bool closed = false;         ///< Its rows are those of T0, and none goes.
    bool changes = false;        ///< Its rows do.
    bool drawn_by_line = false;  ///< Its draws are indexed by units and lines.
    std::uint64_t seeds = 0;
    std::uint64_t first_unit = 0;  ///< Which unit inserts row 0; the next one, the next `seed_rows`.
    std::uint64_t unit_step = 1;
    std::vector<setter> setters;
    std::vector<item_no> counters;  ///< Columns,
    std::vector<item_no> held;      ///< and those of which a setter is `of_moment`.
    std::array<std::uint8_t, 2> model{model::no_column, model::no_column};  ///< Numbers in the model by `target`,
    std::array<std::vector<item_no>, 2> stored{};                           ///< and the columns that go there.

    /// Relations: the links, then these two.
    [[nodiscard]] item_no unit_relation() const noexcept { return static_cast<item_no>(links.size()); }
    [[nodiscard]] item_no line_relation() const noexcept { return static_cast<item_no>(links.size() + 1); }
    [[nodiscard]] std::optional<item_no> find(const fact& what) const noexcept;

    /// By relation: which fact of its row is which of ours.
    struct carried_fact
    {
        item_no inner;
        item_no own;
    };
    std::vector<std::vector<carried_fact>> carried;
    std::optional<item_no> start_fact, born_fact, unit_fact, draw_fact, stage_fact, version_fact, state_fact;
    std::vector<std::optional<item_no>> drawn_facts, level_facts, value_facts;  ///< By column.
    std::vector<std::optional<item_no>> row_facts;                              ///< By relation.
    std::vector<std::optional<item_no>> setting_facts;                          ///< By setting.
    std::vector<item_no> kept_places;  ///< By fact: where it is remembered, or `no_item`.

    /// Fills in what follows from the facts.
    void index_facts(std::size_t settings);
};

/// A word of a decision that is the same for all of its rows.
struct shared_word
{
    fact what;             ///< start, stage, setting, or
    bool of_unit = false;  ///< `row` or `nested` of a link of the unit.

    friend bool operator==(const shared_word&, const shared_word&) = default;
};

/// Where a step of a unit stands in its decisions.
struct step_plan
{
    const row_step* of = nullptr;  ///< Nothing: one row.
    item_no table = 0;
    gen_plan times{};
    std::size_t head = 0;  ///< Word with the first row, how many there are, and which fell short.
    std::size_t short_head = 0;
    std::size_t lines = 0;              ///< Word of the first line.
    std::vector<item_no> line_facts{};  ///< Of the table.
    std::uint64_t salt = 0;             ///< Tells its rows from those that other steps draw for the table by line.

    /// What the draws of a row are indexed by. Where lines may be left out, a row has the number of the next one, too.
    [[nodiscard]] std::uint64_t draw_of(const row_plan& plan, std::uint64_t unit, std::uint64_t line,
                                        std::uint64_t row) const noexcept
    {
        if (!plan.drawn_by_line)
            return row;
        return (of == nullptr ? row : unit * lines_most + line) ^ salt;
    }
};

/// What a unit may write, in this order: rows of a step, those that stand for what fell short there, rows that change.
struct slot
{
    enum class form : std::uint8_t
    {
        insert,
        instead,
        change,
    };

    form is = form::insert;
    item_no of = 0;  ///< Step; of a change: table.
};

/// Units of an action for one target are of one kind by the first slot that writes a row there: nothing else may be their gate.
struct gate
{
    std::size_t slot = 0;
    model::target where = model::target::postgres;
    std::uint16_t alone = no_kind;
    std::uint16_t twin = no_kind;  ///< Records behind the unit that has their rows.

    static constexpr std::uint16_t no_kind = 65'535;
};

/// What units do: all of one kind, and its twins.
struct action
{
    enum class form : std::uint8_t
    {
        seed,
        insert,  ///< Of a table that has arrivals, and
        unit,    ///< of a unit.
        change,
        erase,
        step,  ///< Of a life.
    };

    form is = form::insert;
    std::string name;
    item_no table = 0;  ///< Of unit: its number.
    item_no change = 0;
    item_no state = 0;  ///< Of a step: where it begins, and which it is.
    item_no step = 0;
    row_plan* unit = nullptr;
    std::vector<const row_step*> changes;  ///< Of a unit: rows of its links that change.
    std::vector<shared_word> shared;
    std::size_t shared_at = 0;
    std::vector<step_plan> steps;
    std::vector<item_no> image;  ///< Facts of a row that changes, from word 1 on.
    std::size_t words = 0;       ///< How many a decision has.

    std::vector<slot> slots;  ///< Of a unit. All else has one gate for each target.
    std::vector<gate> gates;
};

/// Whether a setter of the action's table is one of the action.
[[nodiscard]] inline bool sets(const action& what, const setter& one) noexcept
{
    if (one.of_unit != no_item)
        return false;
    return what.is == action::form::change
               ? one.of_change == what.change
               : one.of_change == no_item && one.state == what.state && one.step == what.step;
}

/// Words of a decision at the end, of a twin: the moment of the unit that it follows, and its number.
inline constexpr std::size_t twin_moment = 22;
inline constexpr std::size_t twin_of = 23;

/// A word of a decision: what stands before those of a twin, then what has memory of its own.
[[nodiscard]] inline std::uint64_t& word_of(model::decision& what, std::size_t number)
{
    return number < twin_moment ? what.arg[number] : what.more[number - twin_moment];
}
[[nodiscard]] inline std::uint64_t word_of(const model::decision& what, std::size_t number)
{
    return number < twin_moment ? what.arg[number] : what.more[number - twin_moment];
}

/// The word `head` of a step.
struct step_head
{
    std::uint64_t first = 0;
    std::uint64_t count = 0;       ///< Lines drawn.
    std::uint64_t short_ones = 0;  ///< Bit i: line i fell short.

    [[nodiscard]] static constexpr step_head of(std::uint64_t word) noexcept
    {
        return {word & (row_end - 1), word >> 40 & 0xff, word >> 48};
    }
    [[nodiscard]] constexpr std::uint64_t word() const noexcept { return short_ones << 48 | count << 40 | first; }
};

/// A word list with its values.
struct list_plan
{
    std::vector<operand> cells;
    kit::weighted weights;
};

/// A scenario file with settings: all that planner and builder share.
///
/// Lifetime: of what is moved into it, nothing. Threads: immutable after construction.
class compiled
{
public:
    compiled(std::shared_ptr<const spec> from, const request& given);
    compiled(const compiled&) = delete;
    compiled& operator=(const compiled&) = delete;
    ~compiled();

    std::shared_ptr<const spec> file;
    std::uint64_t seed;
    std::string run;
    id_codec ids;
    settings configuration;
    std::vector<operand> constants;  ///< Values of the settings as the run begins.
    kit::time_zone zone;
    std::vector<list_plan> lists;
    std::deque<row_plan> tables;
    std::deque<row_plan> units;
    std::vector<std::deque<row_plan>> changes;  ///< By table.
    std::deque<action> actions;                 ///< In the order of the file.
    std::unique_ptr<fake_words> words;          ///< Where some are used.
    std::uint64_t seed_units = 0;

    std::vector<model::table> model_tables;
    std::vector<model::unit_kind> kinds;

    /// What a kind of unit is: of which action, for which target.
    struct kind_of
    {
        item_no action = 0;
        model::target target = model::target::postgres;
        bool twin = false;
    };
    std::vector<kind_of> kind_actions;

    [[nodiscard]] std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

    /// Words live as long as this.
    std::deque<std::string> texts_;
    std::deque<std::vector<model::column>> columns_;
    std::deque<std::vector<model::part>> parts_;
    std::deque<std::vector<std::uint8_t>> part_columns_;
    std::deque<std::vector<model::foreign_key>> foreign_keys_;
    std::deque<std::vector<model::check>> checks_;
    std::deque<std::vector<model::index>> indexes_;
    std::deque<model::key_list> key_lists_;
};

/// Whether a name that is the key of another row leads to a table of which nothing is written. Then the column has the key as a text or a
/// number; a uuid is what it is anyway.
[[nodiscard]] bool goes_nowhere(const compiled& all, const row_plan& of, const source& name);

/// A setting that files have that do not say it themselves, if a table of theirs goes to two places.
inline constexpr std::string_view sink_field = "sink";
[[nodiscard]] bool has_sink_field(const spec& file);

/// What settings are worth, in expressions. Texts live as long as `given`.
[[nodiscard]] std::vector<operand> values_of(const settings& given);

/// What an expression over settings is worth: a number in units of 10^-scale, or a duration.
///
/// Errors: throws `data` where it has no value.
[[nodiscard]] std::int64_t setting_value(const setting_expression& what, std::span<const operand> values,
                                         int scale = 0);

/// A number as an operand, and back.
[[nodiscard]] inline operand of_number(exact::integer what) noexcept
{
    return {.number = what};
}

/// What a generator's draws need, by the name of what it makes.
[[nodiscard]] gen_plan plan_of(const generator& how, const std::string& name, const compiled& all);

/// Finds setters whose values cannot be made again from the row and the moment, and the columns that hold them. Before the facts.
void find_held(compiled& to);

/// Columns that are others where these are: those, and what is made of them.
[[nodiscard]] std::vector<item_no> changed_with(const row_plan& of, std::vector<item_no> changed);

/// What each table, change and unit has to know of its rows.
void find_facts(compiled& to);

/// Errors: throws `data` for what a checked file may say and cannot be planned, all problems at once. Before the facts.
void check_limits(const compiled& all);

/// How decisions are laid out; needs the facts.
void make_actions(compiled& to);

/// Tables, columns and kinds of unit as the rest of the program knows them; needs the actions.
void make_model(compiled& to);

}  // namespace bazaar::scenario::declared
