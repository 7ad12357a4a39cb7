#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bazaar::scenario::declared
{

/// What a key of a scenario file takes.
enum class value_form : std::uint8_t
{
    // Scalars
    text,
    name,        ///< One of the language's own: a-z, 0-9, _ and -.
    identifier,  ///< One that PostgreSQL, Avro and Protobuf take, too.
    integer,
    number,
    boolean,
    share,
    chance,  ///< A share, or "= EXPR".
    duration,
    durations,  ///< A duration, or a range of durations.
    numbers,    ///< A range of numbers.
    rate,
    word,        ///< One of the words in `of`.
    reference,   ///< The name of something that the file declares.
    references,  ///< A list of these, or one.
    words,       ///< A list of texts.
    zone,
    file,
    sql,
    sql_type,
    expression,  ///< Of a row, with "= " in front or without.
    setting,     ///< A number, or "= EXPR" of settings; what `of` says of it: integer, number, duration, rate, word.
    sequence,
    pattern,
    text_template,
    // Values of rows
    generator,  ///< A constant, "= EXPR" or a map of the block "value".
    column,     ///< The same with the keys of the block "column".
    // Maps and lists
    block,         ///< A map with the keys of the block `of`.
    blocks,        ///< One of these, or a list of them.
    block_list,    ///< A list of them.
    named,         ///< A map of names, each with such a map.
    named_lists,   ///< A map of names, each with a list of such maps.
    generators,    ///< A map of names, each with a generator.
    columns,       ///< A map of names, each with a column.
    expressions,   ///< A map of names, each with an expression.
    column_lists,  ///< A map of names, each with a list of columns.
    keys_lists,    ///< A list of lists of columns.
    texts,         ///< A map of names, each with a text.
    // Forms of one key
    targets,
    stages,
    openings,
    day_factors,
    hour_factors,
    moments,
    list,
    choice,
    seed_rows,
    row_count,
    time,
    date,
    missing,
};

/// A key of scenario files. What is checked of each key by itself, what is documented and what the JSON Schema says all comes from the rows
/// of one table.
struct key_row
{
    std::string_view in;    ///< The block that it stands in.
    std::string_view name;  ///< Of a block whose keys are free, what they name: "NAME".
    value_form is = value_form::text;
    std::string_view of{};       ///< A block, words with blanks between, or what a reference names.
    std::string_view initial{};  ///< What it is when it is left out; empty: nothing.
    std::string_view low{};      ///< Of numbers and durations, included.
    std::string_view high{};
    std::string_view noun{};  ///< Of a word: "way to pick".
    std::string_view
        with{};  ///< It stands only with one of these: "number duration", "pick=zipf pick=hot". Else it would do nothing.
    bool required = false;
    bool head = false;  ///< One of the keys of which a block has exactly one.
    std::string_view help{};
};

[[nodiscard]] std::span<const key_row> keys() noexcept;

struct block
{
    std::string_view name;
    std::string_view title;         ///< As messages call it: "a link".
    std::string_view includes{};    ///< The keys of this block, too.
    bool may_have_no_head = false;  ///< At most one head instead of exactly one.
    std::string_view help{};
};

[[nodiscard]] std::span<const block> blocks() noexcept;

/// Throws `internal` where there is none.
[[nodiscard]] const block& block_named(std::string_view name);

/// The keys of a block, in the order of the table, those of the block that it includes first.
[[nodiscard]] std::vector<const key_row*> keys_of(std::string_view block);

/// None where the block has no such key.
[[nodiscard]] const key_row* find_key(std::string_view block, std::string_view name);

/// "from 1.01 to 10", "at least 1"; empty where anything is right.
[[nodiscard]] std::string range_of_key(const key_row& one);

/// The words of `of` or of `with`.
[[nodiscard]] std::vector<std::string_view> split_words(std::string_view words);

/// Is no key of these a dialect's: `docs/scenario-language.md` and `scenarios/scenario.schema.json`, made of the table.
[[nodiscard]] std::string language_reference();
[[nodiscard]] std::string language_schema();

/// Tables of a file, numbers that decide a unit and arguments of a write function at most, and bytes of the planner's state.
inline constexpr std::size_t tables_max = 16;
inline constexpr std::size_t words_most = 4096;
inline constexpr std::size_t function_arguments_max = 100;
inline constexpr std::size_t state_bytes_max = 256ULL << 20;

}  // namespace bazaar::scenario::declared
