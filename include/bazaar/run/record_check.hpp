#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/run/record.hpp"
#include "bazaar/scenario/settings.hpp"

namespace bazaar::run
{

/// Widest window that a run can have, as `--window` has it; the narrowest has one unit.
inline constexpr std::uint32_t window_max = 65'536;

/// A run can have this name: up to 31 of a-z, 0-9 and -, the first no -.
[[nodiscard]] bool is_run_name(std::string_view text);

/// What no run of this program has recorded, a line each, for example `log entry 3: "value" of a shift must be from ...`. A plan takes a
/// record of which nothing is said. `fields` are those of its scenario.
///
/// Records come from cards and from tables that somebody else may have written.
[[nodiscard]] std::vector<std::string> wrong_in(const record& of, std::span<const scenario::field> fields);

}  // namespace bazaar::run
