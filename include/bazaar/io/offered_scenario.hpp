#pragma once

#include <span>
#include <string_view>

#include "bazaar/io/scenario_file.hpp"
#include "bazaar/scenario/declared/offer.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::io
{

/// Whether a word of --scenario means a scenario file: a path, or the name of a shipped one.
[[nodiscard]] bool names_scenario_file(std::string_view word);

/// The scenario of a file on the disk, or of a shipped one, with all that it names: the entry carries their text.
///
/// Lifetime: of the process. Threads: any.
/// Errors: `data` with all problems, each with file, line and column; `no_input`, `usage` where there is no such file.
[[nodiscard]] const scenario::entry& offered_file(std::string_view name_or_path, std::string_view who);

/// The same of a file that was read, under the name by which it was. It has no problems.
[[nodiscard]] const scenario::entry& offered_file(scenario_file read, std::string_view name_or_path);

/// The scenario of such a text, and no file is read. Equal texts and settings give the same entry.
///
/// Lifetime: of the process. Threads: any. Errors: `data`.
[[nodiscard]] const scenario::entry& offered_text(std::string_view text,
                                                  std::span<const scenario::declared::given_setting> given = {});

/// What such a text says: the checked file. Lifetime, threads and errors: as above.
[[nodiscard]] const scenario::declared::spec& spec_of_text(std::string_view text);

}  // namespace bazaar::io
