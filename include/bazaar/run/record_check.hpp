#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/run/record.hpp"
#include "bazaar/scenario/settings.hpp"

namespace bazaar::run
{

/// The largest window that a run can have, as for `--window`; the smallest has one unit.
inline constexpr std::uint32_t window_max = 65'536;

/// Whether a run can have this name: up to 31 characters a-z, 0-9 and -, not beginning with -.
[[nodiscard]] bool is_run_name(std::string_view text);

/// Values that no run of this program can have recorded, one line each, for example `log entry 3: "value" of a shift
/// must be from ...`. A record without such lines can be planned. `fields` are those of its scenario.
///
/// Records come from cards, and from tables that others may have written.
[[nodiscard]] std::vector<std::string> wrong_in(const record& of, std::span<const scenario::field> fields);

}  // namespace bazaar::run
