#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/scenario/declared/expression.hpp"

namespace bazaar::scenario::declared
{

/// What stands in an expression, as a tree.
enum class term_form : std::uint8_t
{
    number,
    duration,
    text,
    truth,
    name,
    negative,  ///< -x
    inverse,   ///< not x
    binary,
    among,  ///< x in (a, b): x first.
    call,
    joined,  ///< A template: its parts make one text.
};

enum class binary_operator : std::uint8_t
{
    add,
    subtract,
    multiply,
    divide,
    remainder,
    equal,
    unequal,
    less,
    at_most,
    greater,
    at_least,
    both,    ///< and
    either,  ///< or
};

[[nodiscard]] std::string_view name(binary_operator what) noexcept;

struct term
{
    term_form is = term_form::truth;
    binary_operator which = binary_operator::add;
    std::size_t at = 0;         ///< Byte of its text; of a binary one, that of its operator.
    exact::integer number = 0;  ///< Of number, duration and truth.
    std::uint8_t scale = 0;     ///< Of a number.
    std::string text{};         ///< Of text, name and call.
    std::vector<std::size_t> parts{};
    int depth = 1;  ///< Of terms in each other.  ///< The terms that it is made of, by their places.

    // What the check finds out.
    value_type type{};
    bool known = false;  ///< Its type is.
    bool constant = false;
};

/// Terms, parts before the whole; the last is the expression. Empty when it is wrong: then one fault is told.
using terms = std::vector<term>;

[[nodiscard]] terms parse_expression(std::string_view text, std::vector<fault>& to);
[[nodiscard]] terms parse_template(std::string_view text, std::vector<fault>& to);

}  // namespace bazaar::scenario::declared
