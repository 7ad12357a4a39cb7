#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/base/exact.hpp"
#include "bazaar/model/arena.hpp"
#include "bazaar/scenario/kit/time_zone.hpp"

namespace bazaar::scenario::declared
{

/// Of what kind a value of an expression is.
enum class kind : std::uint8_t
{
    boolean,
    decimal,   ///< Exact, with as many digits behind the point as its type says: `scale`.
    text,      ///< UTF-8.
    time,      ///< A moment: microseconds since 1970.
    date,      ///< Days since 1970.
    duration,  ///< Microseconds.
};

/// "decimal", as messages spell it.
[[nodiscard]] std::string_view name(kind what) noexcept;

struct value_type
{
    kind is = kind::boolean;
    std::uint8_t scale = 0;  ///< Of a decimal; else 0.

    friend constexpr bool operator==(const value_type&, const value_type&) = default;
};

/// Digits behind the point at most; a product of longer ones has to be rounded between.
inline constexpr int scale_max = 24;

/// What a quotient of numbers has, unless one of them has more.
inline constexpr int quotient_scale = 12;

/// Bytes of a text at most.
inline constexpr std::size_t text_max = 65'536;

/// A value. One that is missing is NULL in a database.
struct operand
{
    exact::integer number = 0;  ///< Of all but texts; a boolean is 0 or 1.
    std::string_view text{};    ///< Lives where it was given, or in the workspace's arena.
    bool missing = false;
};

/// A name that an expression may use: a column, "link.column", a setting, "before(link.counter)".
struct known_name
{
    std::string name;
    value_type type;
    std::uint16_t slot = 0;  ///< Which of the values it is that `evaluate` is given.
};

/// What is wrong with an expression, at which byte of its text.
struct fault
{
    std::size_t at = 0;
    std::string what;
};

/// Why an expression has no value, though it was right. `evaluate` says so, and its value is missing.
enum class trouble : std::uint8_t
{
    none,
    too_large,        ///< More than 38 digits, or a moment or duration beyond 64 bits of microseconds.
    divided_by_zero,  ///< Of `/` and `%`.
    text_too_long,    ///< More than `text_max` bytes.
};

/// What an expression is evaluated with: one for a thread, used again and again.
struct workspace
{
    model::arena& texts;         ///< Where new texts live, until whoever owns it clears it.
    const kit::time_zone& zone;  ///< Of `date`, `hour` and `weekday`.

    static constexpr std::size_t depth = 32;
    std::array<operand, depth> stack{};
};

struct outcome
{
    operand value;
    trouble what = trouble::none;
    std::size_t at = 0;  ///< At which byte of its text.
};

/// An expression of a scenario file, checked and made into flat operations: `if(member, round(price * .9, 2), price)`.
///
/// Words: + - * / %, = != < <= > >=, and or not, in (a, b), true false, 'text' with '' for a quote in it, 12.50, 60s (units ms s m h d), names, and
/// if round floor abs min max length lower upper ascii left concat date hour weekday before coalesce. A `-` between letters is part of a
/// name, as in min-stock; a minus has a blank before it.
/// Numbers: exact. + - % have the scale of the longer one, * the sum of both, / `quotient_scale` or that of a longer one; all that is
/// rounded is rounded to the nearest, halves away from zero. `%` has the sign of its left side.
/// Texts: compared byte by byte; length and left count characters; lower and upper know the Latin letters to U+017F, and ascii takes
/// what stands upon these away and leaves other letters out.
/// Times: time - time is a duration, and times and durations add; weekday is 'mon' to 'sun'.
/// Missing values: a result is missing if one of its values is; but a missing condition is false for `if`, `false and` and `true or` need
/// no other side, and `coalesce` is its first value that is there. What is not needed is not evaluated: `if(n = 0, 0, a / n)` divides never by 0.
///
/// Errors: what can be seen without values is a fault, such as `1 / 0`; the others are a `trouble` of the outcome.
/// Limits: 4,096 bytes of text, 64 deep in parentheses, 256 operators in a row, 32 values at a time. Evaluating allocates nothing but texts in the arena.
/// Determinism: integers only; a function of text and values alone.
class expression
{
public:
    enum class op_code : std::uint8_t;

    struct operation
    {
        op_code code;
        std::uint8_t scale = 0;   ///< What it means is the operation's.
        std::uint16_t count = 0;  ///< The same.
        std::uint16_t at = 0;     ///< Byte of the text, for `trouble`.
    };

    /// Nothing, and all faults at `to`, when it is wrong.
    [[nodiscard]] static std::optional<expression> compile(std::string_view text, std::span<const known_name> names,
                                                           std::vector<fault>& to);

    /// The same of a text with expressions between {}, as "River {place.city}", of which a text is made. {{ and }} stand for braces.
    [[nodiscard]] static std::optional<expression>
    compile_template(std::string_view text, std::span<const known_name> names, std::vector<fault>& to);

    [[nodiscard]] value_type type() const noexcept { return type_; }

    /// Which values it uses; ascending, each once.
    [[nodiscard]] const std::vector<std::uint16_t>& slots() const noexcept { return slots_; }

    /// Its value, of its own type, for the values of its names by their slots.
    [[nodiscard]] outcome evaluate(std::span<const operand> values, workspace& with) const;

private:
    friend class expression_writer;

    std::vector<operation> code_;
    std::vector<exact::integer> numbers_;
    std::vector<std::string> texts_;
    std::vector<std::uint16_t> slots_;
    value_type type_;
};

}  // namespace bazaar::scenario::declared
