#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/scenario/declared/problems.hpp"
#include "bazaar/scenario/declared/spec.hpp"
#include "bazaar/scenario/declared/tree.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::scenario::declared
{

/// What the scenario file `tree` says; nothing where it has problems, which go to `to`, all at once. What is right but hardly meant goes to
/// `warnings`.
///
/// `files` are the bytes of the CSV files, by the names that `files_of` lists. The tree is whole: what it extends was laid under it.
[[nodiscard]] std::optional<spec> check(const node& tree, const seed_files& files, problems& to, problems& warnings);

/// Names of the CSV files that a scenario file wants, each once.
[[nodiscard]] std::vector<std::string> files_of(const node& tree);

/// The scenario or file that it extends; empty where there is none.
[[nodiscard]] std::string extends_of(const node& tree);

/// `over` laid over `base`: maps are merged, all else is replaced, and a key with ~ is taken out. What is left of the base keeps its places.
[[nodiscard]] node extended(node base, const node& over, problems& to);

/// Bytes that a planner of this needs at most, whatever the settings are.
[[nodiscard]] std::uint64_t state_bound(const spec& what);

}  // namespace bazaar::scenario::declared
