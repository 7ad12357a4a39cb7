#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bazaar/model/value.hpp"
#include "bazaar/scenario/declared/spec_values.hpp"

/// A scenario file after it was checked: names are numbers, expressions are compiled, defaults are filled in. The checker makes it of
/// the tree, the interpreter works with nothing else.
///
/// Shares and factors are in units of 10^-6, durations in microseconds. Numbers of things count from 0, in the order of the file.
namespace bazaar::scenario::declared
{

// --- Tables

enum class outlet : std::uint8_t
{
    both,
    postgres,
    kafka,
};

struct column
{
    std::string name{};
    std::string sql_type{};                ///< As PostgreSQL's format_type prints it: "character varying(50)".
    model::type kind = model::type::text;  ///< `ref` of a key and of a `gen::reference`.
    std::uint8_t scale = 0;
    bool nullable = false;
    bool unique = false;
    outlet in = outlet::both;
    generator how{};  ///< Of a text column it may make something else, which is written as concat() writes it.

    std::string time_form{};  ///< {as: }: "iso8601", "millis", "seconds"; empty: as the scenario says.
    std::optional<std::uint32_t> protobuf_number{};
    std::string protobuf_type{};
    std::string avro_type{};
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

    std::string name{};
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
    generator how{};
};

/// Rows change, or go, by units of their own.
struct change
{
    std::string name{};
    std::vector<arrival> arrives{};
    link pick{};  ///< Which row; `to` is the table itself, `name` is empty.
    name_scope names{};
    std::optional<expression> where{};  ///< Over columns that never change.
    std::vector<var> vars{};
    std::vector<assignment> set{};
    bool erase = false;
};

struct life_step
{
    item_no to = 0;  ///< State.
    std::uint32_t chance = whole_share;
    range after{};
    item_no stamp = no_item;        ///< Column, of times.
    std::vector<assignment> set{};  ///< In the table's scope.
    item_no insert = no_item;       ///< Table; its link with `cause` is this row.
};

struct life
{
    struct state
    {
        std::string name{};
        std::vector<life_step> steps{};  ///< Their chances add up to 1 at most; what is left stays.
    };

    item_no column = 0;
    item_no starts = 0;
    std::vector<state> states{};
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
    std::string prefix{};
    std::uint8_t digits = 0;
    std::uint64_t first = 1;
    item_no list = no_item;  ///< Of listed: file or list, and
    item_no list_column = 0;
};

struct topic_options
{
    std::string topic{};    ///< Without the prefix.
    item_no key = no_item;  ///< Column; nothing: records have no key.
    std::string record{};
    bool inserts_only = false;
    int partitions = 0;  ///< 0: as the scenario says.

    struct nest
    {
        std::string name{};
        std::vector<item_no> columns{};
    };
    std::vector<nest> nests{};
    std::vector<nest> protobuf_nests{};
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
    std::string name{};
    destination to{};
    key keys{};
    item_no version = no_item;
    item_no rows_of = no_item;                 ///< File or list.
    std::optional<setting_expression> seed{};  ///< Rows at T0. `all` is the constant.
    std::uint64_t remember = 1'000'000;
    std::vector<arrival> arrives{};
    name_scope names{};
    std::vector<link> links{};
    std::vector<var> vars{};
    std::vector<column> columns{};
    std::vector<change> changes{};
    std::optional<declared::life> life{};
    std::vector<item_no> children{};
    topic_options topic{};
    std::vector<std::vector<item_no>> unique{};

    struct check
    {
        std::string name{};
        std::string sql{};
    };
    std::vector<check> checks{};
    std::vector<std::string> indexes{};  ///< As in CREATE INDEX.
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
        expression amount{};  ///< A whole number; in the scope of the inserted table.
    };

    enum class shortage : std::uint8_t
    {
        none,   ///< The level may go below zero.
        drop,   ///< The row is left out,
        table,  ///< and one of `short_to` is inserted instead.
    };

    form is = form::insert;
    item_no table = 0;
    std::optional<generator> times{};  ///< A whole number, in the unit's scope. Nothing: 1.
    std::uint8_t times_most = 1;       ///< 1 to 16.
    item_no distinct = no_item;        ///< Link of the table.
    std::vector<movement> moves{};
    shortage when_short = shortage::none;
    item_no short_to = no_item;  ///< Table; its link with `cause` is the row that fell short of.

    item_no link = no_item;         ///< Of a change: link of the unit,
    std::vector<assignment> set{};  ///< in the scope of the unit.
};

struct follow
{
    enum class form : std::uint8_t
    {
        after,
        low,
    };

    form is = form::after;
    range after{};
    std::optional<setting_expression> after_setting{};  ///< A duration; then `after` is nothing.
    bool of_unit = false;
    item_no of = 0;  ///< Unit, or table whose rows it follows, or table of the counter.
    std::uint32_t chance = whole_share;
    item_no counter = 0;                     ///< Column.
    std::optional<setting_expression> at{};  ///< At this level or below.
    item_no waits = no_item;                 ///< Not while this window is open.
};

struct unit
{
    std::string name{};
    std::vector<arrival> arrives{};
    std::optional<follow> follows{};
    name_scope names{};
    std::vector<link> links{};
    std::vector<var> vars{};
    std::vector<row_step> rows{};
};

// --- The whole

/// Whether schemas go to a registry.
enum class registry_use : std::uint8_t
{
    no,
    yes,
    by_format,  ///< Unless records are JSON.
};

struct kafka_options
{
    std::string format = "json";  ///< Or the word of
    item_no format_setting = no_item;
    std::string prefix{};
    registry_use registry = registry_use::by_format;
    std::string package{};
    std::string name_space{};
    int partitions = 1;
    std::string times{};  ///< Empty: by format.
};

struct spec
{
    std::string name{};
    std::uint32_t version = 1;
    std::string about{};
    std::vector<setting> settings{};
    std::string schema{};  ///< Of PostgreSQL.
    kafka_options kafka{};
    declared::clock clock{};
    std::vector<word_list> lists{};  ///< Files first.
    std::vector<table> tables{};
    std::vector<unit> units{};

    struct check
    {
        std::string name{};
        std::string sql{};
    };
    std::vector<check> checks{};
};

}  // namespace bazaar::scenario::declared
