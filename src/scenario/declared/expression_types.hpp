#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "expression_syntax.hpp"

namespace bazaar::scenario::declared
{

enum class function : std::uint8_t
{
    choose,  ///< if
    round,
    floor,
    absolute,
    least,
    greatest,
    length,
    lower,
    upper,
    ascii,
    left,
    concat,
    date,
    hour,
    weekday,
    before,
    coalesce,
};

/// The function of a call that was found right.
[[nodiscard]] function function_of(std::string_view word) noexcept;

/// Finds the type of each term, and tells of all that do not go together.
void check_types(terms& all, std::span<const known_name> names, std::vector<fault>& to);

/// The known name of a name, or of a call of `before`; none when there is none.
[[nodiscard]] const known_name* find_name(const terms& all, const term& one, std::span<const known_name> names);

}  // namespace bazaar::scenario::declared
