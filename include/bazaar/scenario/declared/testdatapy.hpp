#pragma once

#include <string_view>

#include "bazaar/scenario/declared/problems.hpp"
#include "bazaar/scenario/declared/tree.hpp"

namespace bazaar::scenario::declared
{

/// Whether a file is one of TestDataPy's: it has `master_data` or `transactional_data`, and says nothing of `bazaar` or `tables`.
[[nodiscard]] bool is_testdatapy(const node& tree) noexcept;

/// The same shop as a scenario file of ours, which is checked like any other. Each value has the place of what it was made of, so that all that
/// is told of it later points into their file.
///
/// `file` is the path or name of theirs, which the scenario is named after. What is wrong goes to `to`, all at once, with their words; the tree is
/// of no use then. Where ours is stricter or does more than they do goes to `notes`.
[[nodiscard]] node from_testdatapy(const node& tree, std::string_view file, problems& to, problems& notes);

}  // namespace bazaar::scenario::declared
