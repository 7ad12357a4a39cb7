#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "bazaar/scenario/declared/expression.hpp"

namespace bazaar::scenario::declared
{

/// Operations of a machine with a stack. What each takes is above, what it leaves is there instead; `scale` and `count` as said.
enum class expression::op_code : std::uint8_t
{
    number,         ///< The number `count`.
    words,          ///< The text `count`.
    slot,           ///< The value `count`.
    drop,           ///< Takes one away.
    jump,           ///< To operation `count`.
    jump_unless,    ///< Takes a condition, and jumps if it is false or missing.
    jump_if_false,  ///< Leaves what it looks at, as the two after it do.
    jump_if_true,
    jump_if_there,
    both,  ///< and, or, not: what is known although a side is missing.
    either,
    inverse,
    rescale,  ///< From `scale` to `count` digits behind the point.
    negate,
    add,
    subtract,
    multiply,
    divide,  ///< To `count` digits more.
    remainder,
    within_64_bits,  ///< A moment or duration.
    compare,         ///< By the operator `count`; of texts if `scale` is 1, as the next two.
    among,           ///< The first of `count` and one.
    pick,            ///< The least of `count`, or the greatest: bit 1 of `scale`.
    floor,           ///< Of a number with `scale`.
    absolute,
    length,
    left,
    change,   ///< By the letter_change `count`.
    to_text,  ///< Of kind `count` with `scale`.
    concat,   ///< Of `count`.
    date,
    hour,
    weekday,
};

using op_code = expression::op_code;

/// What operations work with.
struct code_view
{
    std::span<const expression::operation> code;
    std::span<const exact::integer> numbers;
    std::span<const std::string> texts;
};

/// Runs the operations from `begin` to the end; the value is on the stack.
[[nodiscard]] outcome run(const code_view& what, std::size_t begin, std::span<const operand> values, workspace& with);

}  // namespace bazaar::scenario::declared
