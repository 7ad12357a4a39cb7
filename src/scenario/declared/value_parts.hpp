#pragma once

#include <string>
#include <string_view>

#include "bazaar/scenario/declared/spec.hpp"

namespace bazaar::scenario::declared
{

/// A text as expressions spell it: 'it''s'.
[[nodiscard]] std::string quoted_text(std::string_view text);

/// What a constant is by its looks: a number, a boolean or a text.
[[nodiscard]] value_type looks_of(std::string_view text, bool quoted);

[[nodiscard]] inline generator of_type(generator::any how, value_type type)
{
    generator made;
    made.how = std::move(how);
    made.type = type;
    return made;
}

}  // namespace bazaar::scenario::declared
