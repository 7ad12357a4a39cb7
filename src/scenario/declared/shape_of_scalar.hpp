#pragma once

#include "bazaar/scenario/declared/keys.hpp"
#include "bazaar/scenario/declared/problems.hpp"
#include "bazaar/scenario/declared/scalars.hpp"
#include "bazaar/scenario/declared/tree.hpp"

namespace bazaar::scenario::declared
{

/// Tells of a scalar that is not of the form of its key, or beyond its range.
void check_scalar(const key_row& row, const entry& one, problems& to);

/// The same of an entry of what has a form of its own: a day and its hours, an hour and its factor.
void check_part(value_form form, const entry& one, problems& to);

}  // namespace bazaar::scenario::declared
